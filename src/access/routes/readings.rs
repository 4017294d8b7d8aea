//! All that a server could take a path for.
//!
//! certgate passes paths on as they came, and what is behind it may decode them once more or not at all, merge
//! slashes, take `\` for one, resolve dot segments before or after that, or leave out `;` and what follows. Which of
//! it, nobody can tell from here. So a path that isn't plain has readings: whatever comes out of any sequence of
//! these steps.

/// A path that can't be decided about: it has no readings, or too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a path that nobody can be sure to read rightly")]
pub struct Unreadable;

/// At least one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Readings<'a> {
    /// All read it as it is.
    Plain(&'a str),
    /// The first is how nginx, and certgate's own files, read it.
    Several(Vec<Vec<u8>>),
}

/// In bytes: a longer one has to be plain. nginx takes 8 KiB of a request line.
const LONGEST: usize = 8 * 1024;
/// An ordinary path with something escaped has three; whoever needs more than these wants to confuse.
const MOST: usize = 32;
/// In bytes, of all readings together: what a request can make the gateway do is bounded, too.
const ROOM: usize = 16 * 1024;

/// From one reading to another one, or to itself.
type Step = fn(&[u8]) -> Vec<u8>;

const STEPS: [Step; 9] = [
    |path| decoded(path, |_| true),
    |path| decoded(path, is_name),
    |path| path.iter().map(|byte| slash(*byte)).collect(),
    without_parameters,
    before_query,
    merged,
    resolved,
    without_host,
    without_host_of_browsers,
];

impl<'a> Readings<'a> {
    /// Those of the path of a request's target, as it came, without its query.
    pub(super) fn of(path: &'a str) -> Result<Self, Unreadable> {
        if is_plain(path) {
            return Ok(Self::Plain(path));
        }
        let bytes = path.as_bytes();
        if !path.starts_with('/') || path.len() > LONGEST || is_broken(bytes) {
            return Err(Unreadable);
        }
        let usual = resolved(&merged(&decoded(bytes, is_name)));
        let mut readings = vec![sound(usual)?];
        let add = |readings: &mut Vec<Vec<u8>>, reading| {
            if !readings.contains(&reading) {
                readings.push(sound(reading)?);
            }
            let bytes: usize = readings.iter().map(Vec::len).sum();
            match readings.len() > MOST || bytes > ROOM {
                true => Err(Unreadable),
                false => Ok(()),
            }
        };
        // What can't be written in another way isn't written oddly.
        add(&mut readings, decoded(bytes, is_always_escaped))?;
        let mut next = 0;
        while next < readings.len() {
            for step in STEPS {
                let reading = step(&readings[next]);
                add(&mut readings, reading)?;
            }
            next += 1;
        }
        Ok(Self::Several(readings))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let (plain, several) = match self {
            Self::Plain(path) => (Some(path.as_bytes()), &[][..]),
            Self::Several(readings) => (None, &readings[..]),
        };
        plain
            .into_iter()
            .chain(several.iter().map(|reading| &reading[..]))
    }
}

/// Whether none of the steps makes another path of it. Runs for each request, and allocates nothing.
fn is_plain(path: &str) -> bool {
    let odd =
        |byte: u8| byte.is_ascii_control() || matches!(byte, b'%' | b'\\' | b';' | b'?' | b'#');
    let Some(names) = path.strip_prefix('/') else {
        return false;
    };
    if path.bytes().any(odd) {
        return false;
    }
    let names = names.strip_suffix('/').unwrap_or(names);
    path == "/"
        || names
            .split('/')
            .all(|name| !matches!(name, "" | "." | ".."))
}

/// Whether a `%` isn't followed by two digits.
fn is_broken(path: &[u8]) -> bool {
    let percents = path.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    percents
        .map(|(at, _)| escaped_at(path, at))
        .any(|byte| byte.is_none())
}

