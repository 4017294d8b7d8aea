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
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
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
        ] {
            assert!(element(broken).is_none(), "{broken:?}");
        }
    }
}
