//! An end for what nobody uses.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Nothing has happened for too long.
#[derive(Debug)]
pub struct Idle;

/// Runs `traffic` until it ends, or until nothing has woken it for `limit`. Without one, this costs nothing.
pub async fn bounded<F: Future>(limit: Duration, traffic: F) -> Result<F::Output, Idle> {
    match limit.is_zero() {
        true => Ok(traffic.await),
        // In a box: those without need no room for it.
        false => Box::pin(watch(limit, traffic)).await,
    }
}

async fn watch<F: Future>(limit: Duration, traffic: F) -> Result<F::Output, Idle> {
    let mut traffic = pin!(traffic);
    let mut last = Instant::now();
    // Isn't set at each byte: when it rings, it is found out how much is left.
    let mut alarm = pin!(sleep_until(last + limit));
    poll_fn(|context| {
        let mut rang = alarm.as_mut().poll(context).is_ready();
        if let Poll::Ready(output) = traffic.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        if !rang {
            last = Instant::now();
        }
        while rang {
            if last.elapsed() >= limit {
                return Poll::Ready(Err(Idle));
            }
            alarm.set(sleep_until(last + limit));
            rang = alarm.as_mut().poll(context).is_ready();
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn what_is_silent_ends_and_what_is_not_goes_on() {
        // Without the feature of tokio for it, time can't be stopped: a short limit is real.
        let limit = Duration::from_millis(100);
        let idle = bounded(limit, std::future::pending::<()>()).await;
        assert!(idle.is_err());
        let (sender, mut receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            for _ in 0..40 {
                sender.send(()).await.unwrap();
                tokio::time::sleep(limit / 20).await;
            }
        });
        let mut count = 0;
        let traffic = async {
            while receiver.recv().await.is_some() {
                count += 1;
            }
        };
        assert!(bounded(limit, traffic).await.is_ok());
        assert_eq!(count, 40);
    }

    #[tokio::test]
    async fn what_ends_by_itself_ends() {
        assert!(matches!(bounded(LIMIT, async { 7 }).await, Ok(7)));
        assert!(matches!(bounded(Duration::ZERO, async { 7 }).await, Ok(7)));
    }
}
