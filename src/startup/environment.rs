//! The variables with certificates and secrets, as the environment has them.
//!
//! Takes the environment as pairs, so that tests need no real one; hands on the raw [`Value`] of each
//! variable, whole or in its parts `NAME_1`, `NAME_2`, …, and the names that must be scrubbed.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::pem::{Pem, PemFault};
use super::repair;
use crate::findings::{Finding, Findings};

pub use crate::config::definitions::TICKET_SECRET;

/// The server's certificate chain.
pub const SERVER_CERTIFICATE: &str = "SSL_SERVER_CERTIFICATE";
/// The server's private key.
pub const SERVER_KEY: &str = "SSL_SERVER_KEY";
/// The CA certificates that client certificates must chain to.
pub const CLIENT_CERTIFICATE: &str = "SSL_CLIENT_CERTIFICATE";
/// The revocation lists of the client CA and its intermediates.
pub const CLIENT_CRL: &str = "SSL_CLIENT_CRL";

const VARIABLES: [&str; 5] = [
    SERVER_CERTIFICATE,
    SERVER_KEY,
    CLIENT_CERTIFICATE,
    CLIENT_CRL,
    TICKET_SECRET,
];

/// The part of the environment that holds certificates and keys. Zeroed on drop; can't be printed.
pub struct Environment {
    /// By variable: the whole value (part `None`) and the numbered ones, under their own names.
    values: BTreeMap<&'static str, BTreeMap<Option<u32>, Entry>>,
    /// Every name met, also the ones that are wrong.
    secret_names: Vec<String>,
    /// Variables that hold a private key, but aren't read.
    unread_keys: Vec<String>,
}

struct Entry {
    name: String,
    value: Secret,
}

struct Secret(OsString);

impl Drop for Secret {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_encoded_bytes().zeroize();
    }
}

/// A variable's value as it was set.
pub struct Value {
    /// The variable, without part numbers.
    pub variable: &'static str,
    /// The value, or its parts in order.
    parts: Vec<Zeroizing<String>>,
}

impl Environment {
    /// Keeps what belongs to certificates; everything else is dropped unread.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self {
            values: BTreeMap::new(),
            secret_names: Vec::new(),
            unread_keys: Vec::new(),
        };
        for (name, value) in variables {
            let Ok(name) = name.into_string() else {
                continue;
            };
            let Some((variable, part)) = variable_of(&name) else {
                if is_private_key(&value) {
                    environment.secret_names.push(name.clone());
                    environment.unread_keys.push(name);
                }
                continue;
            };
            environment.secret_names.push(name.clone());
            let value = Secret(value);
            environment
                .values
                .entry(variable)
                .or_default()
                .insert(part, Entry { name, value });
        }
        environment
    }

    /// The real one.
    pub fn of_process() -> Self {
        Self::new(std::env::vars_os())
    }

    /// The names of all variables that must not stay in the environment of the serving process,
    /// parts included. Empty if there is nothing to scrub.
    pub fn secret_variables(&self) -> &[String] {
        &self.secret_names
    }

    /// Whether `variable` is set in any form.
    pub fn has(&self, variable: &str) -> bool {
        self.values.contains_key(variable)
    }

    /// The raw value of `variable`, or `None` if it isn't set in any form.
    pub fn value(&self, variable: &'static str) -> Result<Option<Value>, Findings> {
        let Some(entries) = self.values.get(variable) else {
            return Ok(None);
        };
        let mut findings = Findings::default();
        if entries.contains_key(&None) && entries.len() > 1 {
            findings.push(
                Finding::error(
                    variable,
                    format!("both {variable} and {variable}_N are set"),
                )
                .expected("the whole value in one variable, or all of it in numbered parts")
                .advice(format!("Remove {variable} or every {variable}_N")),
            );
            return Err(findings);
        }
        refuse_gaps(variable, entries.keys().flatten(), &mut findings);
        let mut parts = Vec::with_capacity(entries.len());
        for (part, entry) in entries {
            match entry.value.0.to_str() {
                // A cut at a fixed length may leave a part with nothing but the last newline.
                Some(text) if text.is_empty() || part.is_none() && text.trim().is_empty() => {
                    findings.push(empty(&entry.name));
                }
                Some(text) => parts.push(Zeroizing::new(text.to_owned())),
                None => findings.push(
                    Finding::error(&entry.name, "bytes that are not UTF-8 text")
                        .expected("PEM text, or its base64")
                        .advice("A binary file can't go into a variable; give its base64"),
                ),
            }
        }
        if findings.has_errors() {
            return Err(findings);
        }
        Ok(Some(Value { variable, parts }))
    }

    /// A variable as it was set, for what is no PEM and has no parts.
    pub fn raw(&self, variable: &'static str) -> Option<&OsStr> {
        let entry = self.values.get(variable)?.get(&None)?;
        Some(&entry.value.0)
    }

    /// What is wrong with variables that no material is made of.
    pub fn unsupported(&self) -> Findings {
        let mut findings = Findings::default();
        for name in &self.unread_keys {
            findings.push(
                Finding::warning(name, "a private key in a variable that certgate doesn't read")
                    .expected(SERVER_KEY)
                    .advice("It is taken out of the environment of the serving process; remove it from the task definition"),
            );
        }
        findings
    }
}

