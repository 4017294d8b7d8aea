//! PEM text, taken apart and written again in one canonical form.
//!
//! Takes text whose mangling [`super::repair`] has undone; hands on [`Pem`]: blocks of label and DER,
//! which [`super::materials`] judges. What can't be read is a [`PemFault`], which describes what was
//! found by kind and count, never by content.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};
use openssl::x509::X509;
use zeroize::Zeroizing;

pub use self::fault::PemFault;

mod fault;

/// The blocks of one PEM text, in their order.
pub struct Pem {
    /// At least one.
    pub blocks: Vec<Block>,
}

/// One `BEGIN … END` block.
pub struct Block {
    /// What the BEGIN line says it is.
    pub label: Label,
    /// What the body decodes to. Zeroed on drop, since it may be a key. Empty for an encrypted key
    /// of the old form (`Proc-Type: 4,ENCRYPTED`), which nobody here can use.
    pub der: Zeroizing<Vec<u8>>,
}

/// The kinds of blocks that people put into certificate variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// `CERTIFICATE`, also when written as `X509 CERTIFICATE` or `TRUSTED CERTIFICATE`.
    Certificate,
    /// PKCS#8.
    PrivateKey,
    /// PKCS#1.
    RsaPrivateKey,
    /// SEC 1.
    EcPrivateKey,
    /// The old DSA form.
    DsaPrivateKey,
    /// PKCS#8 under a passphrase, or an old form with `Proc-Type: 4,ENCRYPTED`.
    EncryptedPrivateKey,
    /// OpenSSH's own form.
    OpensshPrivateKey,
    /// The curve that `openssl ecparam -genkey` writes before the key.
    EcParameters,
    /// Diffie-Hellman parameters.
    DhParameters,
    /// A public key.
    PublicKey,
    /// A signing request.
    CertificateRequest,
    /// A revocation list.
    Crl,
    /// A PKCS#7 bundle.
    Pkcs7,
    /// Something else. Its label isn't kept, so that it can't be shown.
    Unknown,
}

/// Labels as they are written; the first of a kind is the one that certgate writes.
const LABELS: [(&str, Label); 20] = [
    ("CERTIFICATE", Label::Certificate),
    ("X509 CERTIFICATE", Label::Certificate),
    ("TRUSTED CERTIFICATE", Label::Certificate),
    ("PRIVATE KEY", Label::PrivateKey),
    ("ANY PRIVATE KEY", Label::PrivateKey),
    ("RSA PRIVATE KEY", Label::RsaPrivateKey),
    ("EC PRIVATE KEY", Label::EcPrivateKey),
    ("DSA PRIVATE KEY", Label::DsaPrivateKey),
    ("ENCRYPTED PRIVATE KEY", Label::EncryptedPrivateKey),
    ("OPENSSH PRIVATE KEY", Label::OpensshPrivateKey),
    ("EC PARAMETERS", Label::EcParameters),
    ("DH PARAMETERS", Label::DhParameters),
    ("X9.42 DH PARAMETERS", Label::DhParameters),
    ("PUBLIC KEY", Label::PublicKey),
    ("RSA PUBLIC KEY", Label::PublicKey),
    ("CERTIFICATE REQUEST", Label::CertificateRequest),
    ("NEW CERTIFICATE REQUEST", Label::CertificateRequest),
    ("X509 CRL", Label::Crl),
    ("PKCS7", Label::Pkcs7),
    ("PKCS #7 SIGNED DATA", Label::Pkcs7),
];

impl Pem {
    /// Reads every block of `text`; what stands between them is dropped.
    ///
    /// Line breaks and blanks inside a block may be anything or missing altogether.
    pub fn parse(text: &str) -> Result<Self, PemFault> {
        let count = text.matches(BEGIN).count();
        let mut blocks = Vec::with_capacity(count);
        let mut rest = text;
        while let Some(begin) = rest.find(BEGIN) {
            refuse_stray_end(&rest[..begin])?;
            let (label, after) =
                take_label(&rest[begin + BEGIN.len()..]).ok_or(PemFault::CutOff(Label::Unknown))?;
            let body_end = after.find(END).ok_or(PemFault::CutOff(label))?;
            let body = &after[..body_end];
            if body.contains(BEGIN) {
                return Err(PemFault::CutOff(label));
            }
            let (end_label, tail) =
                take_label(&after[body_end + END.len()..]).ok_or(PemFault::CutOff(label))?;
            if end_label != label {
                return Err(PemFault::Crossed(label, end_label));
            }
            let block = Block::decode(label, body).ok_or(PemFault::BadBody {
                label,
                number: blocks.len() + 1,
                count,
            })?;
            blocks.push(block);
            rest = tail;
        }
        refuse_stray_end(rest)?;
        if blocks.is_empty() {
            return Err(PemFault::NoBlock {
                characters: text.chars().count(),
                base64: decode_base64(text).is_some(),
            });
        }
        Ok(Self { blocks })
    }

    /// What is in there, for people: `2 CERTIFICATE blocks and 1 PRIVATE KEY block`.
    pub fn describe(&self) -> String {
        let mut counts: Vec<(Label, usize)> = Vec::new();
        for block in &self.blocks {
            match counts.iter_mut().find(|(label, _)| *label == block.label) {
                Some((_, count)) => *count += 1,
                None => counts.push((block.label, 1)),
            }
        }
        let parts: Vec<String> = counts
            .iter()
            .map(|(label, count)| {
                let plural = if *count == 1 { "" } else { "s" };
                format!("{count} {} block{plural}", label.name())
            })
            .collect();
        match parts.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => "no PEM block".to_owned(),
        }
    }
}

