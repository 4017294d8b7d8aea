//! Sessions as a client that plays tricks would have them: what AWS-LC writes down of a session
//! (SSL_SESSION_to_bytes, ssl.h), changed.

use openssl::ssl::SslSession;

/// With another secret than the server's.
pub fn with_a_wrong_secret(session: &SslSession) -> SslSession {
    let der = session.to_der().unwrap();
    // Version, TLS version, cipher, session id; then the secret.
    let mut count = 0;
    rewritten(&der, |tag, content| {
        count += 1;
        assert!(count != 5 || tag == OCTET_STRING);
        let mut content = content.to_vec();
        if count == 5 {
            content[0] ^= 1;
        }
        content
    })
}

/// With the ticket of another session in the place of its own: its secret, its version, its cipher.
pub fn with_the_ticket_of(session: &SslSession, other: &SslSession) -> SslSession {
    let ticket = ticket(other);
    rewritten(&session.to_der().unwrap(), |tag, content| match tag {
        TICKET => ticket.clone(),
        _ => content.to_vec(),
    })
}

/// `[10]`, an OCTET STRING in it.
const TICKET: u8 = 0xaa;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

fn ticket(session: &SslSession) -> Vec<u8> {
    let der = session.to_der().unwrap();
    let mut elements = elements(element(&der).1).into_iter();
    elements.find(|(tag, _)| *tag == TICKET).unwrap().1.to_vec()
}

fn rewritten(der: &[u8], mut content: impl FnMut(u8, &[u8]) -> Vec<u8>) -> SslSession {
    let mut changed = Vec::new();
    for (tag, old) in elements(element(der).1) {
        write(&mut changed, tag, &content(tag, old));
    }
    let mut out = Vec::new();
    write(&mut out, SEQUENCE, &changed);
    SslSession::from_der(&out).unwrap()
}

/// Tag, content, and what follows, of DER that is well-formed.
fn element(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (head, length) = match der[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            let bytes = der[2..2 + count].iter();
            let length = bytes.fold(0, |length, byte| length << 8 | usize::from(*byte));
            (2 + count, length)
        }
    };
    let (content, rest) = der[head..].split_at(length);
    (der[0], content, rest)
}

fn elements(mut der: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    while !der.is_empty() {
        let (tag, content, rest) = element(der);
        found.push((tag, content));
        der = rest;
    }
    found
}

fn write(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    match u16::try_from(content.len()).unwrap() {
        length @ 0..=0x7f => out.push(length as u8),
        length @ 0x80..=0xff => out.extend([0x81, length as u8]),
        length => {
            out.push(0x82);
            out.extend(length.to_be_bytes());
        }
    }
    out.extend(content);
}
