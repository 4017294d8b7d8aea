use super::*;
use crate::startup::test_certificates::{self as make, Pair};
use crate::startup::test_crls::{self, CrlSpec};
use crate::tls::verification::unix_now;

fn lists(specs: &[CrlSpec]) -> Vec<Arc<Crl>> {
    let list = |spec: &CrlSpec| Arc::new(Crl::from_der(&spec.der()).unwrap());
    specs.iter().map(list).collect()
}

/// `""` if they may follow, else why not.
fn verdict(now: &[CrlSpec], before: &[CrlSpec], authorities: &[&Pair]) -> String {
    let authorities: Vec<_> = authorities.iter().map(|a| a.certificate.clone()).collect();
    match judge(&lists(now), &lists(before), &authorities, unix_now()) {
        Ok(_) => String::new(),
        Err(Unfit::Older) => "older".to_owned(),
        Err(Unfit::Invalid(words)) => words,
    }
}

#[test]
fn each_list_has_a_successor_that_is_no_older() {
    let [a, b] = ["A", "B"].map(make::authority);
    let of = test_crls::of;
    let both = [of(&a).from(-100), of(&b).from(-500)];
    for (now, expected) in [
        (vec![of(&a).from(-50), of(&b).from(-500)], ""),
        (vec![of(&b).from(-50), of(&a).from(-100)], ""),
        // As old as the oldest of before, and yet one of them is older.
        (vec![of(&a).from(-200), of(&b).from(-100)], "older"),
        (vec![of(&a).from(-50)], "it has no list of CN=B"),
        (vec![of(&make::authority("C"))], "it has no list of CN=A"),
        (vec![of(&a).from(50), of(&b)], "from the future"),
        (vec![], "it has no list of"),
    ] {
        let found = verdict(&now, &both, &[&a, &b]);
        assert!(found.contains(expected), "{expected}: {found}");
        assert_eq!(found.is_empty(), expected.is_empty(), "{found}");
    }
    // Of the same second, the number tells.
    let numbered = |number| CrlSpec { number, ..of(&a) };
    assert_eq!(verdict(&[numbered(1)], &[numbered(2)], &[&a]), "older");
    assert_eq!(verdict(&[numbered(2)], &[numbered(2)], &[&a]), "");
}

#[test]
fn a_list_of_some_certificates_is_none_of_all() {
    let a = make::authority("A");
    let whole = || test_crls::of(&a).from(-100);
    let users = || {
        test_crls::of(&a)
            .from(-50)
            .with(test_crls::issuing_distribution_point(&[vec![
                0x81, 1, 0xff,
            ]]))
    };
    let found = verdict(&[users()], &[whole()], &[&a]);
    assert!(found.contains("like the one"), "{found}");
    assert_eq!(verdict(&[users(), whole()], &[whole()], &[&a]), "");
    assert_eq!(verdict(&[users()], &[whole().until(-10)], &[&a]), "");
}

#[test]
fn of_a_ca_that_is_none_any_more_none_is_missed() {
    let [a, b] = ["A", "B"].map(make::authority);
    let of = test_crls::of;
    assert_eq!(
        verdict(&[of(&b).from(-500)], &[of(&a).from(-100)], &[&b]),
        ""
    );
    // One of the same name with another key has lists of its own.
    let renewed = make::authority("A");
    assert_eq!(
        verdict(
            &[of(&renewed).from(-500)],
            &[of(&a).from(-100)],
            &[&renewed]
        ),
        ""
    );
    let found = verdict(&[of(&a)], &[of(&a)], &[&renewed]);
    assert!(found.contains("isn't signed by that client CA"), "{found}");
    assert_eq!(verdict(&[of(&a)], &[], &[&renewed, &a]), "");
}
