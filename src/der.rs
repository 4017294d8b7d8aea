//! DER (ITU-T X.690), as far as something is asked of a certificate or key that the `openssl` crate
//! doesn't answer.
//!
//! Takes bytes, hands on elements. Lengths that don't fit end the reading: the answer is then `None`,
//! not a wrong one.

/// `OBJECT IDENTIFIER`
pub const OID: u8 = 0x06;
/// `OCTET STRING`
pub const OCTETS: u8 = 0x04;
/// `BOOLEAN`
pub const BOOLEAN: u8 = 0x01;
/// `INTEGER`
pub const INTEGER: u8 = 0x02;
/// `SEQUENCE`
pub const SEQUENCE: u8 = 0x30;
/// `SET`
pub const SET: u8 = 0x31;

/// One element.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// Class, form and number, as long as they fit one byte.
    pub tag: u8,
    /// Its content.
    pub content: &'a [u8],
    /// What follows it.
    pub rest: &'a [u8],
}

/// The first element.
pub fn element(der: &[u8]) -> Option<Element<'_>> {
    let (&tag, rest) = der.split_first()?;
    // The number would go on in the next byte, which isn't the length (X.690 section 8.1.2.4).
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        // No digits would be a length that isn't said (BER's, X.690 section 8.1.3.6), not one of nothing.
        let count = Some(usize::from(first & 0x7f)).filter(|count| *count > 0)?;
        let (digits, rest) = rest.split_at_checked(count)?;
        let length = digits.iter().try_fold(0usize, |length, digit| {
            Some(length.checked_mul(256)? + usize::from(*digit))
        })?;
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some(Element { tag, content, rest })
}

/// One after the other.
pub fn elements(der: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::successors(element(der), |last| element(last.rest))
}

/// The elements of a certificate's to-be-signed part (RFC 5280 section 4.1), the version included if
/// it is written.
pub fn to_be_signed(certificate: &[u8]) -> Option<impl Iterator<Item = Element<'_>>> {
    let certificate = element(certificate)?;
    Some(elements(element(certificate.content)?.content))
}

/// The content of an `AlgorithmIdentifier` (RFC 5280 section 4.1.1.2): the OID and the parameters.
pub fn algorithm(identifier: &[u8]) -> Option<(&[u8], Option<Element<'_>>)> {
    let oid = element(identifier).filter(|e| e.tag == OID)?;
    Some((oid.content, element(oid.rest)))
}

/// One extension of a certificate, of a revocation list or of an entry in one (RFC 5280 section 4.1).
#[derive(Debug, Clone, Copy)]
pub struct Extension<'a> {
    /// The content of its OBJECT IDENTIFIER.
    pub oid: &'a [u8],
    /// Whether who doesn't understand it must not rely on the rest.
    pub critical: bool,
    /// What is in its OCTET STRING.
    pub value: &'a [u8],
}

/// The extensions in the content of `Extensions`.
pub fn extensions(content: &[u8]) -> impl Iterator<Item = Extension<'_>> {
    elements(content).filter_map(|extension| {
        let oid = element(extension.content)?;
        // OID, an optional BOOLEAN for critical, then the value.
        let next = element(oid.rest)?;
        let critical = next.tag == BOOLEAN && next.content.iter().any(|on| *on != 0);
        let value = elements(oid.rest).find(|e| e.tag == OCTETS)?;
        Some(Extension {
            oid: oid.content,
            critical,
            value: value.content,
        })
    })
}

/// The extensions of a certificate.
pub fn certificate_extensions(certificate: &[u8]) -> impl Iterator<Item = Extension<'_>> {
    const EXTENSIONS: u8 = 0xa3;
    let found = to_be_signed(certificate)
        .and_then(|mut parts| parts.find(|e| e.tag == EXTENSIONS))
        .and_then(|tagged| element(tagged.content));
    found.into_iter().flat_map(|list| extensions(list.content))
}

/// The CA flag of a certificate's basicConstraints (RFC 5280 section 4.2.1.9); `None` if that extension isn't
/// there.
pub fn is_authority(certificate: &[u8]) -> Option<bool> {
    const BASIC_CONSTRAINTS: [u8; 3] = [0x55, 0x1d, 0x13];
    let constraints = certificate_extensions(certificate).find(|e| e.oid == BASIC_CONSTRAINTS)?;
    let flag = element(constraints.value).and_then(|inner| element(inner.content));
    Some(flag.is_some_and(|f| f.tag == BOOLEAN && f.content.iter().any(|on| *on != 0)))
}

/// An OBJECT IDENTIFIER's content as people write it: `2.5.29.20`. With a number of more than 128 bits it is
/// `#` and hex.
pub fn oid_text(content: &[u8]) -> String {
    let mut numbers: Vec<u128> = Vec::new();
    let mut number = 0u128;
    for byte in content {
        if number >> (128 - 7) > 0 {
            let digits = content.iter().map(|byte| format!("{byte:02x}"));
            return format!("#{}", digits.collect::<String>());
        }
        number = number << 7 | u128::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            numbers.push(number);
            number = 0;
        }
    }
    // The first two share a number (ITU-T X.690 section 8.19.4).
    if let Some(first) = numbers.first().copied() {
        let top = (first / 40).min(2);
        numbers.splice(..1, [top, first - 40 * top]);
    }
    let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    texts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_do_not_fit_are_no_elements() {
        assert_eq!(element(&[4, 2, 1, 2, 5]).unwrap().content, [1, 2]);
        assert_eq!(element(&[4, 0x81, 1, 9]).unwrap().content, [9]);
        for broken in [
            &[][..],
            &[4],
            &[4, 3, 1, 2],
            &[4, 0x82, 1],
            &[4, 0x89, 255, 255, 255, 255, 255, 255, 255, 255, 255],
            // BER: of indefinite length, of a tag of more than one byte.
            &[0x30, 0x80, 4, 1, 9, 0, 0],
            &[0x9f, 0x02, 0x01, 0x09],
        ] {
            assert!(element(broken).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn object_identifiers_are_numbers_with_points() {
        assert_eq!(oid_text(&[0x55, 0x1d, 0x14]), "2.5.29.20");
        assert_eq!(
            oid_text(&[0x2b, 0x06, 0x01, 0x04, 0x01, 0x81, 0xfd, 0x59, 0x01]),
            "1.3.6.1.4.1.32473.1"
        );
        assert_eq!(oid_text(&[]), "");
    }
}
