//! The fleet's ticket secret, as the operator wrote it.
//!
//! Takes the variable or the file; hands on one to four secrets, or what is wrong with them. The text
//! itself is in no finding.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use super::environment::{Environment, TICKET_SECRET};
use super::materials::Source;
use crate::findings::{Finding, Findings};

/// The ticket secret in the certs directory.
pub const TICKET_SECRET_FILE: &str = "ticket_secret";

/// 128 bits in hexadecimal; `openssl rand -hex 32` gives 64.
const MIN_LENGTH: usize = 32;
/// One old, one new, and room for a rotation that began before the last one ended.
const MAX_COUNT: usize = 4;
/// Far more than that many need; a wrong file isn't read to its end.
const MAX_BYTES: usize = 16 << 10;

const EXPECTED: &str =
    "1 to 4 secrets of 32 characters or more, alike on all tasks, blanks or newlines between";
const MAKE: &str = "Make one with `openssl rand -hex 32`";

/// One or several secrets: the first seals tickets, all of them open them. Zeroed on drop; can't be
/// printed.
pub struct OperatorsTicketSecret {
    /// Where it came from.
    pub source: Source,
    /// One a line.
    pub text: Zeroizing<String>,
}

impl OperatorsTicketSecret {
    /// Each of them, in order.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }

    /// `2 secrets from CERTGATE_TICKET_SECRET`
    pub fn describe(&self) -> String {
        let count = self.secrets().count();
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} secret{plural} from {}", self.source)
    }

    fn parse(source: Source, raw: &[u8]) -> Result<Self, Findings> {
        let place = source.to_string();
        let mut findings = Findings::default();
        let mut wrong = |found: String, advice: &str| {
            findings.push(
                Finding::error(&place, found)
                    .expected(EXPECTED)
                    .advice(advice),
            );
        };
        if raw.len() > MAX_BYTES {
            wrong(format!("more than {} KiB", MAX_BYTES >> 10), MAKE);
            return Err(findings);
        }
        // What isn't text has no words to count.
        let Ok(raw) = std::str::from_utf8(raw) else {
            wrong("bytes that are not UTF-8 text".to_owned(), MAKE);
            return Err(findings);
        };
        let secrets: Vec<&str> = raw.split_whitespace().collect();
        let count = secrets.len();
        let one = |index: usize| match count {
            1 => "a secret".to_owned(),
            _ => format!("secret {} of {count}", index + 1),
        };
        if secrets.is_empty() {
            wrong(
                "set, but empty".to_owned(),
                "Set it, or remove it: each task has a random secret of its own then; an empty value often means that a secret was not resolved",
            );
        }
        for (index, secret) in secrets.iter().enumerate() {
            let characters = secret.chars().count();
            if let Some(fault) = mangled(secret) {
                wrong(format!("{} {fault}", one(index)), MAKE);
            } else if characters < MIN_LENGTH {
                wrong(format!("{} of {characters} characters", one(index)), MAKE);
            } else if let Some(first) = secrets[..index].iter().position(|s| s == secret) {
                wrong(
                    format!(
                        "secret {} of {count} is the same as secret {}",
                        index + 1,
                        first + 1
                    ),
                    "Give each once; the new one of a rotation must be new",
                );
            }
        }
        if count > MAX_COUNT {
            wrong(
                format!("{count} secrets"),
                "Drop the old ones: one that was replaced longer than --tls-session-timeout ago opens nothing any more",
            );
        }
        if findings.has_errors() {
            return Err(findings);
        }
        let length = secrets.iter().map(|secret| secret.len() + 1).sum();
        let mut text = Zeroizing::new(String::with_capacity(length));
        for secret in secrets {
            text.push_str(secret);
            text.push('\n');
        }
        Ok(Self { source, text })
    }
}

impl fmt::Debug for OperatorsTicketSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperatorsTicketSecret(from {})", self.source)
    }
}

/// The variable if it is set, else the file in `certs_dir`, else `None`.
pub fn read(
    environment: &Environment,
    certs_dir: &Path,
) -> Result<Option<OperatorsTicketSecret>, Findings> {
    if let Some(raw) = environment.raw(TICKET_SECRET) {
        let variable = TICKET_SECRET;
        let source = Source::Environment { variable };
        return OperatorsTicketSecret::parse(source, raw.as_encoded_bytes()).map(Some);
    }
    if !certs_dir.is_dir() {
        // What else is in its place is in the way of the certificates, which say so.
        return Ok(None);
    }
    let path = certs_dir.join(TICKET_SECRET_FILE);
    let Some(raw) = super::materials::read(&path, MAX_BYTES as u64 + 1, EXPECTED)? else {
        return Ok(None);
    };
    OperatorsTicketSecret::parse(Source::File(path), &raw).map(Some)
}

