//! Unix sockets to listen on, and their files.
//!
//! A socket gets its mode and begins to listen under a name beside its own, and then takes that in one step: whoever
//! finds it can connect, and what was there before is there until then.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Gid, Mode as Bits, OFlags, RenameFlags, Uid, chownat, fchmod, open, rename,
    renameat_with,
};
use rustix::io::Errno;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::config::listen::Backlog;
use crate::config::unix::{Mode, UnixPath};
use crate::findings::Finding;
use crate::telemetry::events::listeners::socket_left;

/// How often it is looked anew if others do something to the file at the same moment.
const LOOKS: usize = 5;
/// The mode of a socket that isn't ready.
const NOBODY: Bits = Bits::empty();

/// How sockets are made.
pub struct UnixSettings {
    /// Who may connect.
    pub mode: Mode,
    /// Whose their files are, user and group; `None` leaves them to who makes them.
    pub owner: Option<(u32, u32)>,
    /// How many connections wait to be accepted.
    pub backlog: Backlog,
}

/// The file of a socket. Removed when this is dropped, unless it is another one by then.
pub struct SocketFile {
    path: PathBuf,
    file: (u64, u64),
}

/// Why there can be no socket.
enum Obstacle {
    /// There is something that is none.
    Other(fs::FileType),
    /// There is one, and a process has it.
    InUse,
    /// There is one, and nobody can tell whether a process has it.
    Unclear(io::Error),
    /// While it was made, something else was put in its place.
    Replaced,
    /// It can't be the user's (by number) that certgate becomes.
    NotGiven(u32, io::Error),
    /// The system says so.
    Failed(io::Error),
}

/// Makes a socket that listens. One that nobody has any more is replaced.
///
/// # Errors
/// What is in the way: a file that is no socket, a process that listens there, a directory that can't be
/// written.
pub fn bind(
    path: &UnixPath,
    settings: &UnixSettings,
) -> Result<(UnixListener, SocketFile), Finding> {
    let mut looks = 0;
    let bound = loop {
        looks += 1;
        match look(path.path()).and_then(|is_there| publish(path, settings, is_there)) {
            // Somebody was faster.
            Err(Obstacle::Failed(error))
                if error.kind() == ErrorKind::AlreadyExists && looks < LOOKS => {}
            bound => break bound,
        }
    };
    bound.map_err(|obstacle| obstacle.finding(path))
}

/// What [`bind`] would complain about. Nothing is left behind, and who listens there hears nothing of it.
pub fn rehearse(path: &UnixPath, settings: &UnixSettings) -> Result<(), Finding> {
    let made = look(path.path()).and_then(|_| make(path, settings));
    made.map(drop).map_err(|obstacle| obstacle.finding(path))
}

/// Whether there is a socket that nobody has.
fn look(path: &Path) -> Result<bool, Obstacle> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    if !kind.is_socket() {
        return Err(Obstacle::Other(kind));
    }
    // Of another type, so that it never comes to a connection: the kernel tells whether a process has the socket
    // before it compares the types.
    let probe = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    match probe.connect(&SockAddr::unix(path)?) {
        Err(error) if is(&error, Errno::CONNREFUSED) => Ok(true),
        Err(error) if is(&error, Errno::NOENT) => Ok(false),
        Err(error) if is(&error, Errno::PROTOTYPE) => Err(Obstacle::InUse),
        Ok(()) => Err(Obstacle::InUse),
        Err(error) => Err(Obstacle::Unclear(error)),
    }
}

/// Makes a socket and gives it its name.
fn publish(
    path: &UnixPath,
    settings: &UnixSettings,
    replaces: bool,
) -> Result<(UnixListener, SocketFile), Obstacle> {
    let (socket, mut file) = make(path, settings)?;
    let exclusively = || renameat_with(CWD, &file.path, CWD, path.path(), RenameFlags::NOREPLACE);
    let renamed = match replaces {
        true => rename(&file.path, path.path()),
        // Not every file system knows how.
        false => match exclusively() {
            Err(Errno::INVAL | Errno::NOSYS) => rename(&file.path, path.path()),
            renamed => renamed,
        },
    };
    renamed.map_err(io::Error::from)?;
    file.path = path.path().to_owned();
    Ok((socket, file))
}

