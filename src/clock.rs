//! The only reader of clocks.
//!
//! Uses `unit`. A run's `now` is settled once and travels as a value; the wall clock is read besides for bans, request
//! weight, clock skew and log lines. No other room ever reads a clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::unit::UtcMillis;

/// The wall clock of this machine. Before 1970 it reads 1970.
pub fn wall() -> UtcMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UtcMillis::new(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// How many minutes this machine's local time is ahead of UTC now.
pub fn utc_offset_min() -> i32 {
    chrono::Local::now().offset().local_minus_utc() / 60
}

/// Measures how long something takes, whatever happens to the wall clock meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since the start.
    pub fn ms(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The moment of the start.
    pub const fn started(self) -> Instant {
        self.0
    }
}
