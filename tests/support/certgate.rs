//! The real binary as a child process, its log lines, its admin port.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::PATIENCE;
use super::http::{self, Response};
use super::pki::Pki;

/// How to start certgate. Nothing of the test's own environment is passed on.
pub struct Builder {
    arguments: Vec<String>,
    variables: Vec<(String, OsString)>,
    /// What a shell does before it becomes certgate.
    before: Option<String>,
    directory: TempDir,
}

/// A running certgate. Killed when dropped.
pub struct Certgate {
    pub child: Child,
    /// The first TLS listener.
    pub address: SocketAddr,
    pub admin: SocketAddr,
    directory: TempDir,
    log: Arc<Log>,
}

/// What a certgate that ended by itself left.
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    directory: TempDir,
}

#[derive(Default)]
struct Log {
    state: Mutex<LogState>,
    changed: Condvar,
}

#[derive(Default)]
struct LogState {
    /// Objects in JSON, strings in text.
    lines: Vec<Value>,
    ended: bool,
}

/// Serves with the PEMs in the environment, on ports that the kernel picks.
pub fn serve(pki: &Pki) -> Builder {
    bare(&["serve"])
        .environment("SSL_SERVER_CERTIFICATE", pki.server.certificate_pem())
        .environment("SSL_SERVER_KEY", pki.server.key_pem())
        .environment("SSL_CLIENT_CERTIFICATE", pki.ca.certificate_pem())
        .ports()
}

/// Any command, in an empty environment.
pub fn bare(arguments: &[&str]) -> Builder {
    Builder {
        arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
        variables: Vec::new(),
        before: None,
        directory: TempDir::new().unwrap(),
    }
}

impl Builder {
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub fn arguments(self, arguments: &[&str]) -> Self {
        arguments
            .iter()
            .fold(self, |builder, argument| builder.argument(*argument))
    }

    pub fn environment(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.retain(|(present, _)| present != name);
        let value = value.as_ref().to_owned();
        self.variables.push((name.to_owned(), value));
        self
    }

    /// A shell runs `script` first and then becomes certgate: for umask and ulimit.
    pub fn after(mut self, script: &str) -> Self {
        self.before = Some(script.to_owned());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.variables.retain(|(present, _)| present != name);
        self
    }

    /// Takes a flag out again, so that another layer is heard.
    pub fn without_flag(mut self, name: &str) -> Self {
        let start = format!("--{name}=");
        self.arguments
            .retain(|argument| !argument.starts_with(&start));
        self
    }

    /// Listens on loopback ports that the kernel picks; the certs directory is a temporary one.
    pub fn ports(self) -> Self {
        let certs = self.certs_dir().display().to_string();
        self.argument("--listen=127.0.0.1:0")
            .argument("--admin=127.0.0.1:0")
            .argument(format!("--certs-dir={certs}"))
    }

    /// A place for files; gone with the test.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn certs_dir(&self) -> PathBuf {
        self.directory.path().join("certs")
    }

    /// Serves this file below a document root.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let root = self.directory.path().join("html");
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
        let flag = format!("--root={}", root.display());
        match self.arguments.contains(&flag) {
            true => self,
            false => self.argument(flag),
        }
    }

    fn command(&self) -> Command {
        let certgate = env!("CARGO_BIN_EXE_certgate");
        let mut command = match &self.before {
            None => Command::new(certgate),
            Some(script) => {
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", &format!("{script}\nexec \"$0\" \"$@\""), certgate]);
                shell
            }
        };
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.variables.iter().cloned())
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts and waits until it says that it is ready.
    #[track_caller]
    pub fn start(self) -> Certgate {
        self.start_until(|line| field(line, "event").as_deref() == Some("ready"))
    }

    /// Starts and waits for a line. Unless that is the one of `serve`, the addresses are nobody's.
    #[track_caller]
    pub fn start_until(self, fits: impl Fn(&Value) -> bool) -> Certgate {
        let mut child = self.command().spawn().unwrap();
        let log = Arc::new(Log::default());
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let writer = log.clone();
        std::thread::spawn(move || writer.collect(BufReader::new(stdout)));
        let complaints = std::thread::spawn(move || text_of(stderr));
        let Some(ready) = log.find(fits) else {
            let _ = child.kill();
            panic!(
                "certgate isn't ready: {:?}\n{}",
                child.wait(),
                complaints.join().unwrap()
            );
        };
        let address = |name: &str| {
            let text = field(&ready, name).unwrap_or("127.0.0.1:1".to_owned());
            text.split(',').next().unwrap().parse().unwrap()
        };
        Certgate {
            address: address("listen"),
            admin: address("admin"),
            child,
            directory: self.directory,
            log,
        }
    }

    /// Starts and waits for nothing: the addresses are nobody's.
    pub fn spawn(self) -> Certgate {
        let mut child = self.command().spawn().unwrap();
        let log = Arc::new(Log::default());
        let (stdout, writer) = (child.stdout.take().unwrap(), log.clone());
        std::thread::spawn(move || writer.collect(BufReader::new(stdout)));
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        Certgate {
            address: nobody,
            admin: nobody,
            child,
            directory: self.directory,
            log,
        }
    }

    /// Runs to its end. A certgate that serves instead is a failure.
    #[track_caller]
    pub fn finish(self) -> Finished {
        let mut child = self.command().spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let stdout = std::thread::spawn(move || text_of(stdout));
        let stderr = std::thread::spawn(move || text_of(stderr));
        let end = Instant::now() + PATIENCE;
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break Some(status),
                None if Instant::now() > end => break None,
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        if status.is_none() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
        let Some(status) = status else {
            panic!("it doesn't end\n{stdout}\n{stderr}");
        };
        Finished {
            status,
            stdout,
            stderr,
            directory: self.directory,
        }
    }
}