/// Makes a socket that listens, under another name.
fn make(path: &UnixPath, settings: &UnixSettings) -> Result<(UnixListener, SocketFile), Obstacle> {
    let number = RandomState::new().hash_one(0) as u32;
    let mut unready = path.path().as_os_str().to_owned();
    unready.push(format!(".{number:08x}"));
    let unready = PathBuf::from(unready);
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // The file gets it from there. No other has it, and nobody can connect.
    fchmod(&socket, NOBODY).map_err(io::Error::from)?;
    socket.bind(&SockAddr::unix(&unready)?)?;
    let made = open_made(&unready)?;
    let metadata = made.metadata()?;
    let file = SocketFile {
        file: identity(&metadata),
        path: unready,
    };
    if let Some((user, group)) = settings.owner {
        // Who gives the directory a group that its files get means that one.
        let inherits = fs::metadata(path.directory())?.mode() & 0o2000 != 0;
        let group = if inherits { metadata.gid() } else { group };
        if (user, group) != (metadata.uid(), metadata.gid()) {
            let (to, of) = (Some(Uid::from_raw(user)), Some(Gid::from_raw(group)));
            let given = chownat(&made, "", to, of, AtFlags::EMPTY_PATH);
            given.map_err(|error| Obstacle::NotGiven(user, error.into()))?;
        }
    }
    // Descriptors of this kind have no other way to a mode before Linux 6.6.
    let by_descriptor = format!("/proc/self/fd/{}", made.as_fd().as_raw_fd());
    fs::set_permissions(by_descriptor, fs::Permissions::from_mode(settings.mode.0))?;
    socket.listen(settings.backlog.0.into())?;
    socket.set_nonblocking(true)?;
    Ok((socket.into(), file))
}

/// The file of a socket that was just made. A start as root may make it in a directory of others, who can put a link to
/// anything in its place: what follows is done to this file, and not to whatever has its path.
fn open_made(path: &Path) -> Result<File, Obstacle> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(open(path, flags, Bits::empty()).map_err(io::Error::from)?);
    let metadata = file.metadata()?;
    let is_ours = metadata.file_type().is_socket()
        && metadata.uid() == rustix::process::geteuid().as_raw()
        && metadata.mode() & 0o7777 == NOBODY.as_raw_mode()
        && metadata.nlink() == 1;
    is_ours.then_some(file).ok_or(Obstacle::Replaced)
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let removed = match fs::symlink_metadata(&self.path) {
            Ok(metadata) if identity(&metadata) == self.file => fs::remove_file(&self.path),
            // A successor's, or nobody's.
            _ => return,
        };
        if let Err(error) = removed {
            socket_left(&self.path, &error);
        }
    }
}

/// What tells a file from another one in its place.
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

