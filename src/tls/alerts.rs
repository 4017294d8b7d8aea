//! Alerts: their names, and those that clients send in clear.

/// The name in RFC 8446 section 6, or in RFC 5246 section 7.2 for those that are gone.
pub fn alert_name(number: u8) -> &'static str {
    match number {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        22 => "record_overflow",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => "unknown",
    }
}

/// A record with an alert that isn't encrypted: type, version, length; level, number.
pub const ALERT_RECORD: usize = 7;

/// The alert of a client that broke off a handshake of TLS 1.3 without encrypting why, if that is what the last bytes are
/// that it sent. OpenSSL does so until its Finished (curl, python, nginx: whoever doesn't accept the server's certificate),
/// and reads the same of others; AWS-LC sees a record that can't be decrypted.
pub fn in_clear(last: [u8; ALERT_RECORD]) -> Option<u8> {
    match last {
        [21, 3, _, 0, 2, 1 | 2, number] => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_in_clear_is_one_record_of_two_bytes() {
        assert_eq!(in_clear([21, 3, 3, 0, 2, 2, 45]), Some(45));
        assert_eq!(in_clear([21, 3, 3, 0, 19, 2, 45]), None, "encrypted");
        assert_eq!(in_clear([23, 3, 3, 0, 2, 2, 45]), None, "of another type");
        assert_eq!(in_clear([21, 3, 3, 0, 2, 3, 45]), None, "no level");
    }
}
