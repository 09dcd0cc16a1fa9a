//! Spaces calls by a fixed interval.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// At most one call in an interval.
#[derive(Debug)]
pub struct Pace {
    interval: Duration,
    /// When the next call may be made; calls wait for it in line.
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// The first call does not wait.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self { interval, next: Mutex::default() }
    }

    /// Waits until the next call may be made.
    pub async fn acquire(&self) {
        let mut next = self.next.lock().await;
        if let Some(next) = *next {
            sleep_until(next).await;
        }
        *next = Some(Instant::now() + self.interval);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_are_an_interval_apart_even_if_they_come_together() {
        let pace = Pace::new(Duration::from_secs(5));
        let start = Instant::now();
        let acquire = || async {
            pace.acquire().await;
            start.elapsed().as_secs()
        };
        let times = join_all([acquire(), acquire(), acquire()]).await;

        assert_eq!(times, [0, 5, 10]);
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(acquire().await, 70, "no wait after a long pause");
        assert_eq!(acquire().await, 75, "and no burst");
    }
}
