//! Results for tests: realistic ones, and the odd ones at the edges.
//!
//! Takes a seed, hands on the same runs each time.

use crate::bench::result::*;

/// A run of a server that does about `rate` operations a second in about `median` microseconds.
pub fn run(seed: u64, label: &str, rate: f64, median: f64, seconds: u32) -> BenchResult {
    let mut random = Random(seed);
    let per_second: Vec<u64> = (0..seconds)
        .map(|n| {
            let slump = if n == seconds / 2 { 0.7 } else { 1.0 };
            (rate * slump * (0.97 + 0.06 * random.unit())) as u64
        })
        .collect();
    let operations: u64 = per_second.iter().sum();
    let errors: u64 = per_second
        .iter()
        .enumerate()
        .map(|(n, _)| errors_in(seed, n as u32, seconds))
        .sum();
    let of =
        |random: &mut Random, phase, part: f64| latency(random, phase, median * part, operations);
    let latencies = vec![
        of(&mut random, Phase::Connect, 0.04),
        of(&mut random, Phase::Handshake, 0.7),
        of(&mut random, Phase::FirstByte, 0.2),
        of(&mut random, Phase::Whole, 1.0),
    ];
    let timeline = per_second.iter().enumerate().map(|(n, operations)| Second {
        at: n as f64 + 1.0,
        operations: *operations,
        errors: errors_in(seed, n as u32, seconds),
        p50: (median * (0.96 + 0.08 * random.unit())) as u64,
        p99: (median
            * (2.2 + 1.2 * random.unit())
            * if n as u32 == seconds / 2 { 2.5 } else { 1.0 }) as u64,
    });
    let cpu = f64::from(seconds) * 1.1;
    BenchResult {
        format: FORMAT,
        certgate: "0.1.0".into(),
        started_at: "2026-03-01T12:00:00Z".into(),
        label: label.into(),
        plan: PlanSummary {
            targets: vec!["https://127.0.0.1:8443/".into()],
            mode: "full".into(),
            operation: "full handshake, one GET, close".into(),
            connections: 64,
            rate: None,
            duration_seconds: Some(seconds.into()),
            count: None,
            warm_up_seconds: 2.0,
            ramp_seconds: 0.0,
            settings: vec![
                "--tls-groups X25519".into(),
                "--cert client.pem".into(),
                "--http 1.1".into(),
            ],
        },
        measured_seconds: seconds.into(),
        interrupted: false,
        totals: Totals {
            operations,
            errors,
            handshakes: operations,
            resumed: 0,
            requests: operations,
            bytes_received: operations * 1_240,
            bytes_sent: operations * 96,
        },
        latencies,
        errors: error_counts(errors),
        negotiated: vec![
            Negotiated {
                version: "TLSv1.3".into(),
                cipher: "TLS_AES_256_GCM_SHA384".into(),
                group: "X25519".into(),
                alpn: "http/1.1".into(),
                resumed: false,
                count: operations - 20,
            },
            Negotiated {
                version: "TLSv1.2".into(),
                cipher: "ECDHE-ECDSA-AES128-GCM-SHA256".into(),
                group: String::new(),
                alpn: String::new(),
                resumed: false,
                count: 20,
            },
        ],
        timeline: timeline.collect(),
        client: ClientCost {
            cpu_seconds: cpu,
            cpu_micros_per_operation: cpu * 1e6 / operations as f64,
            cores: 2.0,
            bottleneck: false,
        },
        server: Some(ServerCost {
            pids: vec![4711, 4712],
            user_seconds: cpu * 0.8,
            system_seconds: cpu * 0.3,
            cpu_micros_per_operation: cpu * 1.1e6 / operations as f64,
            memory_before: 14 << 20,
            memory_during: 21 << 20,
            memory_per_connection: 112_000.0,
        }),
        warnings: Vec::new(),
    }
}

