use std::future::pending;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::queue::SIGNS;
use super::*;

const MOST: usize = 3;

async fn settle() {
    for _ in 0..8 {
        yield_now().await;
    }
}

#[tokio::test]
async fn the_longest_silent_goes_and_whoever_answers_stays() {
    let (answer, answered) = oneshot::channel();
    let slow = tokio::spawn(bounded(MOST, async {
        let _: Result<(), _> = answered.await;
        pending::<()>().await;
    }));
    settle().await;
    let silent = tokio::spawn(bounded(MOST, pending::<()>()));
    settle().await;
    answer.send(()).unwrap();
    settle().await;
    let others: Vec<_> = (1..MOST)
        .map(|_| tokio::spawn(bounded(MOST, pending::<()>())))
        .collect();
    settle().await;
    assert_eq!(silent.await.unwrap(), Err(PushedOut));
    assert!(!slow.is_finished() && others.iter().all(|other| !other.is_finished()));
    assert_eq!(bounded(MOST, async { 7 }).await, Ok(7));
    settle().await;
    assert!(slow.is_finished(), "then it was the oldest");
}

#[tokio::test]
async fn room_is_made_by_who_has_been_silent() {
    assert!(!make_room(), "nobody is there");
    let silent = tokio::spawn(bounded(MOST, pending::<()>()));
    settle().await;
    assert!(!make_room(), "its answer may be on its way");
    tokio::time::sleep(SILENCE).await;
    let new = tokio::spawn(bounded(MOST, pending::<()>()));
    settle().await;
    assert!(make_room());
    assert_eq!(silent.await.unwrap(), Err(PushedOut));
    assert!(!make_room() && !new.is_finished());
}

#[tokio::test]
async fn who_is_over_makes_room_first_and_who_is_idle_last() {
    let idle = tokio::spawn(expendable(Kind::Idle, pending::<()>()));
    let silent = tokio::spawn(bounded(1, pending::<()>()));
    let lingering = tokio::spawn(expendable(Kind::Lingering, pending::<()>()));
    settle().await;
    assert!(!silent.is_finished(), "what lingers is no handshake");
    tokio::time::sleep(SILENCE).await;
    assert!(make_room());
    assert_eq!(lingering.await.unwrap(), Err(PushedOut));
    settle().await;
    assert!(!silent.is_finished());
    assert!(make_room());
    assert_eq!(silent.await.unwrap(), Err(PushedOut));
    let just_over = tokio::spawn(expendable(Kind::Lingering, pending::<()>()));
    settle().await;
    assert!(make_room());
    assert_eq!(just_over.await.unwrap(), Err(PushedOut));
    settle().await;
    assert!(!idle.is_finished());
    assert!(make_room());
    assert_eq!(idle.await.unwrap(), Err(PushedOut));
    assert!(!make_room(), "nobody is left");
}

#[tokio::test]
async fn byte_by_byte_counts_for_a_while_only() {
    let trickle = tokio::spawn(bounded(MOST, async {
        loop {
            yield_now().await;
        }
    }));
    for _ in 0..2 * SIGNS {
        yield_now().await;
    }
    let good: Vec<_> = (0..MOST)
        .map(|_| tokio::spawn(bounded(MOST, pending::<()>())))
        .collect();
    let end = tokio::time::timeout(Duration::from_secs(20), trickle).await;
    assert_eq!(end.expect("pushed out").unwrap(), Err::<(), _>(PushedOut));
    settle().await;
    assert!(good.iter().all(|good| !good.is_finished()));
}

#[tokio::test]
async fn what_is_over_leaves_nothing_behind() {
    let flood: Vec<_> = (0..100)
        .map(|_| tokio::spawn(bounded(MOST, pending::<()>())))
        .collect();
    settle().await;
    assert_eq!(with(Kind::HalfOpen, |queue| queue.length()), MOST);
    for one in flood {
        one.abort();
        let _ = one.await;
    }
    assert!(with(Kind::HalfOpen, |queue| queue.is_as_new()));
}
