//! Distinguished names as text that can't break out of its place.

use std::fmt::Write;

use openssl::nid::Nid;
use openssl::x509::X509NameRef;

/// A name as RFC 2253 writes it, as nginx's `$ssl_client_s_dn` does: last RDN first, special
/// characters escaped. Control characters and what is not UTF-8 become `\XX`, so that the text
/// stays on its line whatever the certificate holds.
pub fn rfc2253(name: &X509NameRef) -> String {
    let mut text = String::new();
    let entries: Vec<_> = name.entries().collect();
    for (index, entry) in entries.iter().rev().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let nid = entry.object().nid();
        match nid.short_name() {
            Ok(short) if nid != Nid::UNDEF => text.push_str(short),
            _ => text.push_str(&entry.object().to_string()),
        }
        text.push('=');
        match entry.data().to_string() {
            Ok(value) => escape(&value, &mut text),
            Err(_) => escape_bytes(entry.data().as_slice(), &mut text),
        }
    }
    text
}

fn escape(value: &str, text: &mut String) {
    let last = value.chars().count().saturating_sub(1);
    for (position, c) in value.chars().enumerate() {
        let edge_blank = c == ' ' && (position == 0 || position == last);
        let leading_hash = c == '#' && position == 0;
        if c.is_control() || is_bidi_control(c) {
            escape_bytes(c.encode_utf8(&mut [0; 4]).as_bytes(), text);
        } else {
            if edge_blank || leading_hash || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
                text.push('\\');
            }
            text.push(c);
        }
    }
}

/// Characters that make a terminal or a log viewer show the rest of a line in another order.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escape_bytes(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        // Writing to a String can't fail.
        let _ = write!(text, "\\{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use openssl::x509::X509Name;

    use super::*;

    #[test]
    fn names_stay_on_their_line() {
        for (value, written) in [
            ("alice", "CN=alice,O=Example"),
            ("a,b=c", "CN=a\\,b=c,O=Example"),
            ("a\nb", "CN=a\\0Ab,O=Example"),
            (" a ", "CN=\\ a\\ ,O=Example"),
            ("#a\"", "CN=\\#a\\\",O=Example"),
            ("Zoë", "CN=Zoë,O=Example"),
            ("a\u{202e}b", "CN=a\\E2\\80\\AEb,O=Example"),
        ] {
            let mut name = X509Name::builder().unwrap();
            name.append_entry_by_text("O", "Example").unwrap();
            name.append_entry_by_text("CN", value).unwrap();
            assert_eq!(rfc2253(&name.build()), written);
        }
    }
}
