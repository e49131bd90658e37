//! One whole dispatch, from the queued job to the HF job's end, judged, on either transport.

use criterion::{Criterion, criterion_group, criterion_main};
use dispatchlab::{run::Lab, target::Seams, transport::Transport};

fn dispatch(criterion: &mut Criterion) {
    let plan = benches::an_hour_of(1, 1);
    let mut group = criterion.benchmark_group("one dispatch");
    for (name, transport) in [
        ("floor: direct", Transport::Direct),
        ("wire", Transport::Wire),
    ] {
        let lab = Lab::new(transport, Seams::default());
        group.bench_function(name, |bench| {
            bench.iter(|| lab.run(&plan).expect("the plan runs"));
        });
    }
    group.finish();
}

criterion_group!(benches, dispatch);
criterion_main!(benches);
