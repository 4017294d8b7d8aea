//! Which user the process becomes once its ports are bound.

use std::fmt;
use std::str::FromStr;

use super::values::Expected;

/// A user, and the group if it isn't the user's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunAs {
    /// The user.
    pub user: Named,
    /// The group.
    pub group: Option<Named>,
}

/// A name or a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// As in passwd(5) and group(5).
    Name(String),
    /// The same as the kernel has it.
    Number(u32),
}

impl FromStr for RunAs {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        Ok(Self {
            user: user.parse()?,
            group: group.map(str::parse).transpose()?,
        })
    }
}

impl FromStr for Named {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        let is_of_names = |c: char| c.is_ascii_alphanumeric() || "-_.$".contains(c);
        match text.parse() {
            // That is no user, but "leave it as it is" (setresuid(2)).
            Ok(number) if number != u32::MAX => Ok(Self::Number(number)),
            Err(_)
                if text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                    && text.chars().all(is_of_names) =>
            {
                Ok(Self::Name(text.to_owned()))
            }
            _ => Err("USER or USER:GROUP, names or numbers".into()),
        }
    }
}

impl fmt::Display for RunAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.user.fmt(f)?;
        match &self.group {
            Some(group) => write!(f, ":{group}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Number(number) => number.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read() {
        for text in ["nobody", "65532", "www-data:ssl-cert", "0:0", "_chrony:7"] {
            assert_eq!(text.parse::<RunAs>().unwrap().to_string(), text);
        }
        for text in [
            "",
            ":",
            "a:",
            ":b",
            "a b",
            "-1",
            "4294967295",
            "a:b:c",
            "../x",
        ] {
            assert!(text.parse::<RunAs>().is_err(), "{text}");
        }
    }
}