impl Value {
    /// The value as clean PEM.
    pub fn repaired(&self) -> Result<Pem, PemFault> {
        match self.parts.as_slice() {
            [whole] => repair::repair(whole.as_bytes()),
            parts => repair::repair_parts(parts.iter().map(|part| part.as_str())),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.secret_names).finish()
    }
}

/// `SSL_SERVER_KEY_2` is part 2 of `SSL_SERVER_KEY`. Odd numbers (`_0`, `_01`) are parts as well, so
/// that they are scrubbed and complained about and not overlooked.
fn variable_of(name: &str) -> Option<(&'static str, Option<u32>)> {
    VARIABLES.iter().find_map(|variable| {
        let rest = name.strip_prefix(variable)?;
        if rest.is_empty() {
            return Some((*variable, None));
        }
        // It is short; with a number it is an unknown setting.
        let digits = rest
            .strip_prefix('_')
            .filter(|_| *variable != TICKET_SECRET)?;
        let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let odd = digits.starts_with('0');
        all_digits.then(|| {
            let number = if odd { 0 } else { digits.parse().unwrap_or(0) };
            (*variable, Some(number))
        })
    })
}

/// A leftover such as `SSL_SERVER_KEY_OLD`: nobody reads it, everybody could.
fn is_private_key(value: &OsStr) -> bool {
    let value = value.as_encoded_bytes();
    let marker = b"PRIVATE KEY-----";
    let is_plain = value.windows(marker.len()).any(|window| window == marker);
    // "-----BEGIN" in base64, quoted perhaps.
    let begin = b"LS0tLS1CRUdJ";
    let start = &value[..value.len().min(begin.len() + 8)];
    let may_be_encoded = start.windows(begin.len()).any(|window| window == begin);
    is_plain
        || (may_be_encoded
            && repair::repair(value)
                .is_ok_and(|pem| pem.blocks.iter().any(|block| block.label.is_private())))
}

fn refuse_gaps<'a>(
    variable: &str,
    numbers: impl Iterator<Item = &'a u32> + Clone,
    findings: &mut Findings,
) {
    let Some(last) = numbers.clone().max() else {
        return;
    };
    let count = numbers.clone().count();
    if numbers.clone().any(|n| *n == 0) {
        findings.push(
            Finding::error(variable, "a part whose number is 0 or has leading zeros")
                .expected(format!("{variable}_1, {variable}_2, …"))
                .advice("Number the parts from 1"),
        );
    } else if *last as usize != count {
        // The numbers ascend, so the first that isn't its own position shows the gap.
        let missing = numbers
            .zip(1..)
            .find(|(number, position)| **number != *position)
            .map_or(*last, |(_, position)| position);
        findings.push(
            Finding::error(
                variable,
                format!("{variable}_{last} is set, but {variable}_{missing} is not"),
            )
            .expected("parts numbered from 1 without a gap")
            .advice("Set the missing part, or renumber"),
        );
    }
}

