//! Modes, and what is left after a failure.

use std::os::unix::fs::symlink;
use std::process::Command;

use super::*;
use crate::startup::environment::{
    CLIENT_CERTIFICATE, Environment, SERVER_CERTIFICATE, SERVER_KEY, TICKET_SECRET,
};
use crate::startup::materials::{Wants, gather};
use crate::startup::test_certificates as make;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn materials() -> Materials {
    let authority = make::authority("authority");
    let leaf = make::leaf("leaf", &authority);
    let environment = Environment::new(
        [
            (SERVER_CERTIFICATE, make::pem(&leaf.certificate)),
            (SERVER_KEY, make::key_pem(&leaf.key)),
            (CLIENT_CERTIFICATE, make::pem(&authority.certificate)),
            (TICKET_SECRET, SECRET.to_owned()),
        ]
        .map(|(name, value)| (name.into(), value.into())),
    );
    gather(&environment, &Wants::usual(Path::new("/nonexistent"), true)).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn files_and_directory_get_their_modes() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("run/certgate/certs");
    let materials = materials();
    let written = write(&materials, &dir, None).unwrap();
    assert!(written.findings.is_empty());
    assert_eq!(mode(&dir), 0o700);
    for (file, expected) in [
        (SERVER_CERTIFICATE_FILE, 0o644),
        (SERVER_KEY_FILE, 0o600),
        (CLIENT_CA_FILE, 0o644),
        (TICKET_SECRET_FILE, 0o600),
    ] {
        assert_eq!(mode(&dir.join(file)), expected, "{file}");
        assert!(
            written
                .files
                .iter()
                .any(|w| w.path == dir.join(file) && w.mode == expected)
        );
    }
    assert_eq!(
        fs::read_to_string(dir.join(SERVER_KEY_FILE)).unwrap(),
        *materials.identities[0].key.pem
    );
    // What was written is what a next start without the variables uses; nothing is written again.
    let again = gather(&Environment::new([]), &Wants::usual(&dir, true)).unwrap();
    assert_eq!(again.identities[0].key.pem, materials.identities[0].key.pem);
    let secret = again.ticket_secret.as_ref().unwrap();
    assert_eq!(secret.secrets().collect::<Vec<_>>(), [SECRET]);
    assert!(write(&again, &dir, None).unwrap().files.is_empty());
}

#[test]
fn an_open_directory_is_closed_and_a_shared_one_warned_about() {
    let base = tempfile::tempdir().unwrap();
    fs::set_permissions(base.path(), Permissions::from_mode(0o755)).unwrap();
    // What an earlier run left.
    fs::create_dir(base.path().join(CRL_CACHE)).unwrap();
    assert!(
        write(&materials(), base.path(), None)
            .unwrap()
            .findings
            .is_empty()
    );
    assert_eq!(mode(base.path()), 0o700);

    fs::set_permissions(base.path(), Permissions::from_mode(0o1777)).unwrap();
    let written = write(&materials(), base.path(), None).unwrap();
    assert!(written.findings.to_string().contains("1777"));
    assert_eq!(mode(base.path()), 0o1777);
    assert_eq!(mode(&base.path().join(SERVER_KEY_FILE)), 0o600);
}

#[test]
fn an_existing_readable_key_does_not_pass_its_mode_on() {
    let base = tempfile::tempdir().unwrap();
    let secrets = [SERVER_KEY_FILE, TICKET_SECRET_FILE].map(|name| base.path().join(name));
    for path in &secrets {
        fs::write(path, "old").unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o666)).unwrap();
    }
    write(&materials(), base.path(), None).unwrap();
    assert_eq!(secrets.map(|path| mode(&path)), [0o600; 2]);
}

