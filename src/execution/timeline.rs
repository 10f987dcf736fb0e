//! Which candles decide, in order: the finest there are, and a longer one where finer ones are missing.
//!
//! The cursor stands at an instant. If the finest candle opens there, it decides, and the cursor moves to its end. Where
//! it is missing, the shortest longer candle that holds the instant decides instead, with all of its range: what was lost
//! in it cannot be known any better. Where no candle holds the instant, nothing was traded (an outage) and the cursor
//! moves to the next candle there is, though not past the opening of a longer one that may be still to come.
//!
//! The outcome must not depend on when it is asked for. So a longer candle is waited for until it has closed, and a
//! missing candle at the very end is taken for late, not for missing, for an hour.

use crate::market::{Candle, Series};
use crate::unit::{Timeframe, UtcMillis};

/// One length of candles of a pair.
#[derive(Clone, Debug)]
pub struct Rung {
    /// The candles from the cursor on.
    pub series: Series,
}

/// A candle that decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The candle.
    pub candle: Candle,
    /// Its length.
    pub timeframe: Timeframe,
    /// It stands in for finer candles that are missing.
    pub is_coarse: bool,
}

impl Step {
    /// The first instant after it.
    pub fn end(&self) -> UtcMillis {
        self.timeframe.step(self.candle.open_time(), 1)
    }
}

/// A missing candle at the very end is late until then: a finest one from its opening, a longer one from its end.
const LATE_MS: i64 = 3_600_000;

/// The steps from `cursor` on, as far as they are known at `now`. The rungs stand from the finest to the longest, without
/// lengths that the pair does not have.
pub fn timeline(rungs: &[Rung], cursor: UtcMillis, now: UtcMillis) -> Vec<Step> {
    let mut steps = Vec::new();
    let length = |rung: &Rung| rung.series.timeframe();
    let (Some(finest), Some(longest)) = (rungs.first().map(length), rungs.last().map(length)) else { return steps };
    // Candles of every length that open before have closed and come, if they ever will.
    let settled = longest.floor(now.plus_ms(-LATE_MS));
    let mut cursor = finest.floor(cursor);
    loop {
        match look(rungs, cursor, now) {
            Look::Step(step) => {
                cursor = step.end();
                steps.push(step);
            }
            Look::Nothing => {
                let next = next_opening(rungs, cursor).filter(|open| *open < settled);
                cursor = finest.floor(next.unwrap_or(settled)).max(finest.step(cursor, 1));
            }
            Look::Wait => return steps,
        }
    }
}

/// What there is at an instant.
enum Look {
    Step(Step),
    /// Whatever could hold it is closed and missing.
    Nothing,
    /// It cannot be known yet.
    Wait,
}

fn look(rungs: &[Rung], at: UtcMillis, now: UtcMillis) -> Look {
    for (i, rung) in rungs.iter().enumerate() {
        let timeframe = rung.series.timeframe();
        let open = timeframe.floor(at);
        if timeframe.step(open, 1) > now {
            return Look::Wait;
        }
        if let Some(candle) = candle_at(&rung.series, open) {
            return Look::Step(Step { candle, timeframe, is_coarse: i > 0 });
        }
        let is_last = rung.series.newest().is_none_or(|newest| newest.open_time() < open);
        let missed = if i == 0 { at } else { timeframe.step(open, 1) };
        if is_last && now.since_ms(missed) < LATE_MS {
            return Look::Wait;
        }
    }
    Look::Nothing
}

fn candle_at(series: &Series, open: UtcMillis) -> Option<Candle> {
    let candles = series.candles();
    candles.binary_search_by_key(&open, Candle::open_time).ok().map(|i| candles[i])
}

fn next_opening(rungs: &[Rung], after: UtcMillis) -> Option<UtcMillis> {
    let next = |rung: &Rung| {
        let candles = rung.series.candles();
        candles.get(candles.partition_point(|c| c.open_time() <= after)).map(Candle::open_time)
    };
    rungs.iter().filter_map(next).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UtcMillis = UtcMillis::new(1_710_288_000_000);

    fn at(minute: i64) -> UtcMillis {
        Timeframe::M1.step(START, minute)
    }

    fn rung(timeframe: Timeframe, minutes: &[i64]) -> Rung {
        let candle = |m: &i64| Candle::from_parts(at(*m), [1.0; 4], 1.0, None).unwrap();
        Rung { series: Series::new(timeframe, minutes.iter().map(candle).collect()).unwrap() }
    }

    /// Minutes 0–14 without some, candles of five minutes, and the hour.
    fn ladder(missing: &[i64], fives: &[i64], hours: &[i64]) -> [Rung; 3] {
        let minutes: Vec<i64> = (0..15).filter(|m| !missing.contains(m)).collect();
        [rung(Timeframe::M1, &minutes), rung(Timeframe::M5, fives), rung(Timeframe::H1, hours)]
    }

    fn told(steps: &[Step]) -> Vec<(i64, &'static str, bool)> {
        let minute = |step: &Step| step.candle.open_time().since_ms(START) / 60_000;
        steps.iter().map(|s| (minute(s), s.timeframe.name(), s.is_coarse)).collect()
    }

    #[test]
    fn the_finest_candles_decide_one_after_another() {
        let steps = timeline(&ladder(&[], &[0, 5, 10], &[]), at(12), at(14));
        assert_eq!(told(&steps), [(12, "1m", false), (13, "1m", false)]);
        assert_eq!(steps[1].end(), at(14));
    }

    #[test]
    fn a_longer_candle_decides_where_a_finer_one_is_missing() {
        let rungs = ladder(&[6], &[0, 5, 10], &[]);
        let expected = [(4, "1m", false), (5, "1m", false), (5, "5m", true), (10, "1m", false)];
        assert_eq!(told(&timeline(&rungs, at(4), at(11))), expected);
    }

    #[test]
    fn a_longer_candle_is_waited_for_until_it_has_closed() {
        let rungs = ladder(&[6], &[0, 5, 10], &[]);
        assert_eq!(told(&timeline(&rungs, at(5), at(9))), [(5, "1m", false)]);
        assert_eq!(told(&timeline(&rungs, at(5), at(10))), [(5, "1m", false), (5, "5m", true)]);
    }

    #[test]
    fn a_newest_candle_that_has_not_come_is_late_for_an_hour() {
        let rungs = ladder(&[10, 11, 12, 13, 14], &[0, 5, 10], &[]);
        assert_eq!(told(&timeline(&rungs, at(9), at(15))), [(9, "1m", false)]);
        assert_eq!(told(&timeline(&rungs, at(9), at(70))), [(9, "1m", false), (10, "5m", true)]);
    }

    #[test]
    fn where_nothing_was_traded_the_next_candle_decides() {
        let rungs = [rung(Timeframe::M1, &[0, 1, 130]), rung(Timeframe::H1, &[120])];
        let steps = timeline(&rungs, at(1), at(131));
        // The first hour has no candle of its own here, the second none at all; the third was traded in.
        assert_eq!(told(&steps), [(1, "1m", false)], "the third hour is waited for");
        let expected = [(1, "1m", false), (120, "1h", true)];
        assert_eq!(told(&timeline(&rungs, at(1), at(180))), expected);
    }

    #[test]
    fn without_candles_there_are_no_steps() {
        assert_eq!(timeline(&[], at(0), at(9)), []);
        assert_eq!(timeline(&[rung(Timeframe::M1, &[])], at(0), at(900)), []);
    }
}
