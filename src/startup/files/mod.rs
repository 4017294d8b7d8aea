//! Writes the environment's materials to files, all or nothing.
//!
//! Takes [`Materials`]; hands on the list of [`WrittenFiles`]. Each file is written under a temporary
//! name, with its final mode from the first byte on, and synced; only when all are there are they
//! renamed. A failure, at whatever step, removes the temporary ones.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::process::geteuid;
use tempfile::NamedTempFile;

use super::crls::CLIENT_CRL_FILE;
use super::environment::CLIENT_CRL;
use super::materials::{
    CLIENT_CA_FILE, Identity, Materials, SERVER_CERTIFICATE_FILE, SERVER_KEY_FILE, Source,
};
use super::privileges::Account;
use super::ticket_secret::TICKET_SECRET_FILE;
use crate::findings::{Finding, Findings};
use crate::kept::CRL_CACHE;

/// What was written.
#[derive(Debug, Default)]
pub struct WrittenFiles {
    /// In the order certificate, key, client CA, ticket secret, revocation lists; empty if all materials
    /// are files already.
    pub files: Vec<WrittenFile>,
    /// Warnings about the directory.
    pub findings: Findings,
}

/// One of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// The variable that it was made of.
    pub variable: &'static str,
}

/// Writes those of `materials` that came from the environment into `certs_dir`.
///
/// With an `owner`, the files are that account's, and so is the directory if it is certgate's own.
pub fn write(
    materials: &Materials,
    certs_dir: &Path,
    owner: Option<&Account>,
) -> Result<WrittenFiles, Findings> {
    let wanted = wanted(materials);
    let mut written = WrittenFiles::default();
    if wanted.is_empty() {
        return Ok(written);
    }
    prepare_directory(certs_dir, &mut written.findings)
        .map_err(|e| failure(certs_dir, "can't be prepared", &e))?;
    if written.findings.has_errors() {
        return Err(written.findings);
    }
    remove_leftovers(certs_dir).map_err(|e| failure(certs_dir, "can't be prepared", &e))?;
    let mut temporaries = Vec::with_capacity(wanted.len());
    for file in &wanted {
        let path = certs_dir.join(file.name);
        // Rename can't replace a directory; found out here, it costs none of the other files.
        if fs::symlink_metadata(&path).is_ok_and(|m| m.is_dir()) {
            return Err(failure(
                &path,
                "can't be written",
                &ErrorKind::IsADirectory.into(),
            ));
        }
        let temporary =
            write_temporary(certs_dir, file).map_err(|e| failure(&path, "can't be written", &e))?;
        give(temporary.as_file(), owner)
            .map_err(|e| failure(&path, "can't be given to --user", &e))?;
        temporaries.push((temporary, path));
    }
    for ((temporary, path), file) in temporaries.into_iter().zip(&wanted) {
        temporary
            .persist(&path)
            .map_err(|e| failure(&path, "can't be put in place", &e.error))?;
        written.files.push(WrittenFile {
            path,
            mode: file.mode,
            variable: file.variable,
        });
    }
    // Once it is given away, a root without CAP_DAC_OVERRIDE can't open it.
    let opened = File::open(certs_dir).map_err(|e| failure(certs_dir, "can't be opened", &e))?;
    if is_own(&opened) {
        give(&opened, owner).map_err(|e| failure(certs_dir, "can't be given to --user", &e))?;
    }
    // The renames themselves: without it, a crash of the machine could bring the old names back.
    opened
        .sync_all()
        .map_err(|e| failure(certs_dir, "can't be synced", &e))?;
    Ok(written)
}

/// What `write` would stumble over, with nothing written: a place where no directory can be, a
/// read-only file system, missing rights. A full disk shows only in writing.
pub fn rehearse(materials: &Materials, certs_dir: &Path) -> Findings {
    if wanted(materials).is_empty() {
        return Findings::default();
    }
    // The directory itself, or the one that it would be made in.
    let present = certs_dir
        .ancestors()
        .find(|dir| dir.symlink_metadata().is_ok());
    let present = present.unwrap_or(Path::new("."));
    let writable = match fs::metadata(present) {
        Ok(metadata) if !metadata.is_dir() => Err(ErrorKind::NotADirectory.into()),
        Ok(_) => access(present, Access::WRITE_OK | Access::EXEC_OK).map_err(io::Error::from),
        Err(error) => Err(error),
    };
    match writable {
        Ok(()) => Findings::default(),
        Err(error) => failure(certs_dir, "can't be prepared", &error),
    }
}

/// One file to write.
struct Wanted<'a> {
    name: &'static str,
    content: &'a str,
    mode: u32,
    variable: &'static str,
}

