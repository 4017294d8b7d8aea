//! Text from certificates that can't break out of its place, whatever their makers put into it.

use std::fmt::Write;

use openssl::nid::Nid;
use openssl::x509::X509NameRef;

use super::hex;

/// A name as RFC 2253 writes it, as nginx's `$ssl_client_s_dn` does: `CN=leaf,O=Example`, the last
/// part first. What isn't text is hex after a `#`.
pub fn rfc2253(name: &X509NameRef) -> String {
    let parts: Vec<String> = name
        .entries()
        .map(|entry| {
            let kind = match entry.object().nid() {
                Nid::UNDEF => entry.object().to_string(),
                nid => nid.short_name().unwrap_or("?").to_owned(),
            };
            let value = match entry.data().to_string() {
                Ok(text) => escaped_value(&text),
                Err(_) => format!("#{}", hex(entry.data().as_slice())),
            };
            format!("{}={value}", escaped(&kind))
        })
        .collect();
    if parts.is_empty() {
        return "(empty name)".to_owned();
    }
    parts.into_iter().rev().collect::<Vec<_>>().join(",")
}

/// Control characters, and those that turn text around or are invisible, as `\0A`: RFC 2253's form.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if harmless(c) {
            out.push(c);
        } else {
            push_hex(&mut out, c);
        }
    }
    out
}

fn escaped_value(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (index, c) in text.chars().enumerate() {
        let at_the_edge = (c == ' ' && (index == 0 || index == last)) || (c == '#' && index == 0);
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') || at_the_edge {
            out.push('\\');
            out.push(c);
        } else if harmless(c) {
            out.push(c);
        } else {
            push_hex(&mut out, c);
        }
    }
    out
}

fn harmless(c: char) -> bool {
    let hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !hidden
}

fn push_hex(out: &mut String, c: char) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        // Writing to a String can't fail.
        let _ = write!(out, "\\{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use openssl::x509::X509NameBuilder;

    use super::*;

    #[test]
    fn a_name_can_not_break_a_line_or_a_terminal() {
        let mut builder = X509NameBuilder::new().unwrap();
        let mut add = |nid, value| builder.append_entry_by_nid(nid, value).unwrap();
        add(Nid::ORGANIZATIONNAME, "Grüße, \"GmbH\" + Co\\");
        add(Nid::ORGANIZATIONALUNITNAME, " #edges ");
        add(Nid::COMMONNAME, "a\nb\u{1b}[31mc\u{202e}d\u{7f}");
        assert_eq!(
            rfc2253(&builder.build()),
            r#"CN=a\0Ab\1B[31mc\E2\80\AEd\7F,OU=\ #edges\ ,O=Grüße\, \"GmbH\" \+ Co\\"#
        );
        let empty = X509NameBuilder::new().unwrap().build();
        assert_eq!(rfc2253(&empty), "(empty name)");
    }
}