fn empty(name: &str) -> Finding {
    Finding::error(name, "set, but empty")
        .expected("PEM text, or its base64")
        .advice("Set it, or remove the variable to use the file; an empty value often means that a secret was not resolved")
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::startup::test_certificates as make;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::new(variables.iter().map(|(n, v)| (n.into(), v.into())))
    }

    fn complaint(variables: &[(&str, &str)]) -> String {
        let environment = environment(variables);
        environment.value(SERVER_KEY).err().unwrap().to_string()
    }

    #[test]
    fn reads_whole_values_and_parts() {
        let pem = make::key_pem(&make::ec_key());
        let (a, b) = pem.split_at(70);
        for variables in [
            vec![(SERVER_KEY, pem.as_str())],
            vec![("SSL_SERVER_KEY_1", pem.as_str())],
            vec![("SSL_SERVER_KEY_2", b), ("SSL_SERVER_KEY_1", a)],
        ] {
            let value = environment(&variables).value(SERVER_KEY).unwrap().unwrap();
            assert_eq!(*value.repaired().unwrap().blocks[0].to_pem(), pem);
        }
        assert!(
            environment(&[("PATH", "/bin")])
                .value(SERVER_KEY)
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn parts_are_read_in_the_order_of_their_numbers() {
        let pem = make::key_pem(&make::ec_key());
        let names: Vec<String> = (1..=12).map(|n| format!("SSL_SERVER_KEY_{n}")).collect();
        let chunk = pem.len().div_ceil(12);
        let parts: Vec<(&str, &str)> = names
            .iter()
            .enumerate()
            .map(|(i, name)| {
                let end = pem.len().min((i + 1) * chunk);
                (name.as_str(), &pem[i * chunk..end])
            })
            .collect();
        let value = environment(&parts).value(SERVER_KEY).unwrap().unwrap();
        assert_eq!(*value.repaired().unwrap().blocks[0].to_pem(), pem);
    }

    #[test]
    fn names_what_is_wrong_with_the_variables() {
        assert!(
            complaint(&[("SSL_SERVER_KEY_1", "a"), ("SSL_SERVER_KEY_3", "b")])
                .contains("SSL_SERVER_KEY_3 is set, but SSL_SERVER_KEY_2 is not")
        );
        assert!(
            complaint(&[("SSL_SERVER_KEY_2", "b")])
                .contains("SSL_SERVER_KEY_2 is set, but SSL_SERVER_KEY_1 is not")
        );
        assert!(complaint(&[("SSL_SERVER_KEY", "a"), ("SSL_SERVER_KEY_1", "b")]).contains("both"));
        assert!(complaint(&[("SSL_SERVER_KEY", " ")]).contains("set, but empty"));
        assert!(complaint(&[("SSL_SERVER_KEY_01", "a")]).contains("leading zeros"));
        assert!(complaint(&[("SSL_SERVER_KEY_0", "a")]).contains("number is 0"));
        let binary = Environment::new([(SERVER_KEY.into(), OsString::from_vec(vec![0xff, 0xfe]))]);
        let complaint = binary.value(SERVER_KEY).err().unwrap().to_string();
        assert!(complaint.contains("not UTF-8"));
    }

    #[test]
    fn lists_every_secret_name() {
        let environment = environment(&[
            ("SSL_SERVER_KEY_1", "a"),
            ("SSL_SERVER_KEY_07", "a"),
            ("SSL_SERVER_KEY_FILE", "no part"),
            ("SSL_CLIENT_CRL", "a"),
            ("SSL_SERVER_CERTIFICATE", ""),
            ("CERTGATE_TICKET_SECRET", "too short"),
            ("CERTGATE_TICKET_SECRET_1", "no part"),
            ("HOME", "/root"),
        ]);
        assert_eq!(
            environment.secret_variables(),
            [
                "SSL_SERVER_KEY_1",
                "SSL_SERVER_KEY_07",
                "SSL_CLIENT_CRL",
                "SSL_SERVER_CERTIFICATE",
                "CERTGATE_TICKET_SECRET"
            ]
        );
        assert_eq!(environment.raw(TICKET_SECRET).unwrap(), "too short");
        let shown = format!("{environment:?}");
        assert!(!shown.contains("\"a\"") && !shown.contains("too short"));
    }

    #[test]
    fn only_what_nobody_reads_is_unsupported() {
        assert!(
            environment(&[(SERVER_KEY, "x"), (CLIENT_CRL, "x")])
                .unsupported()
                .is_empty()
        );
        let leftover = [("SSL_SERVER_KEY_OLD", "-----BEGIN PRIVATE KEY-----")];
        let findings = environment(&leftover).unsupported();
        assert!(findings.to_string().contains("SSL_SERVER_KEY_OLD"));
        let pem = make::key_pem(&make::ec_key());
        let key = STANDARD.encode(&*pem);
        let quoted = format!("\"{key}\"");
        let other = STANDARD.encode("-----BEGIN NOTHING-----");
        let found = environment(&[("A", &key), ("B", &quoted), ("C", &other)]);
        assert_eq!(found.secret_variables(), ["A", "B"]);
    }
}
