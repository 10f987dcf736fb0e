//! How old the newest candle of each series is.

use super::{Limits, SeriesFact};
use crate::market::SeriesKey;
use crate::unit::UtcMillis;

/// Whether a series is fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreshnessState {
    /// Its newest candle is young enough.
    Fresh,
    /// Its newest candle is too old.
    Stale,
    /// It has no candle.
    Absent,
    /// Nothing is to be expected of it.
    Retired,
}

impl FreshnessState {
    /// Its word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Absent => "absent",
            Self::Retired => "retired",
        }
    }

    /// Whether something is wrong with it.
    pub const fn is_wrong(self) -> bool {
        matches!(self, Self::Stale | Self::Absent)
    }
}

/// How fresh a series is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Which one.
    pub key: SeriesKey,
    /// The end of its newest candle.
    pub ended_at: Option<UtcMillis>,
    /// How long ago that was; negative where the candle is younger than the look.
    pub age_ms: Option<i64>,
    /// How long ago it may be.
    pub limit_ms: i64,
    /// What that comes to.
    pub state: FreshnessState,
}

impl Freshness {
    /// Judges a series at a moment.
    pub fn of(series: &SeriesFact, now: UtcMillis, limits: &Limits) -> Self {
        let timeframe = series.key.timeframe;
        let ended_at = series.newest.map(|open| timeframe.step(open, 1));
        let age_ms = ended_at.map(|end| now.since_ms(end));
        let limit_ms = limits.max_age(timeframe);
        let state = match age_ms {
            _ if series.retired.is_some() => FreshnessState::Retired,
            None => FreshnessState::Absent,
            Some(age) if age < limit_ms => FreshnessState::Fresh,
            Some(_) => FreshnessState::Stale,
        };
        Self { key: series.key.clone(), ended_at, age_ms, limit_ms, state }
    }
}
