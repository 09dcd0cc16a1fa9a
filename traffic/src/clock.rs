//! The SDK's clock, in simulated time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_async::time::TimeSource;
use tokio::time::Instant;

/// A clock that begins with the time of day, in whole seconds because Lambda's
/// deadlines are in milliseconds, and advances as tokio's time does.
#[derive(Clone, Copy, Debug)]
pub struct SimulatedClock {
    began: SystemTime,
    at: Instant,
}

impl Default for SimulatedClock {
    fn default() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let began = UNIX_EPOCH + Duration::from_secs(since_1970.as_secs());
        Self { began, at: Instant::now() }
    }
}

impl TimeSource for SimulatedClock {
    fn now(&self) -> SystemTime {
        self.began + self.at.elapsed()
    }
}
