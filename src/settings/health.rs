//! What is taken for healthy: the section `[health]`.

use serde::{Deserialize, Serialize};

use super::bounded::{Real, Whole};
use super::spelled::Spelled;
use crate::health::Limits;
use crate::unit::Timeframe;

/// The keys of `[health]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HealthSettings {
    /// How often a cycle is to be started.
    pub(super) every: Spelled<Timeframe>,
    /// A run that has not begun so many minutes after it was due is missing.
    pub(super) late_min: Whole<1, 1440>,
    /// The newest closed candle must have ended less than this ago.
    pub(super) max_age_s: Whole<60, 604_800>,
    /// Warn when fewer of the runs that were due did their work.
    pub(super) success_warning_pct: Real<0, 100>,
    /// Below this it is critical.
    pub(super) success_critical_pct: Real<0, 100>,
    /// This machine's clock against the exchange's.
    pub(super) max_clock_offset_s: Whole<1, 3600>,
    /// Warn when fewer megabytes are free.
    pub(super) disk_warning_mb: Whole<0, 1_000_000_000>,
    /// With fewer it is critical.
    pub(super) disk_critical_mb: Whole<0, 1_000_000_000>,
    /// Warn when the disk will be full within so many days.
    pub(super) disk_days: Whole<0, 3650>,
    /// The database is to be examined at least so often.
    pub(super) check_days: Whole<1, 365>,
    /// A notification is to be sent within so many hours.
    pub(super) max_unsent_h: Whole<1, 720>,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self {
            every: Spelled(Timeframe::H1),
            late_min: Whole::new(15),
            max_age_s: Whole::new(7200),
            success_warning_pct: Real::new(95.0),
            success_critical_pct: Real::new(80.0),
            max_clock_offset_s: Whole::new(5),
            disk_warning_mb: Whole::new(1000),
            disk_critical_mb: Whole::new(200),
            disk_days: Whole::new(30),
            check_days: Whole::new(7),
            max_unsent_h: Whole::new(6),
        }
    }
}

impl HealthSettings {
    /// What the keys mean.
    pub(super) fn limits(&self) -> Limits {
        const MB: u64 = 1_000_000;
        Limits {
            every: self.every.0,
            late_ms: self.late_min.get() * 60_000,
            max_age_ms: self.max_age_s.get() * 1000,
            success_warning: self.success_warning_pct.get() / 100.0,
            success_critical: self.success_critical_pct.get() / 100.0,
            max_clock_offset_ms: self.max_clock_offset_s.get() * 1000,
            disk_warning_bytes: self.disk_warning_mb.unsigned() * MB,
            disk_critical_bytes: self.disk_critical_mb.unsigned() * MB,
            disk_days: self.disk_days.get() as f64,
            max_check_age_ms: self.check_days.get() * 86_400_000,
            max_unsent_ms: self.max_unsent_h.get() * 3_600_000,
        }
    }
}