fn text_of(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A field of a log line, be it JSON or text.
pub fn field(line: &Value, name: &str) -> Option<String> {
    let Value::String(text) = line else {
        return line[name].as_str().map(str::to_owned);
    };
    let value = text.split_once(&format!(" {name}="))?.1;
    match value.strip_prefix('"') {
        Some(quoted) => Some(quoted.split('"').next()?.to_owned()),
        None => Some(value.split(' ').next()?.to_owned()),
    }
}

impl Finished {
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }

    pub fn certs_dir(&self) -> PathBuf {
        self.directory.path().join("certs")
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}

impl Certgate {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn certs_dir(&self) -> PathBuf {
        self.directory.path().join("certs")
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The first log line that fits, waiting for it.
    #[track_caller]
    pub fn log_line(&self, fits: impl Fn(&Value) -> bool) -> Value {
        match self.log.find(fits) {
            Some(line) => line,
            None => panic!("no such line in the log:\n{}", self.log_text()),
        }
    }

    /// The first line of this event.
    #[track_caller]
    pub fn event(&self, event: &str) -> Value {
        self.log_line(|line| line["event"] == event)
    }

    /// All lines so far; one that isn't JSON is a string.
    pub fn lines(&self) -> Vec<Value> {
        self.log.state.lock().unwrap().lines.clone()
    }

    /// All lines so far.
    pub fn log_text(&self) -> String {
        let lines = self.log.state.lock().unwrap();
        lines.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Ends it in order, and hands out everything that it logged.
    #[track_caller]
    pub fn whole_log(mut self) -> Vec<Value> {
        self.signal("TERM");
        assert_eq!(self.exit_code(), Some(0));
        let state = self.log.state.lock().unwrap();
        let waiting = self
            .log
            .changed
            .wait_timeout_while(state, PATIENCE, |s| !s.ended);
        let (state, patience) = waiting.unwrap();
        assert!(!patience.timed_out(), "the log doesn't end");
        state.lines.clone()
    }

    /// `GET` on the admin port.
    pub fn admin(&self, path: &str) -> Response {
        http::plain_get(self.admin, path)
    }

    /// The value of one metric with exactly these labels: `certgate_refusals_total{reason="expired"}`.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.admin("/metrics").text();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Waits until a metric has this value: a client can see its refusal before it is counted.
    #[track_caller]
    pub fn counts(&self, name: &str, value: f64) {
        super::eventually(&format!("{name} {value}"), || {
            (self.metric(name) == value).then_some(())
        });
    }

    pub fn signal(&self, signal: &str) {
        // The shell's own `kill`: not every machine has it as a program.
        let command = format!("kill -s {signal} {}", self.pid());
        let status = Command::new("/bin/sh").args(["-c", &command]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for the end.
    #[track_caller]
    pub fn exit_code(&mut self) -> Option<i32> {
        super::eventually("the process to end", || self.child.try_wait().unwrap()).code()
    }

    /// The most memory that it had so far, in KiB.
    pub fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// The memory that it has now, in KiB.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Certgate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Log {
    fn collect(&self, lines: impl BufRead) {
        for line in lines.lines().map_while(Result::ok) {
            let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
            self.state.lock().unwrap().lines.push(value);
            self.changed.notify_all();
        }
        self.state.lock().unwrap().ended = true;
        self.changed.notify_all();
    }

    fn find(&self, fits: impl Fn(&Value) -> bool) -> Option<Value> {
        let end = Instant::now() + PATIENCE;
        let mut state = self.state.lock().unwrap();
        loop {
            if let Some(line) = state.lines.iter().find(|line| fits(line)) {
                return Some(line.clone());
            }
            let left = end.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                return None;
            }
            state = self.changed.wait_timeout(state, left).unwrap().0;
        }
    }
}
