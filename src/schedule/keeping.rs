//! Which candles are kept although they are older than somebody wants to keep them.

use crate::market::{Depth, View};
use crate::unit::{Timeframe, UtcMillis};

const DAY_MS: i64 = 86_400_000;
/// A run after a long sleep takes readings of so many candles before the newest one, each with a view of its own.
const READ_LATE: i64 = 500;

/// A series of candles, as far as keeping it goes.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// The length of its candles.
    pub timeframe: Timeframe,
    /// The open time of its newest candle.
    pub newest: UtcMillis,
    /// How far decisions on it look back.
    pub depth: Depth,
}

impl Kept {
    /// The first candle that is kept: nothing younger than `days`, and nothing that a view may still look back to. What was
    /// deleted of a view would be missing, and asked for again by the next run.
    pub fn first(&self, days: i64, now: UtcMillis) -> UtcMillis {
        let wanted = self.timeframe.floor(now.plus_ms(-days * DAY_MS));
        let earliest_view = self.timeframe.step(self.newest, 1 - READ_LATE);
        let viewed = View::first(self.timeframe, earliest_view).min(self.depth.first(self.timeframe, earliest_view));
        wanted.min(viewed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_view_may_look_back_to_is_kept_whatever_its_age() {
        let now: UtcMillis = "2026-09-01T12:00:30Z".parse().unwrap();
        let first = |timeframe: Timeframe, days| {
            Kept { timeframe, newest: timeframe.newest_closed(now), depth: Depth::PLAIN }.first(days, now)
        };
        // A thousand minutes before the five-hundredth of the newest, and up to 960 more: 25 to 41 hours.
        for days in [0, 1] {
            let age_h = now.since_ms(first(Timeframe::M1, days)) / 3_600_000;
            assert!((25..=41).contains(&age_h), "{age_h}");
        }
        assert_eq!(first(Timeframe::M1, 90).to_string(), "2026-06-03T12:00:00Z");
        // 1,500 days are more than four years.
        assert!(first(Timeframe::D1, 30) < "2022-08-01".parse().unwrap());
        assert_eq!(first(Timeframe::D1, 9999).to_string(), "1999-04-17T00:00:00Z");
    }
}