#[test]
fn a_symlink_is_replaced_and_not_followed() {
    let base = tempfile::tempdir().unwrap();
    let victim = base.path().join("victim");
    fs::write(&victim, "untouched").unwrap();
    let dir = base.path().join("certs");
    fs::create_dir(&dir).unwrap();
    symlink(&victim, dir.join(SERVER_KEY_FILE)).unwrap();
    write(&materials(), &dir, None).unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
    assert!(
        !fs::symlink_metadata(dir.join(SERVER_KEY_FILE))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn a_directory_in_a_files_place_leaves_nothing_new() {
    let base = tempfile::tempdir().unwrap();
    // The last of the three, so that the first two were written already.
    fs::create_dir(base.path().join(CLIENT_CA_FILE)).unwrap();
    let findings = write(&materials(), base.path(), None).err().unwrap();
    assert!(findings.to_string().contains(CLIENT_CA_FILE), "{findings}");
    assert!(
        findings
            .to_string()
            .contains("A directory is in the file's place")
    );
    assert_eq!(names(base.path()), [CLIENT_CA_FILE]);
}

#[test]
fn a_file_in_the_directorys_place_is_named() {
    let base = tempfile::tempdir().unwrap();
    let file = base.path().join("certs");
    fs::write(&file, "").unwrap();
    for dir in [file.clone(), file.join("deeper")] {
        let findings = write(&materials(), &dir, None).err().unwrap();
        assert!(
            findings.to_string().contains("A file is where a directory"),
            "{findings}"
        );
    }
}

#[test]
fn leftovers_of_a_killed_run_are_removed() {
    let base = tempfile::tempdir().unwrap();
    fs::write(base.path().join(".certgate-abc123.tmp"), "half a key").unwrap();
    fs::write(base.path().join("other.tmp"), "not ours").unwrap();
    write(&materials(), base.path(), None).unwrap();
    assert_eq!(
        names(base.path()),
        [
            CLIENT_CA_FILE,
            "other.tmp",
            SERVER_CERTIFICATE_FILE,
            SERVER_KEY_FILE,
            TICKET_SECRET_FILE
        ]
    );
}

/// Mounts need root and a kernel that allows them; without, there is nothing to test here.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn tmpfs(at: &'a Path, options: &str) -> Option<Self> {
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(at)
            .output();
        done.is_ok_and(|o| o.status.success()).then_some(Self(at))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_leaves_no_fragment() {
    let base = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::tmpfs(base.path(), "size=8k") else {
        eprintln!("not run: mounting a tmpfs is not allowed here");
        return;
    };
    fs::write(base.path().join(SERVER_KEY_FILE), "old").unwrap();
    let findings = write(&materials(), base.path(), None).err().unwrap();
    assert!(
        findings.to_string().contains("No space is left"),
        "{findings}"
    );
    assert_eq!(names(base.path()), [SERVER_KEY_FILE]);
    let kept = fs::read_to_string(base.path().join(SERVER_KEY_FILE)).unwrap();
    assert_eq!(kept, "old");
}

#[test]
fn a_read_only_file_system_is_named() {
    let base = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::tmpfs(base.path(), "ro,mode=0700") else {
        eprintln!("not run: mounting a tmpfs is not allowed here");
        return;
    };
    let findings = write(&materials(), base.path(), None).err().unwrap();
    assert!(
        findings
            .to_string()
            .contains("mount a tmpfs at --certs-dir"),
        "{findings}"
    );
}

#[test]
fn every_write_error_has_advice_and_names_the_path() {
    for kind in [
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::StorageFull,
        ErrorKind::PermissionDenied,
        ErrorKind::NotADirectory,
        ErrorKind::Other,
    ] {
        let text = failure(
            Path::new("/x/server_key.key"),
            "can't be written",
            &kind.into(),
        )
        .to_string();
        assert!(
            text.contains("/x/server_key.key") && text.contains("--certs-dir"),
            "{text}"
        );
    }
}

/// Only root can give files away: the others' test run has nothing to look at here.
fn nobody() -> Option<Account> {
    geteuid().is_root().then(|| Account {
        uid: rustix::process::Uid::from_raw(65532),
        gid: rustix::process::Gid::from_raw(65533),
        groups: Vec::new(),
    })
}

fn owner(path: &Path) -> (u32, u32) {
    let metadata = fs::symlink_metadata(path).unwrap();
    (metadata.uid(), metadata.gid())
}

#[test]
fn what_is_written_is_given_to_the_user_and_nothing_else_is() {
    let Some(account) = nobody() else { return };
    let base = tempfile::tempdir().unwrap();
    let victim = base.path().join("victim");
    fs::write(&victim, "x").unwrap();
    let own = base.path().join("own");
    // Another one's directory, with something of its own: it stays whose it is.
    let shared = base.path().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, Permissions::from_mode(0o755)).unwrap();
    fs::write(shared.join("else"), "x").unwrap();
    symlink(&victim, shared.join(SERVER_KEY_FILE)).unwrap();
    let materials = materials();
    for dir in [&own, &shared] {
        write(&materials, dir, Some(&account)).unwrap();
        for file in [SERVER_CERTIFICATE_FILE, SERVER_KEY_FILE, CLIENT_CA_FILE] {
            assert_eq!(owner(&dir.join(file)), (65532, 65533), "{file}");
        }
    }
    assert_eq!(owner(&own), (65532, 65533));
    for other in [&shared, &shared.join("else"), &victim] {
        assert_eq!(owner(other), (0, 0), "{other:?}");
    }
    assert_eq!(fs::read(&victim).unwrap(), b"x");
}

#[test]
fn what_is_put_in_a_file_s_place_is_not_given_away() {
    let Some(account) = nobody() else { return };
    let base = tempfile::tempdir().unwrap();
    let [place, moved, victim] = ["place", "moved", "victim"].map(|name| base.path().join(name));
    fs::write(&victim, "x").unwrap();
    let file = File::create(&place).unwrap();
    fs::rename(&place, &moved).unwrap();
    symlink(&victim, &place).unwrap();
    give(&file, Some(&account)).unwrap();
    assert_eq!(owner(&moved), (65532, 65533));
    assert_eq!((owner(&victim), owner(&place)), ((0, 0), (0, 0)));
}