impl From<io::Error> for Obstacle {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl Obstacle {
    fn finding(self, path: &UnixPath) -> Finding {
        let place = format!("listen unix:{}", path.path().display());
        let directory = path.directory().display();
        match self {
            Self::Other(kind) => {
                let what = match () {
                    () if kind.is_symlink() => "a symbolic link",
                    () if kind.is_dir() => "a directory",
                    () if kind.is_file() => "a file",
                    () => "something",
                };
                Finding::error(place, format!("there is {what} that is no socket"))
                    .expected("nothing, or a socket that a process has left behind")
                    .advice("Choose another path, or remove it: certgate doesn't.")
            }
            Self::InUse => Finding::error(place, "can't be bound: another process has this socket")
                .advice("Stop it or choose another path (`ss -lxp` names it)."),
            Self::Unclear(error) => Finding::error(
                place,
                format!("there is a socket, and whether a process has it can't be told: {error}"),
            )
            .advice("Remove it if nobody listens there (`ss -lxp`)."),
            Self::Replaced => {
                let found = "while it was made, somebody put something else in its place";
                Finding::error(place, found)
                    .expected(format!("{directory} to be left alone at a start"))
                    .advice(format!("See who may write to {directory}: nobody should whom certgate isn't run for."))
            }
            Self::NotGiven(user, error) => {
                let found = format!("can't be given to user {user}: {error}");
                Finding::error(place, found).expected("a start as root, with CAP_CHOWN")
            }
            Self::Failed(error) => {
                let finding = Finding::error(place, format!("can't be bound: {error}"));
                match error.kind() {
                    ErrorKind::NotFound => finding.advice(format!(
                        "There is no directory {directory}: create it (systemd: RuntimeDirectory=; in a container a volume)."
                    )),
                    ErrorKind::PermissionDenied => finding.advice(format!(
                        "Let the user that certgate starts as write to {directory}."
                    )),
                    ErrorKind::ReadOnlyFilesystem => finding.advice(format!(
                        "{directory} is read-only: mount a volume there, or choose another path."
                    )),
                    _ => finding.advice("Choose another path."),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    const SETTINGS: UnixSettings = UnixSettings {
        mode: Mode(0o600),
        owner: None,
        backlog: Backlog(16),
    };

    fn path(directory: &tempfile::TempDir) -> UnixPath {
        let path = directory.path().join("s");
        path.to_str().unwrap().parse().unwrap()
    }

    fn names(directory: &tempfile::TempDir) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn a_socket_has_its_name_and_mode_alone_and_its_file_ends_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(&directory);
        let (socket, file) = bind(&path, &SETTINGS).ok().unwrap();
        assert_eq!(names(&directory), [path.path()]);
        let mode = fs::metadata(path.path()).unwrap().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let _client = UnixStream::connect(path.path()).unwrap();
        assert!(socket.accept().is_ok());
        drop(file);
        assert_eq!(names(&directory), [""; 0].map(PathBuf::from));
    }

    #[test]
    fn who_has_the_socket_isnt_disturbed() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(&directory);
        let (socket, _file) = bind(&path, &SETTINGS).ok().unwrap();
        for found in [
            bind(&path, &SETTINGS).err(),
            rehearse(&path, &SETTINGS).err(),
        ] {
            let finding = found.unwrap().to_string();
            assert!(finding.contains("another process"), "{finding}");
        }
        let error = socket.accept().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "nobody has connected");
        assert_eq!(names(&directory), [path.path()]);
    }

    #[test]
    fn what_is_left_is_replaced_and_a_rehearsal_replaces_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(&directory);
        drop(UnixListener::bind(path.path()).unwrap());
        let left = identity(&fs::symlink_metadata(path.path()).unwrap());
        rehearse(&path, &SETTINGS).ok().unwrap();
        let there = identity(&fs::symlink_metadata(path.path()).unwrap());
        assert_eq!(left, there);
        let (_socket, _file) = bind(&path, &SETTINGS).ok().unwrap();
        assert!(UnixStream::connect(path.path()).is_ok());
        assert_eq!(names(&directory), [path.path()]);
    }

    /// As those may do who can write to the directory.
    #[test]
    fn what_was_put_in_its_place_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let [place, target] = ["s.1", "target"].map(|name| directory.path().join(name));
        let is_refused = || matches!(open_made(&place), Err(Obstacle::Replaced));
        let unready = || {
            let _ = fs::remove_file(&place);
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            fchmod(&socket, NOBODY).unwrap();
            socket.bind(&SockAddr::unix(&place).unwrap()).unwrap();
        };
        unready();
        assert!(open_made(&place).is_ok());
        fs::hard_link(&place, &target).unwrap();
        assert!(is_refused(), "a link to another one");
        fs::remove_file(&place).unwrap();
        std::os::unix::fs::symlink(&target, &place).unwrap();
        assert!(is_refused(), "a symbolic link to one");
        fs::remove_file(&place).unwrap();
        drop(UnixListener::bind(&place).unwrap());
        assert!(is_refused(), "a socket that somebody uses");
        fs::remove_file(&place).unwrap();
        fs::write(&place, "").unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o000)).unwrap();
        assert!(is_refused(), "a file");
    }

    #[test]
    fn a_successors_file_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(&directory);
        let (_socket, file) = bind(&path, &SETTINGS).ok().unwrap();
        fs::remove_file(path.path()).unwrap();
        let _successor = bind(&path, &SETTINGS).ok().unwrap();
        drop(file);
        assert!(UnixStream::connect(path.path()).is_ok());
    }
}
