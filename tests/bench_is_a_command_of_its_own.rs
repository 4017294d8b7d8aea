//! `certgate bench` has none of the gateway's settings, and the gateway none of bench's options.

use crate::support::certgate::bare;

#[test]
fn neither_takes_the_others_flags() {
    for arguments in [
        &["bench", "https://localhost:1/", "--listen=127.0.0.1:0"][..],
        &["serve", "--mode=full"],
        &["check", "--rate=1"],
        // It would be a setting of the bare command, and be lost.
        &["--listen=127.0.0.1:0", "bench", "https://localhost:1/"],
    ] {
        let finished = bare(arguments).finish();
        assert_eq!(finished.code(), 2, "{arguments:?}: {}", finished.stderr);
    }
}

#[test]
fn help_shows_what_is_taken() {
    let bench = bare(&["bench", "--help"]).finish().stdout;
    assert!(
        bench.contains("--warm-up") && !bench.contains("--listen"),
        "{bench}"
    );
    for command in ["serve", "check", "demo", "health", "--help"] {
        let help = bare(&[command, "--help"]).finish().stdout;
        assert!(
            help.contains("--listen") && !help.contains("--warm-up"),
            "{help}"
        );
    }
}

#[test]
fn wrong_usage_is_told() {
    for (arguments, words) in [
        (&["bench"][..], "URL"),
        (&["bench", "http://localhost/"], "expected https://"),
        (
            &["bench", "tls://localhost:1", "--mode=requests"],
            "needs https://",
        ),
        (
            &["bench", "https://localhost/", "--mode=tunnel"],
            "needs tls://",
        ),
        (
            &["bench", "https://localhost/", "--mode=storm", "--count=1"],
            "no meaning",
        ),
        (
            &["bench", "https://localhost/", "--mode=nonsense"],
            "expected full |",
        ),
        (
            &["bench", "https://localhost/", "--duration=5"],
            "with its unit",
        ),
        (&["bench", "https://localhost/", "--cert=a"], "--key"),
    ] {
        let finished = bare(arguments).finish();
        assert_eq!(finished.code(), 2, "{arguments:?}: {}", finished.stderr);
        assert!(
            finished.stderr.contains(words),
            "{arguments:?}: {}",
            finished.stderr
        );
    }
}
