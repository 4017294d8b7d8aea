//! `--ready-upstreams`: a process whose upstreams can't be reached says that it isn't ready, on every port that is asked.

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use serde_json::{Value, json};

use crate::support::certgate::{self, Builder, Certgate};
use crate::support::client;
use crate::support::eventually;
use crate::support::http::{self, Response};
use crate::support::pki::Pki;
use crate::support::{places, upstream};

const OFTEN: &str = "--ready-check-interval=100ms";

/// A web server in a process of its own, that can be stopped and started again.
struct Server {
    address: SocketAddr,
    process: Option<Child>,
}

impl Server {
    /// Not started yet. Its address is no other test's: it comes back to the same port.
    fn new() -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let [.., high, low] = std::process::id().to_be_bytes();
        let ip = [127, high | 1, low, NEXT.fetch_add(1, Ordering::Relaxed)];
        Self {
            address: (ip, 8080).into(),
            process: None,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn start(&mut self) {
        let process = Command::new("python3")
            .args(["-m", "http.server", &self.address.port().to_string()])
            .args([
                "--bind",
                &self.address.ip().to_string(),
                "--directory",
                "/var/empty",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.process = Some(process.expect("python3"));
        eventually("the server", || TcpStream::connect(self.address).ok());
    }

    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(pki: &Pki, upstreams: &[&Server], mode: &str) -> Builder {
    let gate = certgate::serve(pki).argument(OFTEN);
    let gate = upstreams.iter().fold(gate, |gate, upstream| {
        gate.argument(format!("--upstream={}", upstream.url()))
    });
    gate.argument(format!("--ready-upstreams={mode}"))
}

fn readyz(gate: &Certgate) -> (u16, String) {
    let answer = gate.admin("/readyz");
    (answer.status, answer.text())
}

fn ready() -> (u16, String) {
    (200, "ready\n".to_owned())
}

fn lacking() -> (u16, String) {
    (503, "upstream\n".to_owned())
}

/// Waits until `/readyz` says so.
#[track_caller]
fn becomes(gate: &Certgate, wanted: &(u16, String)) {
    eventually(&format!("{wanted:?}"), || {
        (readyz(gate) == *wanted).then_some(())
    });
}

/// Waits for so many lines of an event.
#[track_caller]
fn told(gate: &Certgate, event: &str, count: usize) {
    eventually(&format!("{count} {event}"), || {
        (gate.count(event) == count).then_some(())
    });
}

fn status(gate: &Certgate) -> Value {
    serde_json::from_slice(&gate.admin("/status.json").body).unwrap()
}

/// What load balancers are told on the TLS port, and on the one of plain HTTP.
fn health(gate: &Certgate) -> [Response; 2] {
    let request = "GET /healthz HTTP/1.1\r\nHost: a\r\nUser-Agent: ELB-HealthChecker/2.0\r\n\r\n";
    let by_tls = client::anonymous()
        .connect(gate.address)
        .unwrap()
        .request(request);
    let redirect = gate.event("ready")["redirect"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let by_http = http::exchange(&mut client::dial(redirect), request);
    [by_tls.unwrap(), by_http.unwrap()]
}

/// A real server comes, goes, and comes again.
#[test]
fn every_port_tells_and_each_change_is_one_line() {
    let pki = Pki::new();
    let mut server = Server::new();
    let gate = serve(&pki, &[&server], "any")
        .arguments(&["--health-path=/healthz", "--redirect=127.0.0.1:0"])
        .start();
    for round in 1..=2 {
        told(&gate, "upstreams_unusable", round);
        assert_eq!(readyz(&gate), lacking());
        for answer in health(&gate) {
            assert_eq!((answer.status, answer.text().as_str()), (503, "upstream\n"));
        }
        let told_so = status(&gate);
        assert_eq!(
            (&told_so["phase"], &told_so["ready"]),
            (&json!("ready"), &json!(false))
        );
        assert_eq!(told_so["not_ready"], "upstream");
        let [known] = told_so["upstreams"].as_array().unwrap().as_slice() else {
            panic!("{told_so}");
        };
        assert_eq!(known["address"], server.address.to_string());
        assert_eq!(known["usable"], false);
        let error = known["error"].as_str().unwrap().to_lowercase();
        assert!(error.contains("refused"), "{error}");
        let name = server.address;
        let usable = format!("certgate_upstream_usable{{upstream=\"{name}\"}}");
        assert!(
            gate.admin("/metrics")
                .text()
                .contains(&format!("{usable} 0\n"))
        );
        assert_eq!(gate.metric("certgate_ready"), 0.0);
        assert!(gate.admin("/").text().contains(&name.to_string()));
        // It lives, and what can be served is served.
        assert_eq!(gate.admin("/healthz").status, 200);
        let answer = client::with(&pki.client).get(gate.address, "/").unwrap();
        assert_eq!(answer.status, 502);

        server.start();
        told(&gate, "upstreams_usable", round);
        assert_eq!(readyz(&gate), ready());
        assert!(health(&gate).iter().all(|answer| answer.status == 200));
        assert_eq!(gate.metric(&usable), 1.0);
        assert_eq!(gate.metric("certgate_ready"), 1.0);
        let told_so = status(&gate);
        assert_eq!(
            (&told_so["not_ready"], &told_so["ready"]),
            (&Value::Null, &json!(true))
        );
        assert_eq!(told_so["upstreams"][0]["usable"], true);
        let answer = client::with(&pki.client).get(gate.address, "/").unwrap();
        assert_ne!(answer.status, 502);
        server.stop();
    }
    told(&gate, "upstreams_unusable", 3);
    let checks = "certgate_health_checks_total{result=\"upstream\"}";
    assert_eq!(gate.metric(checks), 4.0);
    let line = gate.event("upstreams_unusable");
    let unusable = line["unusable"].as_str().unwrap();
    assert!(unusable.starts_with(&server.address.to_string()), "{line}");
    assert_eq!(line["level"], "WARN");
    told(&gate, "upstreams_usable", 2);
}

#[test]
fn one_of_those_that_take_turns_or_each() {
    let pki = Pki::new();
    let (mut first, mut second) = (Server::new(), Server::new());
    first.start();
    let any = serve(&pki, &[&first, &second], "any").start();
    let all = serve(&pki, &[&first, &second], "all").start();
    becomes(&any, &ready());
    told(&all, "upstreams_unusable", 1);
    assert_eq!(readyz(&all), lacking());
    second.start();
    becomes(&all, &ready());
    // Each looks at its own times.
    eventually("both of them", || {
        let known = status(&any)["upstreams"].clone();
        let mut known = known.as_array().unwrap().iter();
        known.all(|one| one["usable"] == true).then_some(())
    });
    first.stop();
    told(&all, "upstreams_unusable", 2);
    assert_eq!(readyz(&any), ready());
    second.stop();
    told(&any, "upstreams_unusable", 1);
    assert_eq!(readyz(&any), lacking());
}

/// Nobody asks for anything: checks go on, and nothing else happens.
#[test]
fn by_itself_nothing_is_checked_and_otherwise_silence_changes_nothing() {
    let pki = Pki::new();
    let (unasked, none) = upstream::counting();
    let off = certgate::serve(&pki)
        .arguments(&[OFTEN, &format!("--upstream=http://{unasked}")])
        .start();
    let dead = certgate::serve(&pki)
        .argument(format!("--upstream=http://{}", upstream::nobody()))
        .start();
    let (asked, some) = upstream::counting();
    let any = certgate::serve(&pki)
        .arguments(&[OFTEN, "--ready-upstreams=any"])
        .argument(format!("--upstream=tcp://{asked}"))
        .start();
    let seen = || some.load(Ordering::SeqCst);
    becomes(&any, &ready());
    eventually("ten checks", || {
        assert_eq!(readyz(&any), ready());
        (seen() >= 10).then_some(())
    });
    assert_eq!(none.load(Ordering::SeqCst), 0);
    for gate in [&off, &dead] {
        assert_eq!(readyz(gate), ready());
        assert_eq!(status(gate)["upstreams"], json!([]));
        assert!(
            !gate
                .admin("/metrics")
                .text()
                .contains("certgate_upstream_usable")
        );
    }
    assert_eq!(
        (
            any.count("upstreams_usable"),
            any.count("upstreams_unusable")
        ),
        (1, 0)
    );
}

#[test]
fn of_routes_and_of_those_sites_that_want_it() {
    let pki = Pki::new();
    let (mut app, dead) = (Server::new(), upstream::nobody());
    let builder = places::serve(&pki).content("html", "files").argument(OFTEN);
    let socket = builder.directory().join("app.sock");
    let gate = builder
        .config(&format!(
            "root = \"DIR/html\"\nready-upstreams = \"any\"\n\
             [[route]]\nprefix = \"/app\"\nupstream = \"{}\"\n\
             [[site]]\nnames = [\"a.example\"]\nupstream = \"unix:DIR/app.sock\"\n\
             [[site]]\nnames = [\"b.example\"]\nupstream = \"tcp://{dead}\"\nready-upstreams = \"off\"\nroute = []\n",
            app.url()
        ))
        .start();
    told(&gate, "upstreams_unusable", 1);
    app.start();
    let usable = |address: &str| {
        let all = status(&gate)["upstreams"].clone();
        let mut all = all.as_array().unwrap().iter();
        all.find(|one| one["address"] == address)
            .map(|one| one["usable"].clone())
    };
    let route = app.address.to_string();
    eventually("the route's", || {
        (usable(&route) == Some(json!(true))).then_some(())
    });
    assert_eq!(readyz(&gate), lacking(), "the site's is missing");
    let _site = upstream::unix(&socket, |_| upstream::ok("x"));
    becomes(&gate, &ready());
    assert_eq!(usable(&dead.to_string()), None);
    app.stop();
    told(&gate, "upstreams_unusable", 2);
    assert_eq!(readyz(&gate), lacking());
}

/// Whoever is new is judged before it counts against anybody.
#[test]
fn a_reload_flaps_nothing() {
    let pki = Pki::new();
    let [mut first, mut second] = [Server::new(), Server::new()];
    first.start();
    second.start();
    let every = |interval: &str, url: &str| {
        format!(
            "upstream = \"{url}\"\nready-upstreams = \"any\"\nready-check-interval = \"{interval}\"\n"
        )
    };
    let toml = |url: &str| every("100ms", url);
    let gate = places::serve(&pki).config(&toml(&first.url())).start();
    becomes(&gate, &ready());
    for next in [&second, &first, &second] {
        gate.configure(&toml(&next.url()));
        gate.reload();
        for _ in 0..20 {
            assert_eq!(readyz(&gate), ready());
        }
    }
    assert_eq!(gate.count("upstreams_unusable"), 0);
    assert_eq!(gate.count("upstreams_usable"), 1);
    let metrics = gate.admin("/metrics").text();
    assert!(!metrics.contains(&first.url()[7..]), "{metrics}");
    // One that is dead counts until that is sure, and then it is said.
    gate.configure(&toml(&format!("http://{}", upstream::nobody())));
    gate.reload();
    told(&gate, "upstreams_unusable", 1);
    assert_eq!(readyz(&gate), lacking());
    // Whoever takes the setting back is ready at once.
    gate.configure(&format!("upstream = \"{}\"\n", second.url()));
    gate.reload();
    assert_eq!(readyz(&gate), ready());
    // And where it is new, what it finds at first counts for nothing yet.
    let dead = format!("http://{}", upstream::nobody());
    gate.configure(&every("1h", &dead));
    gate.reload();
    eventually("the first check", || {
        let error = &status(&gate)["upstreams"][0]["error"];
        (!error.is_null()).then_some(())
    });
    assert_eq!(readyz(&gate), ready());
    assert_eq!(gate.count("upstreams_unusable"), 1);
    // Nobody sleeps on for as long as was said before.
    gate.configure(&toml(&dead));
    gate.reload();
    told(&gate, "upstreams_unusable", 2);
}

#[test]
fn whoever_drains_says_that() {
    let pki = Pki::new();
    let server = Server::new();
    let gate = serve(&pki, &[&server], "all")
        .argument("--drain-delay=1h")
        .start();
    told(&gate, "upstreams_unusable", 1);
    assert_eq!(readyz(&gate), lacking());
    gate.signal("TERM");
    becomes(&gate, &(503, "draining\n".to_owned()));
    assert_eq!(status(&gate)["not_ready"], "draining");
    assert_eq!(gate.metric("certgate_ready"), 0.0);
}

/// A container isn't restarted because something else is down.
#[test]
fn certgate_health_asks_whether_it_lives() {
    let pki = Pki::new();
    let server = Server::new();
    let gate = serve(&pki, &[&server], "any").start();
    told(&gate, "upstreams_unusable", 1);
    let finished = certgate::bare(&["health"])
        .argument(format!("--admin={}", gate.admin))
        .finish();
    assert_eq!(finished.code(), 0, "{}", finished.stderr);
}

#[test]
fn wrong_words_and_missing_upstreams_are_named() {
    let pki = Pki::new();
    let finished = certgate::serve(&pki)
        .arguments(&["--ready-upstreams=some", "--ready-check-interval=0s"])
        .finish();
    assert_eq!(finished.code(), 78);
    for words in ["off | any | all", "--ready-check-interval"] {
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
    }
    let gate = certgate::serve(&pki)
        .file("index.html", "x")
        .argument("--ready-upstreams=any")
        .start();
    gate.log_line(|line| line["event"] == "finding" && line["place"] == "--ready-upstreams");
    assert_eq!(readyz(&gate), ready());
}