fn wanted(materials: &Materials) -> Vec<Wanted<'_>> {
    let mut all = Vec::new();
    for Identity { certificate, key } in &materials.identities {
        let pem = certificate.pem.as_str();
        all.push((SERVER_CERTIFICATE_FILE, &certificate.source, pem, 0o644));
        all.push((SERVER_KEY_FILE, &key.source, key.pem.as_str(), 0o600));
    }
    if let Some(ca) = &materials.client_ca {
        all.push((CLIENT_CA_FILE, &ca.source, ca.pem.as_str(), 0o644));
    }
    if let Some(secret) = &materials.ticket_secret {
        let text = secret.text.as_str();
        all.push((TICKET_SECRET_FILE, &secret.source, text, 0o600));
    }
    let variable = CLIENT_CRL;
    let source = Source::Environment { variable };
    if let Some(crl) = &materials.client_crl {
        all.push((CLIENT_CRL_FILE, &source, crl.as_str(), 0o644));
    }
    all.into_iter()
        .filter_map(|(name, source, content, mode)| match source {
            Source::Environment { variable } => Some(Wanted {
                name,
                content,
                mode,
                variable,
            }),
            Source::File(_) => None,
        })
        .collect()
}

const PREFIX: &str = ".certgate-";
const SUFFIX: &str = ".tmp";

fn write_temporary(dir: &Path, file: &Wanted<'_>) -> io::Result<NamedTempFile> {
    let permissions = Permissions::from_mode(file.mode);
    let mut temporary = tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        .permissions(permissions.clone())
        .tempfile_in(dir)?;
    temporary.write_all(file.content.as_bytes())?;
    // The umask may have taken bits off at creation; it can't have added any.
    temporary.as_file().set_permissions(permissions)?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

/// By its descriptor: whoever can write to the directory could have put something else in its place.
fn give(file: &File, owner: Option<&Account>) -> io::Result<()> {
    match owner {
        Some(Account { uid, gid, .. }) => fchown(file, Some(uid.as_raw()), Some(gid.as_raw())),
        None => Ok(()),
    }
}

/// Whether a directory is this user's, and nobody else's.
fn is_own(dir: &File) -> bool {
    dir.metadata()
        .is_ok_and(|metadata| metadata.uid() == geteuid().as_raw() && metadata.mode() & 0o077 == 0)
}

/// Makes the directory, or closes an open one to others.
fn prepare_directory(dir: &Path, findings: &mut Findings) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let metadata = fs::metadata(dir)?;
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    // A directory that others use, too (/tmp, /etc/ssl): closing it would lock them out.
    let sticky = mode & 0o1000 != 0;
    if !sticky && metadata.uid() == geteuid().as_raw() && holds_nothing_else(dir)? {
        return fs::set_permissions(dir, Permissions::from_mode(0o700));
    }
    // Who can replace the client CA between writing and reading decides who is let in.
    if mode & 0o022 != 0 && !sticky {
        findings.push(
            Finding::error(
                dir.display().to_string(),
                format!("a directory that others can write to (mode {mode:04o}), and that isn't certgate's own"),
            )
            .expected("a directory of mode 0700")
            .advice("Whoever can write there decides which clients are let in: choose a directory of its own with --certs-dir"),
        );
        return Ok(());
    }
    findings.push(
        Finding::warning(
            dir.display().to_string(),
            format!(
                "a directory that others can enter (mode {mode:04o}) and that isn't certgate's own"
            ),
        )
        .expected("a directory of mode 0700")
        .advice(
            "The key in it is 0600 all the same; choose a directory of its own with --certs-dir",
        ),
    );
    Ok(())
}

/// Whether a directory is empty but for the files that certgate writes.
fn holds_nothing_else(dir: &Path) -> io::Result<bool> {
    let ours = [
        SERVER_CERTIFICATE_FILE,
        SERVER_KEY_FILE,
        CLIENT_CA_FILE,
        TICKET_SECRET_FILE,
        CLIENT_CRL_FILE,
        CRL_CACHE,
    ];
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let temporary = name.starts_with(PREFIX) && name.ends_with(SUFFIX);
        if !temporary && !ours.contains(&&*name) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A run that was killed between writing and renaming leaves its temporaries, perhaps with the key.
fn remove_leftovers(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) && !entry.file_type()?.is_dir() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn failure(path: &Path, what: &str, error: &io::Error) -> Findings {
    let advice = match error.kind() {
        ErrorKind::ReadOnlyFilesystem => {
            "The file system is read-only: mount a tmpfs at --certs-dir, or choose another directory with it"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "No space is left: make the volume or tmpfs at --certs-dir larger, or choose another directory with it"
        }
        ErrorKind::PermissionDenied => {
            "Let the user that certgate runs as write there, or choose another directory with --certs-dir"
        }
        ErrorKind::IsADirectory => {
            "A directory is in the file's place: remove it; Docker makes one when the source of a bind mount doesn't exist"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "A file is where a directory should be: remove it, or choose another directory with --certs-dir"
        }
        _ => "Choose another directory with --certs-dir",
    };
    Finding::error(path.display().to_string(), format!("{what}: {error}"))
        .advice(advice)
        .into()
}

#[cfg(test)]
mod tests;