/// Runs that have gone wrong or are at the edge of what can be drawn.
pub fn odd() -> Vec<(&'static str, Vec<BenchResult>)> {
    let usual = || run(7, "usual", 4_000.0, 2_000.0, 10);
    let nothing = || {
        let mut run = usual();
        run.totals = Totals {
            errors: 4_000,
            ..Totals::default()
        };
        run.errors = error_counts(4_000);
        run.latencies.clear();
        run.negotiated.clear();
        run.server = None;
        run.timeline
            .iter_mut()
            .for_each(|s| (s.operations, s.errors, s.p50, s.p99) = (0, 400, 0, 0));
        run
    };
    let single = || {
        let mut run = run(7, "single", 4_000.0, 2_000.0, 1);
        run.totals = Totals {
            operations: 1,
            handshakes: 1,
            ..Totals::default()
        };
        run.errors.clear();
        run.timeline
            .iter_mut()
            .for_each(|s| (s.operations, s.errors) = (1, 0));
        run.negotiated.truncate(1);
        run.negotiated[0].count = 1;
        for l in &mut run.latencies {
            let phase = l.phase;
            *l = summary(phase, vec![(1_500, 1)]);
        }
        run
    };
    let mut empty = nothing();
    (empty.totals, empty.errors, empty.timeline) = (Totals::default(), Vec::new(), Vec::new());
    empty.measured_seconds = 0.0;
    empty.interrupted = true;
    let mut huge = usual();
    huge.totals = Totals {
        operations: u64::MAX,
        errors: u64::MAX,
        handshakes: u64::MAX,
        resumed: u64::MAX,
        requests: u64::MAX,
        bytes_received: u64::MAX,
        bytes_sent: u64::MAX,
    };
    for l in &mut huge.latencies {
        let phase = l.phase;
        *l = summary(phase, vec![(0, 5), (1, 1 << 40), (u64::MAX, 1)]);
    }
    for second in &mut huge.timeline {
        (second.operations, second.errors, second.p50, second.p99) =
            (u64::MAX, u64::MAX, 1, u64::MAX);
    }
    let mut hostile = usual();
    let attack = "<script>alert(1)</script>\"'>&<img src=x onerror=alert(1)>\u{1b}[31m\u{202e}";
    hostile.label = attack.into();
    hostile.started_at = attack.into();
    hostile.certgate = attack.into();
    hostile.plan.targets = vec![attack.into()];
    hostile.plan.mode = attack.into();
    hostile.plan.operation = attack.into();
    hostile.plan.settings = vec![attack.into()];
    hostile.warnings = vec![attack.into()];
    hostile.errors = vec![ErrorCount {
        kind: attack.into(),
        alert: Some(attack.into()),
        example: attack.into(),
        count: 1,
    }];
    hostile.negotiated[0].version = attack.into();
    hostile.negotiated[0].cipher = attack.into();
    hostile.negotiated[0].group = attack.into();
    hostile.negotiated[0].alpn = attack.into();
    let mut odd_times = usual();
    odd_times.measured_seconds = f64::NAN;
    for (n, second) in odd_times.timeline.iter_mut().enumerate() {
        second.at = [f64::NAN, 3.0, 1.0, f64::INFINITY, -4.0][n % 5];
    }
    let mut clean = usual();
    (clean.totals.errors, clean.errors) = (0, Vec::new());
    clean
        .timeline
        .iter_mut()
        .for_each(|second| second.errors = 0);
    let label = "a very long label ".repeat(40);
    let ten = (0..10).map(|n| {
        run(
            n,
            &format!("server {n}"),
            2_000.0 + 300.0 * n as f64,
            3_000.0 - 150.0 * n as f64,
            12,
        )
    });
    vec![
        ("none", vec![]),
        ("nothing", vec![nothing()]),
        ("empty", vec![empty.clone()]),
        ("single", vec![single()]),
        ("huge", vec![huge.clone()]),
        ("hostile", vec![hostile.clone()]),
        ("odd times", vec![odd_times.clone()]),
        ("clean", vec![clean]),
        ("hour", vec![run(3, "hour", 300.0, 900.0, 3_600)]),
        (
            "long",
            vec![
                run(4, &label, 4_000.0, 2_000.0, 1),
                run(5, &"x".repeat(900), 4_000.0, 2_000.0, 1),
            ],
        ),
        ("ten", ten.collect()),
        (
            "mixed",
            vec![
                usual(),
                nothing(),
                single(),
                empty,
                huge,
                hostile,
                odd_times,
            ],
        ),
        ("thirty", vec![usual(); 30]),
    ]
}

fn errors_in(seed: u64, second: u32, seconds: u32) -> u64 {
    let slump = if second == seconds / 2 {
        14 + seed * 5
    } else {
        0
    };
    slump + u64::from((u64::from(second) + seed) % 4 == 1) * (seed % 4)
}

fn error_counts(all: u64) -> Vec<ErrorCount> {
    let refused = all / 3;
    let alert = ErrorCount {
        kind: "alert".into(),
        alert: Some("certificate_expired".into()),
        example: "the server refused the certificate of client-7.pem: sslv3 alert certificate expired (SSL alert number 45)".into(),
        count: all - refused,
    };
    let timeout = ErrorCount {
        kind: "handshake_timeout".into(),
        alert: None,
        example: "127.0.0.1:8443: no answer to the ClientHello within 5 s".into(),
        count: refused,
    };
    [alert, timeout]
        .into_iter()
        .filter(|error| error.count > 0)
        .collect()
}

/// A log-normal bulk with a slow tail.
fn latency(random: &mut Random, phase: Phase, median: f64, samples: u64) -> Latency {
    let mut histogram = std::collections::BTreeMap::new();
    for _ in 0..samples.min(20_000) {
        let tail = if random.unit() > 0.992 {
            2.0 + 4.0 * random.unit()
        } else {
            1.0
        };
        let value = (median * (0.28 * random.normal()).exp() * tail).max(1.0);
        // A grain of a thousandth, about that of the recording.
        let grain = 10f64.powf((value.log10().floor() - 3.0).max(0.0));
        *histogram
            .entry(((value / grain).ceil() * grain) as u64)
            .or_insert(0) += (samples / 20_000).max(1);
    }
    summary(phase, histogram.into_iter().collect())
}

/// What can be said of a distribution.
pub fn summary(phase: Phase, histogram: Vec<(u64, u64)>) -> Latency {
    let count: u64 = histogram.iter().map(|(_, n)| n).sum();
    let at = |part: f64| {
        let rank = (part * count as f64).ceil() as u64;
        let mut sum = 0;
        let found = histogram.iter().find(|(_, n)| {
            sum += n;
            sum >= rank
        });
        found.map_or(0, |(value, _)| *value)
    };
    let sum: f64 = histogram
        .iter()
        .map(|(value, n)| *value as f64 * *n as f64)
        .sum();
    Latency {
        phase,
        count,
        min: histogram[0].0,
        mean: sum / count as f64,
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p99_9: at(0.999),
        max: histogram[histogram.len() - 1].0,
        histogram,
    }
}

/// A linear congruential generator: plenty for a sample.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}
