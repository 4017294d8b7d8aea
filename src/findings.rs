//! What is wrong, or doubtful, in what the operator gave us.
//!
//! Every part that reads input (settings, environment, certificates) hands its complaints on as
//! [`Findings`], so that all of them are shown at once, in one form, by `serve` and `check` alike.

use std::fmt;

use serde::Serialize;

/// How much a [`Finding`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Works, but an operator would want to know.
    Warning,
    /// Nothing is started.
    Error,
}

/// One complaint: where, what was found, what was expected, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether it stops the start.
    pub severity: Severity,
    /// The key, variable, file or line at fault, as the operator would look for it.
    pub place: String,
    /// What was found there. Never secret content.
    pub found: String,
    /// What was expected instead. Empty where `found` says it all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expected: String,
    /// What to do about it.
    pub advice: String,
}

impl Finding {
    /// A finding that stops the start.
    pub fn error(place: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(Severity::Error, place.into(), found.into())
    }

    /// A finding that is only shown.
    pub fn warning(place: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(Severity::Warning, place.into(), found.into())
    }

    fn new(severity: Severity, place: String, found: String) -> Self {
        Self {
            severity,
            place,
            found,
            expected: String::new(),
            advice: String::new(),
        }
    }

    /// Says what would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = expected.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }
}

impl fmt::Display for Finding {
    /// `error: SSL_SERVER_KEY: found 1 CERTIFICATE block; expected one private key. Swap ….`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {}: {}", self.place, self.found)?;
        if !self.expected.is_empty() {
            write!(f, "; expected {}", self.expected)?;
        }
        if !self.advice.is_empty() {
            let stop = if self.advice.ends_with(['.', '?']) {
                ""
            } else {
                "."
            };
            write!(f, ". {}{stop}", self.advice)?;
        }
        Ok(())
    }
}

/// All complaints about one input, in the order they were met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// Adds all of another input's.
    pub fn extend(&mut self, other: Findings) {
        self.0.extend(other.0);
    }

    /// Says each thing once.
    pub fn dedup(&mut self) {
        let mut said: Vec<Finding> = Vec::with_capacity(self.0.len());
        for finding in self.0.drain(..) {
            if !said.contains(&finding) {
                said.push(finding);
            }
        }
        self.0 = said;
    }

    /// The same, as reasons not to go on.
    pub fn as_errors(mut self) -> Self {
        for finding in &mut self.0 {
            finding.severity = Severity::Error;
        }
        self
    }

    /// Those that aren't in `others`.
    pub fn without(&self, others: &Findings) -> Findings {
        let new = self.iter().filter(|finding| !others.0.contains(finding));
        Self(new.cloned().collect())
    }

    /// Keeps the findings of a failure, hands on a success.
    pub fn note<T>(&mut self, result: Result<T, Findings>) -> Option<T> {
        result.map_err(|findings| self.extend(findings)).ok()
    }

    /// Gives settings their place: `place_of` has the place of a setting's name. What comes after
    /// the name (`listen 0.0.0.0:443`) stays; what has its place (`root in FILE`) keeps it.
    pub fn locate<'a>(&mut self, place_of: impl Fn(&str) -> Option<&'a str>) {
        for finding in &mut self.0 {
            let name = finding.place.split(' ').next().unwrap_or_default();
            let rest = &finding.place[name.len()..];
            let is_located = [" in ", " (default)"].iter().any(|p| rest.starts_with(p));
            if let Some(place) = place_of(name).filter(|_| !is_located) {
                finding.place = format!("{place}{rest}");
            }
        }
    }

    /// Whether any of them stops the start.
    pub fn has_errors(&self) -> bool {
        self.iter().any(|f| f.severity == Severity::Error)
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The findings in order.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }
}

impl From<Finding> for Findings {
    fn from(finding: Finding) -> Self {
        Self(vec![finding])
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in self.iter() {
            writeln!(f, "{finding}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}