/// What can't be meant as a secret. It would be taken as one, differently on each way that it comes
/// (quotes stay in one place and go in another), and the fleet would silently fall apart; or, as a
/// name in the place of its content, be no secret at all.
fn mangled(secret: &str) -> Option<&'static str> {
    if secret.starts_with("arn:") || secret.contains("${") || secret.contains("{{") {
        return Some("is a reference that nobody resolved");
    }
    let fine = |c: char| c.is_ascii_graphic() && !['"', '\'', '\\', ','].contains(&c);
    (!secret.chars().all(fine))
        .then_some("has quotes, a backslash, a comma, or characters outside ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "5b0a3c1f9d2e48b7a6c5d4e3f2019887";
    const OTHER: &str = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm8+/w==";

    fn parse(raw: &str) -> Result<OperatorsTicketSecret, Findings> {
        let variable = TICKET_SECRET;
        OperatorsTicketSecret::parse(Source::Environment { variable }, raw.as_bytes())
    }

    #[test]
    fn blanks_around_and_between_do_not_count() {
        for raw in [
            format!("{GOOD} {OTHER}"),
            format!("  {GOOD}\r\n\t{OTHER}\n\n"),
            format!("{GOOD}\n{OTHER}"),
        ] {
            let parsed = parse(&raw).unwrap();
            assert_eq!(parsed.secrets().collect::<Vec<_>>(), [GOOD, OTHER]);
            assert_eq!(*parsed.text, format!("{GOOD}\n{OTHER}\n"));
            assert_eq!(parsed.describe(), "2 secrets from CERTGATE_TICKET_SECRET");
            // What is written is what a next start reads.
            assert_eq!(parse(&parsed.text).unwrap().text, parsed.text);
        }
        let one = parse(GOOD).unwrap();
        assert_eq!(one.describe(), "1 secret from CERTGATE_TICKET_SECRET");
        assert_eq!(
            format!("{one:?}"),
            "OperatorsTicketSecret(from CERTGATE_TICKET_SECRET)"
        );
    }

    #[test]
    fn what_is_wrong_is_said_and_not_shown() {
        let long = "x1".repeat(MAX_BYTES);
        let five = (0..5).map(|n| format!("{GOOD}{n} ")).collect::<String>();
        let literal = format!("{GOOD}\\n{OTHER}");
        for (raw, words) in [
            (String::new(), "set, but empty"),
            (" \n".to_owned(), "set, but empty"),
            (GOOD[1..].to_owned(), "a secret of 31 characters"),
            (
                format!("{GOOD} {}", &OTHER[9..]),
                "secret 2 of 2 of 31 characters",
            ),
            (
                format!("{GOOD} {OTHER} {GOOD}"),
                "secret 3 of 3 is the same as secret 1",
            ),
            (five, "5 secrets"),
            (format!("\"{GOOD}\""), "a secret has quotes"),
            (literal, "a backslash"),
            (format!("{GOOD},{OTHER}"), "a comma"),
            (format!("{GOOD}ü"), "outside ASCII"),
            (format!("${{{GOOD}}}"), "a reference that nobody resolved"),
            (
                format!("arn:aws:ssm:eu-west-1:123456789012:{GOOD}"),
                "a reference",
            ),
            (long, "more than 16 KiB"),
        ] {
            let findings = parse(&raw).err().unwrap_or_else(|| panic!("{words}"));
            let text = findings.to_string();
            assert!(text.contains(words), "{text}");
            assert!(
                text.starts_with("error: CERTGATE_TICKET_SECRET: "),
                "{text}"
            );
            for secret in [&GOOD[..8], &OTHER[..8], &GOOD[20..28], "x1x1"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
        let short = parse("hunter2").unwrap_err().to_string();
        assert!(short.contains("openssl rand -hex 32"), "{short}");
        assert!(!short.contains("hunter2"), "{short}");
        // All faults at once.
        let both = parse("hunter2 horse").unwrap_err();
        assert_eq!(both.iter().count(), 2, "{both}");
        assert!(OperatorsTicketSecret::parse(Source::File("/x".into()), b"\xff").is_err());
    }
}
