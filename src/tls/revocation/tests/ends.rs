//! Which lists nothing follows.

use super::*;

const DAY: i64 = 86_400;

/// The places of those lists that matter, all of them from files; with the client CA `authorities`.
fn unfollowed_of(lists: &[CrlSpec], authorities: &[&Pair]) -> Vec<usize> {
    let lists = read(lists);
    let authorities = authorities.iter().map(|pair| pair.certificate.clone());
    let authorities: Vec<_> = authorities.collect();
    let place = |crl| lists.iter().position(|list| Arc::ptr_eq(list, crl));
    unfollowed(&lists, &lists, &authorities)
        .filter_map(place)
        .collect()
}

#[test]
fn what_a_later_one_takes_the_place_of_does_not_matter() {
    let root = make::authority("root");
    let list = || test_crls::of(&root);
    let later = list().until(2 * DAY);
    let two = |one: CrlSpec| unfollowed_of(&[list(), one], &[&root]);
    assert_eq!(unfollowed_of(&[list()], &[&root]), [0]);
    assert_eq!(two(later.clone()), [1]);
    // It is in force in time, though it isn't now.
    assert_eq!(two(later.clone().from(3600)), [1]);
    assert_eq!(two(later.clone().from(DAY + 60)), [0, 1], "a gap");
    // The end of both.
    assert_eq!(two(list()), [0, 1]);
    let endless = CrlSpec {
        until: None,
        ..list()
    };
    assert_eq!(two(endless), [0; 0], "never ends");
    let part = issuing_distribution_point(&[tlv(0x81, &[0xff])]);
    assert_eq!(two(later.clone().with(part)), [0, 1], "for users only");
    let other = test_crls::of(&make::authority("other")).until(2 * DAY);
    assert_eq!(two(other), [0, 1], "another issuer's");
    // The CA has a new key, and its old clients need the old key's list.
    let renewed = make::authority("root");
    let lists = [list(), test_crls::of(&renewed).until(2 * DAY)];
    assert_eq!(unfollowed_of(&lists, &[&root, &renewed]), [0, 1]);
}
