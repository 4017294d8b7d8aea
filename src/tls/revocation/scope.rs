//! Which certificates a revocation list is about (RFC 5280 sections 5.2.5 and 6.3.3).

use openssl::x509::X509Ref;

use super::CrlFault;
use crate::der;

/// What the extension issuingDistributionPoint says; without it, all of the issuer's certificates.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scope {
    only: Only,
    /// The names (GeneralName, DER) of its distribution point: about certificates that have one of
    /// them in their cRLDistributionPoints. `None` if it has no such name.
    names: Option<Vec<Vec<u8>>>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Only {
    #[default]
    All,
    Users,
    Authorities,
}

impl Scope {
    /// Reads the extension's value.
    pub fn of(value: &[u8]) -> Result<Self, CrlFault> {
        let sequence = der::element(value).filter(|e| e.tag == der::SEQUENCE);
        let sequence = sequence.ok_or(CrlFault::Unclear)?;
        let mut scope = Self::default();
        let mut flags = Vec::new();
        for part in der::elements(sequence.content) {
            let on = part.content.iter().any(|on| *on != 0);
            match part.tag {
                0xa0 => scope.names = Some(full_name(part.content)?),
                0x81 | 0x82 | 0x85 if on => flags.push(part.tag),
                0x81 | 0x82 | 0x85 => {}
                0x83 => return Err(CrlFault::SomeReasons),
                0x84 if on => return Err(CrlFault::Indirect),
                0x84 => {}
                _ => return Err(CrlFault::Unclear),
            }
        }
        scope.only = match flags[..] {
            [] => Only::All,
            [0x81] => Only::Users,
            [0x82] => Only::Authorities,
            [_] => return Err(CrlFault::AttributeCertificates),
            // At most one may be TRUE.
            _ => return Err(CrlFault::Unclear),
        };
        Ok(scope)
    }

    /// Whether a certificate of the list's issuer is among those that it is about.
    pub fn covers(&self, certificate: &X509Ref) -> bool {
        if *self == Self::default() {
            return true;
        }
        let Ok(certificate) = certificate.to_der() else {
            return false;
        };
        let authority = der::is_authority(&certificate) == Some(true);
        let kind = match self.only {
            Only::All => true,
            Only::Users => !authority,
            Only::Authorities => authority,
        };
        kind && self.names.as_ref().is_none_or(|names| {
            let points = distribution_points(&certificate);
            points.iter().any(|point| names.contains(point))
        })
    }
}

/// The names in a `DistributionPointName` that is a `fullName`.
fn full_name(content: &[u8]) -> Result<Vec<Vec<u8>>, CrlFault> {
    match der::element(content) {
        Some(name) if name.tag == 0xa0 => Ok(general_names(name.content)),
        // Relative to the issuer's: RFC 5280 advises against it, and AWS-LC doesn't read it either.
        _ => Err(CrlFault::RelativeName),
    }
}

/// Each with its tag and length.
fn general_names(content: &[u8]) -> Vec<Vec<u8>> {
    let names = der::elements(content);
    names
        .scan(content, |left, name| {
            let whole = &left[..left.len() - name.rest.len()];
            *left = name.rest;
            Some(whole.to_vec())
        })
        .collect()
}

/// The names of a certificate's cRLDistributionPoints (RFC 5280 section 4.2.1.13), but for those of points that
/// have some reasons only, or another issuer.
fn distribution_points(certificate: &[u8]) -> Vec<Vec<u8>> {
    const DISTRIBUTION_POINTS: [u8; 3] = [0x55, 0x1d, 0x1f];
    let found = der::certificate_extensions(certificate).find(|e| e.oid == DISTRIBUTION_POINTS);
    let Some(points) = found.and_then(|extension| der::element(extension.value)) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for point in der::elements(points.content) {
        let parts = || der::elements(point.content);
        let limited = parts().any(|part| part.tag != 0xa0);
        if let (false, Some(name)) = (limited, parts().next()) {
            names.extend(full_name(name.content).unwrap_or_default());
        }
    }
    names
}
