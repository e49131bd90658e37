//! The dispatcher's signature check against a bare HMAC of the same bytes.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn signature(criterion: &mut Criterion) {
    let body = benches::foreign_webhook();
    let header = benches::sign(&body);
    let check = dispatcher::signature::Secrets::new(benches::SECRET, None);
    assert!(
        check.accept(header.as_bytes(), &body),
        "the bench signs wrongly"
    );
    let mut group = criterion.benchmark_group("signature");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("floor: bare HMAC", |bench| {
        bench.iter(|| benches::hmac(&body));
    });
    group.bench_function("check", |bench| {
        bench.iter(|| check.accept(header.as_bytes(), &body));
    });
    group.finish();
}

criterion_group!(benches, signature);
criterion_main!(benches);
