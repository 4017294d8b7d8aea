//! What it costs to accept a client's chain, verified and remembered, in CPU time.
//!
//! `cargo bench --bench verified_chains`

mod cpu_time;

use std::hint::black_box;

use certgate::startup::example_pki::ExamplePki;
use certgate::tls::trust::Trust;
use certgate::tls::verification::Verifier;
use certgate::tls::verified_chains::ChainDigest;
use criterion::{Criterion, criterion_group, criterion_main};
use openssl::x509::X509;

fn verified_chains(criterion: &mut Criterion) {
    let pki = ExamplePki::create(1).unwrap();
    let certificate = |pem: &str| X509::from_pem(pem.as_bytes()).unwrap();
    let authorities = [certificate(pki.ca())];
    let verifier = Verifier::new(Trust::of(&authorities)).unwrap();
    let leaf = certificate(pki.client()).to_der().unwrap();
    // As many clients send it: with the CA's own certificate.
    let chains = [
        ("a P-256 leaf", vec![leaf.clone()]),
        ("leaf and CA", vec![leaf, authorities[0].to_der().unwrap()]),
    ];
    let mut group = criterion.benchmark_group("verified_chains");
    for (name, chain) in &chains {
        group.bench_function(format!("{name}: remembered"), |bench| {
            bench.iter_custom(|count| {
                cpu_time::of(count, || {
                    let chain = black_box(chain);
                    verifier.verify(ChainDigest::of(chain), chain).unwrap()
                })
            });
        });
        // Under digests that never come again, so that each is verified.
        let mut number = 0u64;
        group.bench_function(format!("{name}: verified"), |bench| {
            bench.iter_custom(|count| {
                cpu_time::of(count, || {
                    let chain = black_box(chain);
                    let mut digest = ChainDigest::of(chain);
                    number += 1;
                    digest.0[..8].copy_from_slice(&number.to_be_bytes());
                    verifier.verify(digest, chain).unwrap()
                })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, verified_chains);
criterion_main!(benches);
