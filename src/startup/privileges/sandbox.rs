//! What the kernel refuses the process from here on, by Landlock (landlock(7)).
//!
//! Files are written beneath the certs directory alone, and removed where unix sockets are; nothing is executed, no port is bound, and no process
//! outside is signalled. Reading stays free: a reload may name files that nobody knows of yet.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

/// How much of it is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landlock {
    /// All.
    Full,
    /// As much as an older kernel knows.
    Partial,
    /// Nothing: an old kernel, or a container that forbids the system call.
    None,
    /// Nothing, by `landlock off`.
    Off,
}

impl Landlock {
    /// The word in the log.
    pub fn label(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::None => "none",
            Self::Off => "off",
        }
    }
}

/// As much as the kernel has of it.
pub fn enforce<'a>(certs_dir: &Path, of_sockets: impl Iterator<Item = &'a Path>) -> Landlock {
    match restrict(certs_dir, of_sockets) {
        Ok(RulesetStatus::FullyEnforced) => Landlock::Full,
        Ok(RulesetStatus::PartiallyEnforced) => Landlock::Partial,
        Ok(RulesetStatus::NotEnforced) | Err(_) => Landlock::None,
    }
}

fn restrict<'a>(
    certs_dir: &Path,
    of_sockets: impl Iterator<Item = &'a Path>,
) -> Result<RulesetStatus, RulesetError> {
    let writing = AccessFs::from_write(ABI::V5);
    let rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(writing | AccessFs::Execute)?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::from_all(ABI::V6))?
        .create()?;
    // Without the directory nothing is written at all.
    let mut rules = match PathFd::new(certs_dir) {
        Ok(directory) => rules.add_rule(PathBeneath::new(directory, writing))?,
        Err(_) => rules,
    };
    for directory in of_sockets.filter_map(|path| PathFd::new(path).ok()) {
        rules = rules.add_rule(PathBeneath::new(directory, AccessFs::RemoveFile))?;
    }
    Ok(rules.restrict_self()?.ruleset)
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::fs;
    use std::net::{TcpListener, TcpStream};
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    const ROLE: &str = "CERTGATE_TEST_SANDBOX";

    /// Runs this same test in a child, since there is no way out of a sandbox.
    #[test]
    fn the_kernel_refuses_what_is_not_needed() {
        if let Some(directory) = env::var_os(ROLE) {
            return confined(&PathBuf::from(directory));
        }
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("certs")).unwrap();
        fs::create_dir(directory.path().join("sockets")).unwrap();
        fs::write(directory.path().join("sockets/own"), "x").unwrap();
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("startup::privileges::sandbox::tests::the_kernel_refuses_what_is_not_needed")
            .env(ROLE, directory.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        let line = text.lines().find_map(|line| line.split_once("sandbox: "));
        match line.unwrap().1 {
            // A kernel without it refuses nothing.
            "none" => {}
            "full" | "partial" => assert!(!directory.path().join("outside").exists()),
            other => panic!("{other}"),
        }
        assert!(directory.path().join("certs/inside").exists());
    }

    fn confined(directory: &Path) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        rustix::thread::set_no_new_privs(true).unwrap();
        let sockets = directory.join("sockets");
        let enforced = enforce(&directory.join("certs"), std::iter::once(sockets.as_path()));
        println!("\nsandbox: {}", enforced.label());
        fs::write(directory.join("certs/inside"), "x").unwrap();
        fs::rename(
            directory.join("certs/inside"),
            directory.join("certs/other"),
        )
        .unwrap();
        fs::rename(
            directory.join("certs/other"),
            directory.join("certs/inside"),
        )
        .unwrap();
        fs::read(env::current_exe().unwrap()).unwrap();
        TcpStream::connect(address).unwrap();
        fs::remove_file(sockets.join("own")).unwrap();
        if enforced != Landlock::None {
            fs::write(sockets.join("other"), "x").unwrap_err();
            fs::write(directory.join("outside"), "x").unwrap_err();
            fs::rename(directory.join("certs"), directory.join("elsewhere")).unwrap_err();
            Command::new("/bin/true").status().unwrap_err();
        }
        if enforced == Landlock::Full {
            TcpListener::bind("127.0.0.1:0").unwrap_err();
        }
    }
}
