//! Who the process becomes: a name or number, looked up in /etc/passwd and /etc/group.
//!
//! Read as files: an image FROM scratch has no name service, and a number needs neither file.

use std::fs;
use std::path::Path;

use rustix::process::{Gid, Uid};

use crate::config::user::{Named, RunAs};
use crate::findings::Finding;

/// A user of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub uid: Uid,
    /// The group.
    pub gid: Gid,
    /// Further groups: those that /etc/group lists the user's name in.
    pub groups: Vec<Gid>,
}

/// Looks a user up.
///
/// # Errors
/// A name that the files don't have.
pub fn look_up(wanted: &RunAs) -> Result<Account, Finding> {
    let [users, groups] = ["etc/passwd", "etc/group"]
        .map(|file| fs::read_to_string(Path::new("/").join(file)).unwrap_or_default());
    find(wanted, &users, &groups)
}

fn find(wanted: &RunAs, users: &str, groups: &str) -> Result<Account, Finding> {
    let known = users
        .lines()
        .filter_map(User::of)
        .find(|user| match &wanted.user {
            Named::Number(number) => user.uid == *number,
            Named::Name(name) => user.name == name,
        });
    let uid = match (&wanted.user, &known) {
        (Named::Number(number), _) => *number,
        (Named::Name(_), Some(user)) => user.uid,
        (Named::Name(name), None) => return Err(unknown("user", name, "/etc/passwd")),
    };
    let gid = match (&wanted.group, &known) {
        (Some(Named::Number(number)), _) => *number,
        (Some(Named::Name(name)), _) => group(groups, name)?,
        (None, Some(user)) => user.gid,
        // Not that of root, which a container would have.
        (None, None) => uid,
    };
    // Who names a group wants that one alone.
    let further = match (&wanted.group, &known) {
        (None, Some(user)) => further(groups, user.name),
        _ => Vec::new(),
    };
    Ok(Account {
        uid: Uid::from_raw(uid),
        gid: Gid::from_raw(gid),
        groups: further.into_iter().map(Gid::from_raw).collect(),
    })
}

/// A line of passwd(5).
struct User<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
}

impl<'a> User<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let mut fields = line.split(':');
        let (name, _password) = (fields.next()?, fields.next()?);
        let mut number = || fields.next()?.parse().ok();
        Some(Self {
            name,
            uid: number()?,
            gid: number()?,
        })
    }
}

/// The name, number and members of each line of group(5).
fn lines(groups: &str) -> impl Iterator<Item = (&str, u32, &str)> {
    groups.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _password, number, members] = fields[..] else {
            return None;
        };
        Some((name, number.parse().ok()?, members))
    })
}

fn group(groups: &str, wanted: &str) -> Result<u32, Finding> {
    let found = lines(groups).find(|(name, ..)| *name == wanted);
    found
        .map(|(_, number, _)| number)
        .ok_or_else(|| unknown("group", wanted, "/etc/group"))
}

fn further(groups: &str, user: &str) -> Vec<u32> {
    lines(groups)
        .filter(|(_, _, members)| members.split(',').any(|member| member == user))
        .map(|(_, number, _)| number)
        .collect()
}

fn unknown(kind: &str, name: &str, file: &str) -> Finding {
    Finding::error("user", format!("found no {kind} {name:?} in {file}"))
        .expected("a name that is there, or a number")
        .advice("An image FROM scratch has no names: give numbers, such as --user 65532:65532.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str =
        "root:x:0:0:root:/root:/bin/sh\nbroken\nwww:x:33:34:www:/var/www:/bin/false\n";
    const GROUPS: &str = "root:x:0:\nssl-cert:x:110:postgres,www\nwww:x:34:\nother:x:7:wwww\n";

    fn found(text: &str) -> Result<(u32, u32, Vec<u32>), String> {
        let account = find(&text.parse().unwrap(), USERS, GROUPS);
        let account = account.map_err(|finding| finding.to_string())?;
        let groups = account.groups.iter().map(|gid| gid.as_raw()).collect();
        Ok((account.uid.as_raw(), account.gid.as_raw(), groups))
    }

    #[test]
    fn names_and_numbers_are_found() {
        assert_eq!(found("www"), Ok((33, 34, vec![110])));
        assert_eq!(found("33"), Ok((33, 34, vec![110])));
        assert_eq!(found("www:ssl-cert"), Ok((33, 110, vec![])));
        assert_eq!(found("33:5"), Ok((33, 5, vec![])));
        assert_eq!(found("65532"), Ok((65532, 65532, vec![])));
    }

    #[test]
    fn a_name_that_is_not_there_is_named() {
        for (text, said) in [
            ("nginx", "no user \"nginx\""),
            ("www:no", "no group \"no\""),
        ] {
            let error = found(text).unwrap_err();
            assert!(error.contains(said) && error.contains("number"), "{error}");
        }
    }
}
