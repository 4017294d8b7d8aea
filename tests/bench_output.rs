//! What `certgate bench` prints: for people, for programs, in a pipe, after Ctrl-C.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use ::certgate::bench::result::BenchResult;

use crate::support::certgate::{self, Certgate};
use crate::support::load::{self, bench, https};
use crate::support::pki::Pki;

fn gate(pki: &Pki) -> Certgate {
    certgate::serve(pki).file("index.html", "content").start()
}

#[test]
fn a_pipe_gets_no_control_characters() {
    let pki = Pki::new();
    let gate = gate(&pki);
    let arguments = "--duration 500ms --warm-up 100ms";
    let finished = bench(&pki, &https(gate.address), arguments).finish();
    assert_eq!(finished.code(), 0, "{}", finished.stderr);
    assert_eq!(finished.stderr, "");
    assert!(
        finished
            .stdout
            .chars()
            .all(|c| c == '\n' || !c.is_control()),
        "{:?}",
        finished.stdout
    );
    for word in [
        "handshakes",
        "p99.9",
        "first byte",
        "TLSv1.3",
        "CPU µs per operation",
    ] {
        assert!(
            finished.stdout.contains(word),
            "no {word} in\n{}",
            finished.stdout
        );
    }
}

#[test]
fn csv_has_a_line_a_run() {
    let pki = Pki::new();
    let gate = gate(&pki);
    let arguments = "--count 5 --format csv --label a,b";
    let finished = bench(&pki, &https(gate.address), arguments).finish();
    let lines: Vec<_> = finished.stdout.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("label,started_at,mode,"));
    assert!(lines[1].starts_with("\"a,b\",2"), "{}", lines[1]);
    // The label's own comma is quoted.
    assert_eq!(lines[0].split(',').count() + 1, lines[1].split(',').count());
}

#[test]
fn results_are_compared() {
    let pki = Pki::new();
    let gate = gate(&pki);
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str| place.path().join(name).display().to_string();
    for name in ["one", "two"] {
        let arguments = format!(
            "--count 5 --format json --label {name} --output {}",
            file(name)
        );
        let finished = bench(&pki, &https(gate.address), &arguments).finish();
        assert_eq!((finished.code(), finished.stdout.as_str()), (0, ""));
    }
    let compare = |more: &[&str]| {
        let builder = certgate::bare(&["bench", "--compare", &file("one"), &file("two")]);
        builder.arguments(more).finish()
    };
    let text = compare(&[]).stdout;
    let mut labels = text.lines();
    assert!(labels.next().unwrap().starts_with("A  one "), "{text}");
    assert!(labels.next().unwrap().starts_with("B  two "), "{text}");
    assert!(
        text.contains("handshakes/s") && text.contains('×'),
        "{text}"
    );
    let json: Vec<BenchResult> = serde_json::from_str(&compare(&["--format=json"]).stdout).unwrap();
    assert_eq!(json.len(), 2);
    assert_eq!(compare(&["--report", &file("page.html")]).code(), 0);
    assert!(
        std::fs::read_to_string(file("page.html"))
            .unwrap()
            .contains("<html")
    );
    std::fs::write(file("two"), "{}").unwrap();
    let broken = compare(&[]);
    assert_eq!(broken.code(), 1);
    assert!(
        broken.stderr.contains("two: not a result"),
        "{}",
        broken.stderr
    );
}

#[test]
fn ctrl_c_prints_what_there_is() {
    let pki = Pki::new();
    let gate = gate(&pki);
    let place = tempfile::tempdir().unwrap();
    let (certificate, key) = (place.path().join("c"), place.path().join("k"));
    std::fs::write(&certificate, pki.client.certificate_pem()).unwrap();
    std::fs::write(&key, pki.client.key_pem()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_certgate"))
        .args([
            "bench",
            &https(gate.address),
            "--insecure",
            "--duration=60s",
            "--warm-up=0s",
        ])
        .arg("--format=json")
        .arg("--cert")
        .arg(&certificate)
        .arg("--key")
        .arg(&key)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    crate::support::eventually("some requests", || {
        (gate.metric("certgate_requests_total{status=\"200\"}") > 20.0).then_some(())
    });
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", "INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let mut text = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let result: BenchResult = serde_json::from_str(&text).unwrap();
    assert!(result.interrupted && result.totals.operations > 10);
    assert_eq!(result.totals.errors, 0, "{:?}", result.errors);
    assert!(result.measured_seconds < Duration::from_secs(30).as_secs_f64());
}

#[test]
fn the_servers_cost_is_plausible() {
    let pki = Pki::new();
    let gate = gate(&pki);
    let arguments = format!("--duration 2s --warm-up 200ms --server-pid {}", gate.pid());
    let result = load::result(bench(&pki, &https(gate.address), &arguments));
    let server = result.server.unwrap();
    assert_eq!(server.pids, [gate.pid()]);
    let cpu = server.user_seconds + server.system_seconds;
    assert!((0.02..8.0).contains(&cpu), "{server:?}");
    let expected = cpu * 1e6 / result.totals.operations as f64;
    assert!((server.cpu_micros_per_operation - expected).abs() < 0.01 * expected);
    assert!(server.memory_during > 1 << 20);
    assert!(result.client.cpu_seconds > 0.02 && result.client.cores >= 1.0);
}

#[test]
fn secrets_in_headers_are_not_in_results() {
    let pki = Pki::new();
    let gate = gate(&pki);
    let builder = bench(&pki, &https(gate.address), "--count 1");
    let result = load::result(builder.argument("--header=Authorization: Bearer geheim"));
    let settings = result.plan.settings;
    assert!(
        settings.contains(&"--header Authorization".to_owned()),
        "{settings:?}"
    );
}