/// Nothing in it that ends a text, or a slash or a dot of more bytes than it needs (RFC 3629 section 3).
fn sound(reading: Vec<u8>) -> Result<Vec<u8>, Unreadable> {
    let overlong = reading.iter().enumerate().any(|(at, byte)| {
        let next = reading.get(at + 1);
        match byte {
            0xC0 | 0xC1 => true,
            0xE0 => next.is_some_and(|next| (0x80..0xA0).contains(next)),
            0xF0 => next.is_some_and(|next| (0x80..0x90).contains(next)),
            // Of five and six bytes, as it once was: nothing is written so.
            0xF8..=0xFD => next.is_some_and(|next| (0x80..0xC0).contains(next)),
            _ => false,
        }
    });
    // What decodes to no text may still be a name in another encoding; two bytes that begin like UTF-8's longest
    // way to write a slash are none.
    match overlong && std::str::from_utf8(&reading).is_err()
        || reading.iter().any(u8::is_ascii_control)
    {
        true => Err(Unreadable),
        false => Ok(reading),
    }
}

/// The byte that is escaped here.
fn escaped_at(path: &[u8], at: usize) -> Option<u8> {
    let digits = path.get(at..at + 3)?.strip_prefix(b"%")?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()
}

/// Once, those bytes that `which` says.
fn decoded(path: &[u8], which: fn(u8) -> bool) -> Vec<u8> {
    let mut text = Vec::with_capacity(path.len());
    let mut at = 0;
    while at < path.len() {
        match escaped_at(path, at).filter(|byte| which(*byte)) {
            Some(byte) => {
                text.push(byte);
                at += 3;
            }
            None => {
                text.push(path[at]);
                at += 1;
            }
        }
    }
    text
}

/// Not what parts names, or ends a path.
fn is_name(byte: u8) -> bool {
    !matches!(byte, b'/' | b'\\' | b';' | b'?' | b'#' | b'%')
}

/// What RFC 3986 section 3.3 has no other way to write.
fn is_always_escaped(byte: u8) -> bool {
    !byte.is_ascii() || b" \"<>[]^`{|}".contains(&byte)
}

fn slash(byte: u8) -> u8 {
    if byte == b'\\' { b'/' } else { byte }
}

fn without_parameters(path: &[u8]) -> Vec<u8> {
    let names = path.split(|byte| *byte == b'/');
    let names = names.map(|name| name.split(|byte| *byte == b';').next().unwrap_or_default());
    names.collect::<Vec<_>>().join(&b'/')
}

fn before_query(path: &[u8]) -> Vec<u8> {
    let mut parts = path.split(|byte| matches!(byte, b'?' | b'#'));
    parts.next().unwrap_or_default().to_vec()
}

fn merged(path: &[u8]) -> Vec<u8> {
    let mut path = path.to_vec();
    path.dedup_by(|byte, before| *byte == b'/' && *before == b'/');
    path
}

