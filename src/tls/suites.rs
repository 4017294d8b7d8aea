//! Which suite of TLS 1.3 a connection gets.
//!
//! Left alone, libssl takes the first of the client's that is on the server's list. Here the server's
//! order decides, as it does in TLS 1.2; only a client that puts ChaCha20 first gets it, because it has no
//! hardware for AES.

use std::ffi::{CStr, CString};

/// Number and name of a suite (IANA's "TLS Cipher Suites").
type Suite = ([u8; 2], &'static str);

const AES_128: Suite = ([0x13, 0x01], "TLS_AES_128_GCM_SHA256");
const AES_256: Suite = ([0x13, 0x02], "TLS_AES_256_GCM_SHA384");
const CHACHA20: Suite = ([0x13, 0x03], "TLS_CHACHA20_POLY1305_SHA256");
const KNOWN: [Suite; 3] = [AES_128, AES_256, CHACHA20];

/// What is used if nobody says otherwise: RFC 8446 section 9.1 asks for the first, whose SHA-256 makes
/// the cheapest handshake.
pub const DEFAULT: [&str; 3] = [AES_128.1, AES_256.1, CHACHA20.1];

/// The server's suites in its order.
pub struct Suites(Vec<([u8; 2], CString)>);

impl Suites {
    /// From names; others than the three that AWS-LC has are passed over.
    pub fn new(names: &[&str]) -> Self {
        let find = |name: &&str| KNOWN.iter().find(|(_, known)| known == name);
        let known = names.iter().filter_map(find);
        Self(
            known
                .filter_map(|(number, name)| Some((*number, CString::new(*name).ok()?)))
                .collect(),
        )
    }

    /// The one to insist on, if that isn't what libssl would take anyway.
    pub fn choose(&self, offered: &[[u8; 2]]) -> Option<&CStr> {
        let ours = |number: &[u8; 2]| self.0.iter().find(|(own, _)| own == number);
        let first = offered.iter().find_map(ours)?;
        if first.0 == CHACHA20.0 {
            return None;
        }
        let best = self.0.iter().find(|(own, _)| offered.contains(own))?;
        (best.0 != first.0).then_some(&best.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AES_FIRST: [[u8; 2]; 4] = [[0x1a, 0x1a], AES_256.0, CHACHA20.0, AES_128.0];

    #[test]
    fn the_servers_order_decides() {
        let suites = Suites::new(&DEFAULT);
        assert_eq!(suites.choose(&AES_FIRST), Some(c"TLS_AES_128_GCM_SHA256"));
        let reverse = Suites::new(&[AES_256.1, AES_128.1]);
        assert_eq!(reverse.choose(&AES_FIRST), None, "the client's first");
        let offered = [AES_128.0, AES_256.0];
        assert_eq!(reverse.choose(&offered), Some(c"TLS_AES_256_GCM_SHA384"));
    }

    #[test]
    fn who_puts_chacha20_first_gets_it() {
        let offered = [CHACHA20.0, AES_256.0, AES_128.0];
        assert_eq!(Suites::new(&DEFAULT).choose(&offered), None);
        let without = Suites::new(&[AES_128.1, AES_256.1]);
        assert_eq!(without.choose(&offered), Some(c"TLS_AES_128_GCM_SHA256"));
    }

    #[test]
    fn what_is_not_offered_is_not_chosen() {
        assert_eq!(Suites::new(&[AES_128.1]).choose(&[AES_256.0]), None);
        assert_eq!(
            Suites::new(&DEFAULT).choose(&[[0xc0, 0x2b]]),
            None,
            "TLS 1.2"
        );
        assert_eq!(Suites::new(&DEFAULT).choose(&[]), None);
    }
}
