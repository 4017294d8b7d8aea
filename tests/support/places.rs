//! Certificates and a configuration in files, and what is done to them while certgate runs.

use std::fs;
use std::path::{Path, PathBuf};

use openssl::x509::X509;

use super::certgate::{self, Builder, Certgate};
use super::client::{Client, Connection};
use super::eventually;
use super::pki::{Identity, Pki};

pub const CERTIFICATE: &str = "server_cert.cer";
pub const KEY: &str = "server_key.key";
pub const CLIENT_CA: &str = "client_cert.pem";

/// Serves with PEMs in the certs directory. It reloads on SIGHUP only, unless a test says how often to
/// look.
pub fn serve(pki: &Pki) -> Builder {
    let builder = certgate::bare(&["serve"])
        .ports()
        .argument("--reload-interval=0s");
    let certs = builder.certs_dir();
    fs::create_dir(&certs).unwrap();
    fs::write(certs.join(CERTIFICATE), pki.server.certificate_pem()).unwrap();
    fs::write(certs.join(KEY), pki.server.key_pem()).unwrap();
    fs::write(certs.join(CLIENT_CA), pki.ca.certificate_pem()).unwrap();
    builder
}

impl Builder {
    /// Looks at files often.
    pub fn watching(self) -> Self {
        self.without_flag("reload-interval")
            .argument("--reload-interval=50ms")
    }

    /// Writes the TOML file; `DIR` in it is the test's directory.
    pub fn config(self, toml: &str) -> Self {
        let file = self.directory().join("certgate.toml");
        fs::write(&file, in_directory(toml, self.directory())).unwrap();
        self.argument(format!("--config={}", file.display()))
    }

    /// `NAME.cer` and `NAME.key` in the test's directory.
    pub fn identity(self, name: &str, identity: &Identity) -> Self {
        write_identity(self.directory(), name, identity);
        self
    }

    /// `NAME.pem` in the test's directory.
    pub fn authority(self, name: &str, authority: &Identity) -> Self {
        let pem = authority.certificate_pem();
        fs::write(self.directory().join(format!("{name}.pem")), pem).unwrap();
        self
    }

    /// A directory `NAME` with this as its `index.html`.
    pub fn content(self, name: &str, text: &str) -> Self {
        let root = self.directory().join(name);
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("index.html"), text).unwrap();
        self
    }
}

impl Certgate {
    /// A file of the certs directory.
    pub fn cert_file(&self, name: &str) -> PathBuf {
        self.certs_dir().join(name)
    }

    /// Puts a file in the place of one in the certs directory.
    pub fn replace(&self, name: &str, content: &str) {
        rename_over(&self.cert_file(name), content);
    }

    /// Both files of the server.
    pub fn replace_server(&self, server: &Identity) {
        self.replace(CERTIFICATE, &server.certificate_pem());
        self.replace(KEY, &server.key_pem());
    }

    /// Puts another TOML file in the place of the old one.
    pub fn configure(&self, toml: &str) {
        let text = in_directory(toml, self.directory());
        rename_over(&self.directory().join("certgate.toml"), &text);
    }

    /// Sends SIGHUP and waits: `ok` or `failed`.
    #[track_caller]
    pub fn hang_up(&self) -> &'static str {
        let before = self.reloads();
        self.signal("HUP");
        eventually("the reload", || {
            let now = self.reloads();
            match (now[0] > before[0], now[1] > before[1]) {
                (true, _) => Some("ok"),
                (_, true) => Some("failed"),
                _ => None,
            }
        })
    }

    /// SIGHUP, which must take effect.
    #[track_caller]
    pub fn reload(&self) {
        let result = self.hang_up();
        assert_eq!(result, "ok", "{}", self.log_text());
    }

    /// How many took effect, and how many failed.
    pub fn reloads(&self) -> [f64; 2] {
        ["ok", "failed"]
            .map(|result| self.metric(&format!("certgate_reloads_total{{result=\"{result}\"}}")))
    }

    /// How many lines of an event there are so far.
    pub fn count(&self, event: &str) -> usize {
        let lines = self.lines();
        lines.iter().filter(|line| line["event"] == event).count()
    }
}

pub fn in_directory(toml: &str, directory: &Path) -> String {
    toml.replace("DIR", &directory.display().to_string())
}

pub fn write_identity(directory: &Path, name: &str, identity: &Identity) {
    let pem = identity.certificate_pem();
    fs::write(directory.join(format!("{name}.cer")), pem).unwrap();
    fs::write(directory.join(format!("{name}.key")), identity.key_pem()).unwrap();
}

pub fn rename_over(path: &Path, content: &str) {
    let new = path.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::rename(&new, path).unwrap();
}

/// The certificate that the server shows.
#[track_caller]
pub fn shown(gate: &Certgate, client: &Client) -> X509 {
    certificate_of(&client.connect(gate.address).unwrap())
}

pub fn certificate_of(connection: &Connection) -> X509 {
    connection.stream.ssl().peer_certificate().unwrap()
}

/// Waits until new connections see this certificate of the server.
#[track_caller]
pub fn until_shown(gate: &Certgate, client: &Client, server: &Identity) {
    let wanted = server.certificate.to_der().unwrap();
    eventually("the new certificate", || {
        let shown = shown(gate, client).to_der().unwrap();
        (shown == wanted).then_some(())
    });
}
