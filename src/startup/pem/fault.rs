//! Why a value is no PEM, in words for the operator.
//!
//! Takes kinds and counts from [`super::Pem::parse`] and [`crate::startup::repair`], never content;
//! its text becomes the `found` of a finding.

use super::Label;

/// Why a value is no PEM. Its text says what was found; [`PemFault::advice`] says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemFault {
    /// Nothing but blanks and quotes.
    #[error("an empty value")]
    Empty,
    /// Text without any BEGIN or END.
    #[error("no PEM block: {characters} characters that are {}", if *base64 { "base64 of something else" } else { "not base64" })]
    NoBlock {
        /// How long the value is.
        characters: usize,
        /// Whether it would decode as base64.
        base64: bool,
    },
    /// The name of the thing instead of the thing.
    #[error("{0} instead of its content")]
    Placeholder(&'static str),
    /// Base64 (or a file) that holds a binary format.
    #[error("{0} instead of PEM")]
    Binary(&'static str),
    /// A BEGIN without its END.
    #[error("a BEGIN {} without its END: the value was cut off", .0.name())]
    CutOff(Label),
    /// An END without its BEGIN.
    #[error("an END {} without its BEGIN: the first part of the value is missing", .0.name())]
    Headless(Label),
    /// BEGIN and END that name different kinds.
    #[error("a BEGIN {} that is closed by END {}", .0.name(), .1.name())]
    Crossed(Label, Label),
    /// A body that isn't base64.
    #[error("a BEGIN {} whose body is not base64 (block {number} of {count})", .label.name())]
    BadBody {
        /// Which kind of block.
        label: Label,
        /// Which block, from 1.
        number: usize,
        /// Of how many.
        count: usize,
    },
    /// Gzip data that doesn't unpack.
    #[error("gzip data that is damaged or cut off")]
    BadGzip,
    /// More than certgate is willing to unpack or read.
    #[error("more than 4 MiB of data")]
    TooLarge,
    /// Base64 of base64 of …
    #[error("more than {0} layers of encoding (base64, gzip, percent) around the value")]
    TooDeep(usize),
}

impl PemFault {
    /// What the operator can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Empty => "Set it to the PEM text, or remove the variable to use the file",
            Self::NoBlock { .. } => {
                "Give the text from -----BEGIN to -----END, both lines included, or its base64"
            }
            Self::Placeholder(_) => {
                "Give the PEM text itself; in an ECS task definition that is `secrets` with `valueFrom`, not `environment`"
            }
            Self::Binary(_) => {
                "Convert it with `openssl x509`, `openssl pkey` or `openssl pkcs12 -nodes` to PEM and give that text"
            }
            Self::CutOff(_) => {
                "SSM's limit is 4,096 bytes (8,192 advanced); split the value over NAME_1, NAME_2, … or use gzip+base64"
            }
            Self::Headless(_) => "Copy it again from the -----BEGIN line on, that line included",
            Self::Crossed(..) => {
                "Lines are missing or two values were mixed; copy it again from the original file"
            }
            Self::BadBody { .. } => {
                "Copy it again from the original file; nothing but base64 may stand between BEGIN and END"
            }
            Self::BadGzip => "Make it again with `gzip -9 < file.pem | base64 -w0`",
            Self::TooLarge => "Give only the certificates that are needed",
            Self::TooDeep(_) => "Encode the PEM text once at most",
        }
    }
}
