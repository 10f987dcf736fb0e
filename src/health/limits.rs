//! From when on something is not as it should be.

use crate::unit::Timeframe;

/// Limits of health: the section `[health]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// How often a cycle is to be started.
    pub every: Timeframe,
    /// A run that has not begun so long after it was due is missing.
    pub late_ms: i64,
    /// The newest closed candle must have ended less than this ago; on candles as long or longer, less than their length
    /// and an hour.
    pub max_age_ms: i64,
    /// Warn when a smaller share of the runs went well.
    pub success_warning: f64,
    /// Below this share it is critical.
    pub success_critical: f64,
    /// The clock may be off by so much.
    pub max_clock_offset_ms: i64,
    /// Warn when fewer bytes are free.
    pub disk_warning_bytes: u64,
    /// With fewer it is critical.
    pub disk_critical_bytes: u64,
    /// Warn when the disk will be full within so many days; within a quarter of them it is critical.
    pub disk_days: f64,
    /// The database is to be examined at least so often.
    pub max_check_age_ms: i64,
    /// A notification is to be sent within this.
    pub max_unsent_ms: i64,
}

impl Limits {
    /// How old the newest candle of a length may be, counted from its end.
    pub fn max_age(&self, timeframe: Timeframe) -> i64 {
        if self.max_age_ms > timeframe.ms() { self.max_age_ms } else { timeframe.ms() + Timeframe::H1.ms() }
    }

    /// How long after the beginning of a run the next one is missing.
    pub(super) fn overdue_ms(&self) -> i64 {
        self.every.ms() + self.late_ms
    }
}
