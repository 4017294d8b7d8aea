//! Starts the process again without its secret variables.
//!
//! Unsetting a variable leaves it in `/proc/PID/environ`: only exec replaces that. Takes the names
//! from [`super::environment`]; the PID, the arguments and the open files stay.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// Replaces the process by itself, with the same arguments and the environment less `variables`.
///
/// Returns only if that failed, with the reason.
pub fn without(variables: &[String]) -> io::Error {
    let mut arguments = env::args_os();
    let mut command = Command::new(executable());
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments);
    for variable in variables {
        command.env_remove(variable);
    }
    command.exec()
}

/// The file that runs now. One that was deleted or replaced meanwhile is still to be had in /proc.
fn executable() -> PathBuf {
    env::current_exe()
        .ok()
        .filter(|path| path.exists())
        .unwrap_or_else(|| PathBuf::from("/proc/self/exe"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    const ROLE: &str = "CERTGATE_TEST_REEXEC";
    const SECRET: &str = "CERTGATE_TEST_SECRET";

    /// Runs this same test in a child, which replaces itself once and then shows what is left.
    #[test]
    fn the_same_process_goes_on_without_the_secret() {
        if env::var_os(ROLE).is_some() {
            return child();
        }
        let own = env::current_exe().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let doomed = dir.path().join("doomed");
        fs::copy(&own, &doomed).unwrap();
        check(&own, false);
        check(&doomed, true);
    }

    fn child() {
        if let Some(path) = env::var_os("CERTGATE_TEST_DELETE") {
            let _ = fs::remove_file(path);
        }
        if env::var_os(SECRET).is_some() {
            println!("before {}", std::process::id());
            panic!("{}", without(&[SECRET.to_owned()]));
        }
        let left = fs::read("/proc/self/environ").unwrap();
        let left = String::from_utf8_lossy(&left);
        println!("after {}", std::process::id());
        println!("secret left: {}", left.contains("hunter2"));
        println!("others left: {}", left.contains(ROLE));
        println!("name: {}", env::args().next().unwrap());
    }

    fn check(executable: &Path, delete: bool) {
        let mut command = Command::new(executable);
        command
            .args(["--exact", "--nocapture"])
            .arg("startup::reexec::tests::the_same_process_goes_on_without_the_secret")
            .arg0("a-name-of-its-own")
            .env(ROLE, "child")
            .env(SECRET, "hunter2");
        if delete {
            command.env("CERTGATE_TEST_DELETE", executable);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let value = |key: &str| {
            let found = text
                .split(key)
                .nth(1)
                .unwrap_or_else(|| panic!("{key}: {text}"));
            found.lines().next().unwrap().trim().to_owned()
        };
        assert_eq!(value("before"), value("after"), "the PID stays");
        assert_eq!(value("secret left:"), "false");
        assert_eq!(value("others left:"), "true");
        assert_eq!(value("name:"), "a-name-of-its-own");
    }
}