/// RFC 3986 section 5.2.4: what goes above the root stays at it.
fn resolved(path: &[u8]) -> Vec<u8> {
    let inside = path.strip_prefix(b"/").unwrap_or(path);
    let mut names: Vec<&[u8]> = Vec::new();
    let mut is_directory = false;
    for name in inside.split(|byte| *byte == b'/') {
        is_directory = matches!(name, b"." | b"..");
        match name {
            b"." => {}
            b".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    if is_directory {
        names.push(b"");
    }
    [b"/", &names.join(&b'/')[..]].concat()
}

/// Who takes a path for a reference (RFC 3986 section 4.2) finds a host after two slashes.
fn without_host(path: &[u8]) -> Vec<u8> {
    let Some(rest) = path.strip_prefix(b"//") else {
        return path.to_vec();
    };
    match rest.iter().position(|byte| *byte == b'/') {
        Some(end) => rest[end..].to_vec(),
        None => b"/".to_vec(),
    }
}

/// The WHATWG's URL Standard ("special authority ignore slashes state") finds it after any number of slashes from two on.
fn without_host_of_browsers(path: &[u8]) -> Vec<u8> {
    let slashes = path.iter().take_while(|byte| **byte == b'/').count();
    without_host(&path[slashes.saturating_sub(2)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(path: &str) -> Vec<String> {
        let readings = Readings::of(path).unwrap_or_else(|_| panic!("{path}: unreadable"));
        let text = |reading: &[u8]| String::from_utf8_lossy(reading).into_owned();
        readings.iter().map(text).collect()
    }

    #[test]
    fn plain_paths_are_read_as_they_are() {
        for path in [
            "/",
            "/a",
            "/a/",
            "/a/b.c",
            "/a..b/.c/...",
            "/grüße",
            "/a:b@c=d&e+f,g~h",
        ] {
            assert_eq!(Readings::of(path), Ok(Readings::Plain(path)), "{path}");
            // No step makes another path of it: it would have to be looked at.
            for step in STEPS {
                assert_eq!(step(path.as_bytes()), path.as_bytes(), "{path}");
            }
        }
    }

    #[test]
    fn the_first_reading_is_that_of_the_content() {
        for (path, first) in [
            ("/%61dmin", "/admin"),
            ("//admin///x", "/admin/x"),
            ("/x/../admin", "/admin"),
            ("/x//../admin", "/admin"),
            ("/x/%2e%2E/admin/.", "/admin/"),
            ("/x%2Fadmin", "/x%2Fadmin"),
            ("/100%25", "/100%25"),
            ("/../a", "/a"),
            ("/a%20b", "/a b"),
        ] {
            assert_eq!(readings(path)[0], first, "{path}");
        }
    }

    #[test]
    fn what_has_one_spelling_only_has_one_reading() {
        for (path, reading) in [("/a%20b", "/a b"), ("/gr%C3%BC%C3%9Fe", "/grüße")] {
            assert_eq!(readings(path), [reading], "{path}");
        }
    }

    #[test]
    fn odd_paths_have_each_reading() {
        for (path, expected) in [
            ("/%61dmin", &["/%61dmin", "/admin"][..]),
            ("/%2561dmin", &["/%61dmin", "/admin"]),
            ("/x/../admin", &["/x/../admin", "/admin"]),
            ("/x/..%2Fadmin", &["/x/..%2Fadmin", "/x/../admin", "/admin"]),
            ("/x/..;a=b/admin", &["/x/../admin", "/admin"]),
            ("/x/..%3Ba/admin", &["/admin"]),
            ("/admin;x/y", &["/admin;x/y", "/admin/y"]),
            ("/x\\..\\admin", &["/x/../admin", "/admin"]),
            ("/x%5c..%5cadmin", &["/admin"]),
            ("//x/admin", &["/x/admin", "/admin", "//x/admin"]),
            // However many slashes there are before a host, to browsers and Node (new URL(target, base)).
            ("///x/admin", &["/x/admin", "/admin", "///x/admin"]),
            ("/\\\\/x\\admin", &["/x/admin", "/admin"]),
            ("///x//admin", &["/x//admin", "//admin", "/admin"]),
            ("/\\x/admin", &["/admin"]),
            ("/x//../admin", &["/x/admin", "/admin"]),
            ("/admin%3Fx", &["/admin"]),
            ("/admin%23x", &["/admin"]),
            ("/;/admin", &["/admin"]),
            ("/x/%252e%252e/admin", &["/admin"]),
            // Decoded, but for the slash, and not merged.
            (
                "/w/x///a%2fb/%2e%2e/%2e%2e/%2e%2e/%2e%2e/admin",
                &["/w/admin"],
            ),
        ] {
            let found = readings(path);
            for reading in expected {
                assert!(found.iter().any(|one| one == reading), "{path}: {found:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let many = format!("/%{}41", "25".repeat(MOST));
        let long = format!("/a;{}", "x".repeat(LONGEST));
        let work = format!("/{}", r"x\y;z%2f//../".repeat(LONGEST / 16));
        for path in [
            "",
            "*",
            "admin",
            "/a%",
            "/a%2",
            "/a%zz",
            "/%u0061dmin",
            "/a%00",
            "/a%2500",
            "/a%0d%0a",
            "/a%7f",
            "/%c0%afadmin",
            "/%c1%a1dmin",
            "/%e0%80%afadmin",
            "/%f0%80%80%afadmin",
            "/\0",
            &many,
            &long,
            &work,
        ] {
            let shown = path.chars().take(20).collect::<String>();
            assert!(matches!(Readings::of(path), Err(Unreadable)), "{shown}");
        }
        assert!(Readings::of("/caf%e9").is_ok());
        let plain = format!("/{}", "a%20".repeat(LONGEST / 5));
        assert!(Readings::of(&plain).is_ok());
    }
}
