//! Seeds a second on one thread: an hour of twenty jobs, all properties judged.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dispatchlab::{run::Lab, target::Seams, transport::Transport};

fn seeds(criterion: &mut Criterion) {
    let plans: Vec<_> = (1..=16).map(|seed| benches::an_hour_of(20, seed)).collect();
    let mut group = criterion.benchmark_group("seeds of a 20-job hour");
    group.throughput(Throughput::Elements(1));
    group.sample_size(20);
    for (name, transport) in [
        ("floor: direct", Transport::Direct),
        ("wire", Transport::Wire),
    ] {
        let lab = Lab::new(transport, Seams::default());
        let mut next = plans.iter().cycle();
        group.bench_function(name, |bench| {
            bench.iter(|| {
                let plan = next.next().expect("a cycle never ends");
                let run = lab.run(plan).expect("the plan runs");
                assert!(run.outcome.verdicts.violated().is_empty() && run.outcome.settled);
                run.events.len()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, seeds);
criterion_main!(benches);
