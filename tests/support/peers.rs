//! Programs of others, as people use them: curl and openssl.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use super::pki::Identity;

/// Writes certificate, chain and key where such a program can read them.
fn files(directory: &Path, identity: &Identity) -> [String; 2] {
    let name = identity.serial();
    let place = |kind: &str| {
        directory
            .join(format!("{name}.{kind}"))
            .display()
            .to_string()
    };
    let [certificate, key] = [place("pem"), place("key")];
    std::fs::write(&certificate, identity.certificate_pem()).unwrap();
    std::fs::write(&key, identity.key_pem()).unwrap();
    [certificate, key]
}

/// One request with curl: the status, or what curl says is wrong.
pub fn curl(
    directory: &Path,
    identity: &Identity,
    tls: &str,
    address: SocketAddr,
) -> Result<u16, String> {
    let [certificate, key] = files(directory, identity);
    let url = format!("https://{address}/");
    let output = Command::new("curl")
        .args([
            "-sSk",
            "--max-time",
            "20",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
        ])
        .args(["--cert", &certificate, "--key", &key, &url])
        .args(tls.split(' '))
        .output()
        .expect("curl");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout).parse().unwrap()),
        false => Err(text(&output.stderr)),
    }
}

/// One HTTP/1.0 request through `openssl s_client`: everything that it printed.
pub fn s_client(directory: &Path, identity: &Identity, tls: &str, address: SocketAddr) -> String {
    use std::io::Write;
    let [certificate, key] = files(directory, identity);
    let mut child = Command::new("openssl")
        .args([
            "s_client",
            "-connect",
            &address.to_string(),
            tls,
            "-ign_eof",
        ])
        .args([
            "-cert",
            &certificate,
            "-cert_chain",
            &certificate,
            "-key",
            &key,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl");
    // It may be gone before it reads.
    let _ = child
        .stdin
        .take()
        .unwrap()
        .write_all(b"GET / HTTP/1.0\r\n\r\n");
    let output = child.wait_with_output().unwrap();
    let bytes = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&bytes).into_owned()
}
