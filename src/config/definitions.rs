//! One row a setting: its name, its help and its default.
//!
//! The row is the only definition. The flag, the environment variable, the TOML key, the help text
//! and the table in the README all come from it.

mod clients;
mod connections;
mod limits;
mod operation;
mod times;
mod tls;
mod traffic;

/// One setting, as the operator meets it.
#[derive(Debug)]
pub struct Definition {
    /// The TOML key, and the flag without its dashes: `client-auth`.
    pub name: &'static str,
    /// What stands for the value in help texts.
    pub value: &'static str,
    /// The default as it would be written; empty when there is none.
    pub default: &'static str,
    /// Whether it takes several values, and what stands between them in one text.
    pub list: List,
    /// Whether a `[[site]]` of the TOML file can have its own.
    pub per_site: bool,
    /// The group it is shown under.
    pub heading: &'static str,
    /// What it does, in a sentence or two.
    pub help: &'static str,
}

/// How many values a setting takes: several are a repeated flag, a TOML array, or one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// One.
    No,
    /// Several; in one text with commas or spaces between.
    Words,
    /// Several that have commas and spaces in them; in one text each on a line of its own, or with
    /// semicolons between. A flag has one.
    Lines,
}

impl Definition {
    /// The environment variable: `client-auth` is `CERTGATE_CLIENT_AUTH`.
    pub fn variable(&self) -> String {
        format!(
            "{}{}",
            VARIABLE_PREFIX,
            self.name.replace('-', "_").to_uppercase()
        )
    }
}

/// What the environment variables of all settings begin with.
pub const VARIABLE_PREFIX: &str = "CERTGATE_";

/// The one variable with this prefix that is no setting: the secret that a fleet's session tickets are
/// sealed with. Only [`startup`](crate::startup) reads it.
pub const TICKET_SECRET: &str = "CERTGATE_TICKET_SECRET";

const fn one(
    heading: &'static str,
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
) -> Definition {
    Definition {
        name,
        value,
        default,
        list: List::No,
        per_site: false,
        heading,
        help,
    }
}

const fn many(
    heading: &'static str,
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
) -> Definition {
    Definition {
        list: List::Words,
        ..one(heading, name, value, default, help)
    }
}

const fn lines(definition: Definition) -> Definition {
    Definition {
        list: List::Lines,
        ..definition
    }
}

const fn per_site(definition: Definition) -> Definition {
    Definition {
        per_site: true,
        ..definition
    }
}

/// Every setting, in the order of the help text.
pub fn all() -> impl Iterator<Item = &'static Definition> + Clone {
    [
        traffic::ROWS,
        clients::ROWS,
        limits::ROWS,
        tls::ROWS,
        connections::ROWS,
        times::ROWS,
        operation::ROWS,
    ]
    .into_iter()
    .flatten()
}

/// The definition of a name.
pub fn find(name: &str) -> Option<&'static Definition> {
    all().find(|d| d.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_kebab_case() {
        for (index, definition) in all().enumerate() {
            assert!(
                definition
                    .name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '-')
            );
            assert!(all().take(index).all(|d| d.name != definition.name));
        }
    }
}