impl Block {
    fn decode(label: Label, body: &str) -> Option<Self> {
        if body.contains("Proc-Type:") || body.contains("DEK-Info:") {
            return Some(Self {
                label: Label::EncryptedPrivateKey,
                der: Zeroizing::new(Vec::new()),
            });
        }
        let mut der = decode_base64(body)?;
        // `TRUSTED CERTIFICATE` carries OpenSSL's own trust settings after the certificate. What
        // doesn't parse is left as it is: the materials name it with its number.
        if label == Label::Certificate
            && let Ok(certificate) = X509::from_der(&der).and_then(|c| c.to_der())
        {
            der = Zeroizing::new(certificate);
        }
        Some(Self { label, der })
    }

    /// The block as OpenSSL would write it: 64 columns, LF, a final newline.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(general_purpose::STANDARD.encode(&*self.der));
        let name = self.label.name();
        // The whole size at once: a String that grows would leave copies of a key behind.
        let size = encoded.len() + encoded.len() / 64 + 2 * name.len() + 40;
        let mut pem = Zeroizing::new(String::with_capacity(size));
        pem.push_str(BEGIN);
        pem.push(' ');
        pem.push_str(name);
        pem.push_str("-----\n");
        let mut body = encoded.as_str();
        while !body.is_empty() {
            let (line, rest) = body.split_at(body.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            body = rest;
        }
        pem.push_str(END);
        pem.push(' ');
        pem.push_str(name);
        pem.push_str("-----\n");
        pem
    }
}

impl Label {
    /// As the BEGIN line has it.
    pub fn name(self) -> &'static str {
        LABELS
            .iter()
            .find(|(_, label)| *label == self)
            .map_or("(unknown kind)", |(name, _)| name)
    }

    /// Whether it holds a private key in any form.
    pub fn is_private(self) -> bool {
        matches!(
            self,
            Self::PrivateKey
                | Self::RsaPrivateKey
                | Self::EcPrivateKey
                | Self::DsaPrivateKey
                | Self::EncryptedPrivateKey
                | Self::OpensshPrivateKey
        )
    }

    fn from_text(text: &str) -> Self {
        // Blanks are compared away: a value split over two variables may have lost one.
        let squeezed = |s: &str| s.split_whitespace().collect::<String>();
        let wanted = squeezed(text);
        LABELS
            .iter()
            .find(|(name, _)| squeezed(name) == wanted)
            .map_or(Self::Unknown, |(_, label)| *label)
    }
}

const BEGIN: &str = "-----BEGIN";
const END: &str = "-----END";

/// Decodes base64 as people paste it: standard or URL alphabet, wrapped, quoted, padded or not.
pub(super) fn decode_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    for c in text.chars() {
        match c {
            '-' => plain.push('+'),
            '_' => plain.push('/'),
            '"' | '\'' | '`' => {}
            c if c.is_whitespace() => {}
            c if c.is_ascii() => plain.push(c),
            _ => return None,
        }
    }
    if plain.is_empty() {
        return None;
    }
    LENIENT.decode(plain.as_str()).ok().map(Zeroizing::new)
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Splits ` CERTIFICATE-----rest` into label and rest.
fn take_label(text: &str) -> Option<(Label, &str)> {
    let end = text.find("-----")?;
    // Labels are short: a far-off `-----` belongs to another line, and this one was cut.
    (end <= 64).then(|| (Label::from_text(&text[..end]), &text[end + 5..]))
}

fn refuse_stray_end(between: &str) -> Result<(), PemFault> {
    match between.find(END) {
        Some(at) => {
            let label = take_label(&between[at + END.len()..]).map_or(Label::Unknown, |l| l.0);
            Err(PemFault::Headless(label))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::startup::test_certificates as make;

    #[test]
    fn writes_what_openssl_writes() {
        let authority = make::authority("one");
        let pem = make::pem(&authority.certificate);
        let read = Pem::parse(&pem).unwrap();
        assert_eq!(*read.blocks[0].to_pem(), pem);
        let key = make::key_pem(&authority.key);
        assert_eq!(*Pem::parse(&key).unwrap().blocks[0].to_pem(), key);
    }

    #[test]
    fn drops_text_between_blocks_and_counts_kinds() {
        let authority = make::authority("one");
        let text = String::from_utf8(authority.certificate.to_text().unwrap()).unwrap();
        let pem = make::pem(&authority.certificate);
        let key = make::key_pem(&authority.key);
        let all =
            format!("Bag Attributes\n  friendlyName: x\n{text}{pem}# a comment\n{pem}\n{key}");
        let read = Pem::parse(&all).unwrap();
        assert_eq!(
            read.describe(),
            "2 CERTIFICATE blocks and 1 PRIVATE KEY block"
        );
    }

    #[test]
    fn a_trusted_certificate_becomes_a_plain_one() {
        let certificate = make::authority("one").certificate;
        let mut der = certificate.to_der().unwrap();
        // An aux SEQUENCE with one trusted OID (clientAuth), as `openssl x509 -trustout` appends.
        der.extend([0x30, 0x0c, 0x30, 0x0a, 0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2]);
        let text = format!(
            "-----BEGIN TRUSTED CERTIFICATE-----\n{}\n-----END TRUSTED CERTIFICATE-----\n",
            general_purpose::STANDARD.encode(&der)
        );
        let read = Pem::parse(&text).unwrap();
        assert_eq!(*read.blocks[0].to_pem(), make::pem(&certificate));
    }

    #[test]
    fn a_label_that_nobody_knows_is_not_repeated() {
        let fault = Pem::parse("-----BEGIN HUNTER2-----\nAAAA\n").err().unwrap();
        assert!(!fault.to_string().contains("HUNTER2"));
    }
}
