//! Gives up what the process doesn't need once its ports are bound.
//!
//! Takes the settings, hands on what is in force as [`Confined`]. A thread has its user, its capabilities and
//! its sandbox for itself, and hands them on to those that it starts: so it is done before there is a second one.

mod sandbox;
mod users;

use std::fs;
use std::io;

use rustix::process::{getegid, geteuid, getgid, getuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, set_capabilities,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

use crate::config::Settings;
use crate::config::listen::ListenAddress;
use crate::config::unix::UnixPath;
use crate::config::user::RunAs;
use crate::config::values::Switch;
use crate::findings::Finding;
use crate::startup::process;

pub use sandbox::Landlock;
pub use users::{Account, look_up};

/// What is in force.
#[derive(Debug, Clone, Copy)]
pub struct Confined {
    /// The number of the user.
    pub uid: u32,
    /// Whether the process can do what its user can't.
    pub capabilities: bool,
    /// What the kernel refuses it besides.
    pub landlock: Landlock,
}

/// What a root without `--user` keeps: keys are mostly readable for their owners alone, and a reload
/// reads them again.
const OF_ROOT: CapabilitySet = CapabilitySet::DAC_READ_SEARCH;

/// Becomes the user of the settings, drops capabilities, and lets the kernel refuse the rest.
///
/// # Errors
/// A user that isn't there or can't be had. What the kernel doesn't know is passed over.
pub fn give_up(settings: &Settings) -> Result<Confined, Finding> {
    alone().map_err(failed)?;
    if let Some(user) = &settings.user {
        become_user(user)?;
    }
    // The files of sockets go with the process.
    let unix = settings.listen.iter().filter_map(ListenAddress::unix);
    let directories = unix.map(UnixPath::directory);
    let left = drop_capabilities().map_err(failed)?;
    let landlock = match settings.landlock {
        Switch::On => sandbox::enforce(&settings.certs_dir, directories),
        Switch::Off => Landlock::Off,
    };
    Ok(Confined {
        uid: geteuid().as_raw(),
        capabilities: !left.is_empty(),
        landlock,
    })
}

fn alone() -> io::Result<()> {
    // Without /proc nobody can tell.
    let threads = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    match threads {
        1 => Ok(()),
        _ => Err(io::Error::other("there are threads already")),
    }
}

/// Changes the user, the group and the further groups of this thread, which must be the only one.
///
/// # Errors
/// A user that isn't there or can't be had.
pub fn become_user(wanted: &RunAs) -> Result<(), Finding> {
    let account = look_up(wanted)?;
    let is_already = getuid() == account.uid && getgid() == account.gid;
    if is_already && geteuid() == account.uid && getegid() == account.gid && !geteuid().is_root() {
        return Ok(());
    }
    let change = || {
        // In this order: the first two need what the last gives up.
        set_thread_groups(&account.groups)?;
        set_thread_res_gid(account.gid, account.gid, account.gid)?;
        set_thread_res_uid(account.uid, account.uid, account.uid)
    };
    change().map_err(|error| {
        Finding::error("user", format!("can't become {wanted}: {error}"))
            .expected("a start as root, with CAP_SETUID and CAP_SETGID")
            .advice("Leave --user out where the container or the unit sets the user itself (docker run --user, ECS `user`, systemd User=).")
    })
}

/// Hands on what is left.
fn drop_capabilities() -> io::Result<CapabilitySet> {
    let permitted = capabilities(None)?.permitted;
    let left = match geteuid().is_root() {
        true => permitted & OF_ROOT,
        false => CapabilitySet::empty(),
    };
    // Kernels before 4.3 have no such set.
    let _ = clear_ambient_capability_set();
    set_capabilities(
        None,
        CapabilitySets {
            effective: left,
            permitted: left,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    // Other rights may have undone it.
    process::hide();
    Ok(left)
}

fn failed(error: io::Error) -> Finding {
    Finding::error("privileges", format!("can't be given up: {error}"))
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Command;

    use rustix::process::{DumpableBehavior, dumpable_behavior};

    use super::*;

    const ROLE: &str = "CERTGATE_TEST_PRIVILEGES";

    /// Runs this same test in a child, which is dumpable when it begins, as with fs.suid_dumpable = 1 whoever has
    /// become another user.
    #[test]
    fn whoever_has_given_up_is_hidden() {
        if env::var_os(ROLE).is_some() {
            assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::Dumpable);
            drop_capabilities().unwrap();
            assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
            return;
        }
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("startup::privileges::tests::whoever_has_given_up_is_hidden")
            .env(ROLE, "child")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("1 passed"), "{text}");
    }
}
