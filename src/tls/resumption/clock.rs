//! Two tasks' clocks are never quite alike: what one gives out may be of the other's future.
//!
//! libssl refuses a session that begins later than now. So the session in a ticket is brought forward
//! to now before libssl sees it; how long it may live is decided by the lineage, not by its date.

use std::time::Duration;

use crate::der;

/// How far ahead another task's clock may be. Far more than NTP leaves.
const SKEW: Duration = Duration::from_secs(60);

/// In seconds; where tickets live for less, less.
pub(super) fn skew(timeout: Duration) -> i64 {
    SKEW.min(timeout).as_secs() as i64
}

/// Tags of SSL_SESSION's DER (ssl_asn1.cc of AWS-LC): the seconds since 1970 when it began.
const TIME: u8 = 0xa1;
const INTEGER: u8 = 0x02;

/// Makes a session begin at `now` if it begins up to `skew` seconds later. Whatever can't be read is left
/// to libssl.
pub(super) fn bring_forward(session: &mut [u8], now: i64, skew: i64) {
    let Some((end, length, time)) = time(session) else {
        return;
    };
    let is_ahead = time > now && time.saturating_sub(now) <= skew;
    // Of the DER of a number that isn't negative.
    let length_of = |number: i64| (64 - number.leading_zeros() as usize) / 8 + 1;
    let bytes = now.to_be_bytes();
    if now >= 0 && is_ahead && length_of(now) == length && length <= bytes.len() {
        session[end - length..end].copy_from_slice(&bytes[bytes.len() - length..]);
    }
}

/// Where the bytes of the time end, how many they are, and the time.
fn time(session: &[u8]) -> Option<(usize, usize, i64)> {
    let whole = der::element(session)?;
    let time = der::elements(whole.content).find(|element| element.tag == TIME)?;
    let number = der::element(time.content).filter(|number| number.tag == INTEGER)?;
    let end = session.len() - whole.rest.len() - time.rest.len() - number.rest.len();
    let mut bytes = [0; 8];
    let length = number.content.len();
    bytes[8usize.checked_sub(length)?..].copy_from_slice(number.content);
    Some((end, length, i64::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 0x6921_a5f0;

    /// Version, another number in a `[2]`, and the time between them.
    fn session(time: &[u8]) -> Vec<u8> {
        let head = [0x02, 1, 1, 0x04, 2, 0xa1, 6];
        let tail = [0xa2, 3, 2, 1, 9];
        let number = [&[INTEGER, time.len() as u8], time].concat();
        let time = [&[TIME, number.len() as u8], &number[..]].concat();
        let content = [&head[..], &time, &tail].concat();
        [&[0x30, content.len() as u8], &content[..], &[7, 7]].concat()
    }

    fn four(time: i64) -> Vec<u8> {
        session(&time.to_be_bytes()[4..])
    }

    #[test]
    fn only_what_is_a_little_ahead_is_moved() {
        for (ahead, moved) in [
            (1, true),
            (60, true),
            (61, false),
            (0, false),
            (-1, false),
            (-5000, false),
        ] {
            let before = four(NOW + ahead);
            let mut session = before.clone();
            bring_forward(&mut session, NOW, 60);
            let expected = if moved { four(NOW) } else { before };
            assert_eq!(session, expected, "{ahead}");
        }
    }

    #[test]
    fn where_tickets_live_for_less_it_is_less() {
        for (timeout, expected) in [(3600, 60), (61, 60), (2, 2), (0, 0)] {
            assert_eq!(skew(Duration::from_secs(timeout)), expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_left_alone() {
        let long = session(&[0, 0x80, 0, 0, 0x10]);
        for (session, now) in [
            // One byte less would be another length.
            (long.clone(), 0x7fff_fff0),
            (four(20), -20),
            (session(&[]), NOW),
            (session(&[1; 9]), NOW),
            (vec![], NOW),
            (vec![0x30, 3, TIME, 1, INTEGER], NOW),
            (vec![0x30, 2, INTEGER, 0], NOW),
        ] {
            let mut after = session.clone();
            bring_forward(&mut after, now, 60);
            assert_eq!(after, session);
        }
        let mut later = long;
        bring_forward(&mut later, 0x8000_0001, 60);
        assert_eq!(later, super::tests::session(&[0, 0x80, 0, 0, 1]));
    }
}
