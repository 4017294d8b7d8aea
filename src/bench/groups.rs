//! Names of key exchange groups, as IANA has them ("TLS Supported Groups"): libraries differ.

/// The name of a group's number; empty for one that isn't listed here.
pub fn name(number: u16) -> &'static str {
    match number {
        21 => "secp224r1",
        23 => "secp256r1",
        24 => "secp384r1",
        25 => "secp521r1",
        29 => "x25519",
        0x0200 => "MLKEM512",
        0x0201 => "MLKEM768",
        0x0202 => "MLKEM1024",
        0x11eb => "SecP256r1MLKEM768",
        0x11ec => "X25519MLKEM768",
        0x11ed => "SecP384r1MLKEM1024",
        _ => "",
    }
}
