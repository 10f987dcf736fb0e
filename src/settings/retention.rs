//! How long rows are kept.

use serde::{Deserialize, Serialize};

use super::SettingsError;
use super::bounded::Whole;
use crate::unit::Timeframe;

/// Whoever looks at our own runs looks back a month.
const SHORTEST_DAYS: i64 = 31;

/// Days; 0 keeps for ever.
type Days = Whole<0, 36_500>;

/// The section `[retention]`: everything is kept for ever, unless somebody says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Readings of indicators.
    indicators: Days,
    /// What runs printed.
    summaries: Days,
    /// Runs and what their agents did.
    runs: Days,
    /// Notifications that wait for nothing.
    notifications: Days,
    /// Candles by their length.
    candles: CandleDays,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CandleDays {
    #[serde(rename = "1m")]
    m1: Days,
    #[serde(rename = "5m")]
    m5: Days,
    #[serde(rename = "15m")]
    m15: Days,
    #[serde(rename = "1h")]
    h1: Days,
    #[serde(rename = "4h")]
    h4: Days,
    #[serde(rename = "1d")]
    d1: Days,
}

impl Default for CandleDays {
    fn default() -> Self {
        let ever = Days::new(0);
        Self { m1: ever, m5: ever, m15: ever, h1: ever, h4: ever, d1: ever }
    }
}

impl Default for Retention {
    fn default() -> Self {
        let ever = Days::new(0);
        Self { indicators: ever, summaries: ever, runs: ever, notifications: ever, candles: CandleDays::default() }
    }
}

fn limited(days: Days) -> Option<i64> {
    Some(days.get()).filter(|days| *days > 0)
}

impl Retention {
    /// How many days candles of a length are kept; none: for ever.
    pub fn candles(&self, timeframe: Timeframe) -> Option<i64> {
        limited(match timeframe {
            Timeframe::M1 => self.candles.m1,
            Timeframe::M5 => self.candles.m5,
            Timeframe::M15 => self.candles.m15,
            Timeframe::H1 => self.candles.h1,
            Timeframe::H4 => self.candles.h4,
            Timeframe::D1 => self.candles.d1,
        })
    }

    /// The same of readings.
    pub fn indicators(&self) -> Option<i64> {
        limited(self.indicators)
    }

    /// The same of what runs printed.
    pub fn summaries(&self) -> Option<i64> {
        limited(self.summaries)
    }

    /// The same of runs.
    pub fn runs(&self) -> Option<i64> {
        limited(self.runs)
    }

    /// The same of notifications.
    pub fn notifications(&self) -> Option<i64> {
        limited(self.notifications)
    }

    /// Refuses what would take from under their feet what `trader status` and the outbox stand on.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        for (key, days) in [("summaries", self.summaries), ("runs", self.runs), ("notifications", self.notifications)] {
            if (1..SHORTEST_DAYS).contains(&days.get()) {
                let text = format!("{} is out of range: 0 (for ever), or {SHORTEST_DAYS} to 36500", days.get());
                return Err(SettingsError::Value { key: format!("retention.{key}"), text });
            }
        }
        Ok(())
    }
}
