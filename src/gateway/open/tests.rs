use super::*;
use crate::config::closing::CloseOn;
use crate::peer::Peer;

fn terms(max_age: u64) -> Terms {
    Terms {
        on: CloseOn {
            expiry: true,
            ..CloseOn::default()
        },
        max_age: Duration::from_millis(max_age),
        grace: Duration::from_secs(3600),
        sites: Vec::new(),
        snapshot: 1,
    }
}

/// So many seconds from now.
fn expiring(seconds: i64) -> Entry {
    Entry {
        who: Weak::new(),
        site: Arc::default(),
        began: 0,
        expires: wall() / 1000 + seconds,
        due: 0,
        judged: 1,
        over: false,
    }
}

fn insert(register: &Register, id: u64, entry: Entry) {
    let mut shard = register.shard(id);
    shard.dues.insert((entry.due, id));
    shard.open.insert(id, entry);
}

fn state(register: &Register, id: u64) -> (bool, u64) {
    let shard = register.shard(id);
    let entry = &shard.open[&id];
    let due = (entry.due, id);
    assert_eq!(shard.dues.contains(&due), entry.due != NEVER);
    assert_eq!(shard.dues.iter().filter(|(_, of)| *of == id).count(), 1);
    (entry.over, entry.due)
}

#[test]
fn ages_differ_by_a_tenth_each_way_and_all_of_that_is_used() {
    let (register, terms, entry) = (Register::new(), terms(100_000), expiring(i64::MAX >> 20));
    let ages: Vec<u64> = (0..2000)
        .map(|id| register.too_old(id, &entry, &terms))
        .collect();
    let (least, most) = (ages.iter().min().unwrap(), ages.iter().max().unwrap());
    assert!((90_000..91_000).contains(least), "{least}");
    assert!((109_000..=110_000).contains(most), "{most}");
    let early = ages.iter().filter(|age| **age < 100_000).count();
    assert!((850..1150).contains(&early), "{early}");
    assert_eq!(ages[7], register.too_old(7, &entry, &terms), "it stays");
}

#[test]
fn the_earlier_of_age_and_expiry_is_the_due() {
    let register = Register::new();
    let due = |expires, age| register.due(1, &expiring(expires), &terms(age));
    let near = |due: u64, seconds: u64| due.abs_diff(seconds * 1000) < 60_000;
    assert!(near(due(1000, 0), 1000));
    assert!(near(due(1000, 500_000), 500));
    assert!(near(due(1000, 5_000_000), 1000));
    assert_eq!(due(-5, 0), register.now(), "at once");
}

/// The clock on the wall was set back after the due was found out.
#[test]
fn who_is_due_and_has_not_expired_stays() {
    let (register, terms) = (Register::new(), terms(0));
    insert(&register, 1, expiring(1000));
    insert(&register, 2, expiring(0));
    register.due_now(&terms);
    let (over, due) = state(&register, 1);
    assert!(!over && due > 900_000, "{due}");
    assert!(state(&register, 2).0, "expired");
}

/// It was set forward.
#[test]
fn a_look_now_and_then_finds_who_is_due_already() {
    let (register, terms) = (Register::new(), terms(0));
    let later = |expires| Entry {
        due: 3_600_000,
        ..expiring(expires)
    };
    insert(&register, 1, later(-1));
    insert(&register, 2, later(3600));
    register.due_now(&terms);
    assert!(!state(&register, 1).0, "not due, by what is known");
    register.recount(&terms);
    register.due_now(&terms);
    assert!(state(&register, 1).0);
    assert!(!state(&register, 2).0);
}

#[test]
fn who_was_told_is_cut_after_the_grace_and_not_told_again() {
    let (register, mut terms) = (Register::new(), terms(0));
    terms.grace = Duration::ZERO;
    insert(&register, 1, expiring(0));
    register.due_now(&terms);
    let mut shard = register.shard(1);
    assert!(shard.open[&1].over && shard.open[&1].due == NEVER);
    assert!(shard.dues.is_empty(), "told and cut in one look");
    shard.open.clear();
}

/// Judging may be overtaken by a reload: whom the newer snapshot has let in isn't held against the older one.
#[test]
fn an_older_snapshot_judges_nobody_of_a_newer_one() {
    let register = Register::new();
    let connection = Arc::new(Connection::new(session(), None));
    let newer = Entry {
        who: Arc::downgrade(&connection),
        judged: 2,
        ..expiring(3600)
    };
    insert(&register, 0, newer);
    assert!(register.unjudged(0, 1).is_empty());
    assert!(register.unjudged(0, 2).is_empty());
    assert_eq!(register.unjudged(0, 3).len(), 1);
    register.use_snapshot(2);
    assert!(register.is_past(1) && !register.is_past(2));
}

fn session() -> crate::tls::Session {
    crate::tls::Session {
        address: Peer::Ip(([127, 0, 0, 1], 1).into()),
        via: None,
        sni: None,
        site: 0,
        identity: 0,
        version: "",
        cipher: "",
        resumed: false,
        http2: false,
        took: Duration::ZERO,
        overlooked: None,
        standing: None,
    }
}
