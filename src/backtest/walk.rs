//! Walking forward: parameters are chosen on one stretch of time and judged on the one after it, again and again.
//!
//! Stretches are whole days, UTC. Between the two lies a gap: what is open when a training ends may last so long, and what
//! happened then may still tell of it (purging and embargo: López de Prado, *Advances in Financial Machine Learning*, 2018,
//! chapter 7). A training sees no candle of its test, and a test begins with an account that holds nothing.

use super::figure::{Figure, Undefined};
use super::replay::Replayed;
use super::tape::Tape;
use super::verdict::{FEWEST_DAYS, Verdict};
use crate::statistics::{Training, walk_forward};
use crate::unit::{Timeframe, UtcMillis};

/// How long the stretches are, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// Whether trainings move on, or grow from the first day.
    pub training: Training,
    /// What parameters are chosen on; at first, where trainings grow.
    pub train_days: usize,
    /// What lies between.
    pub gap_days: usize,
    /// What the choice is judged on.
    pub test_days: usize,
}

/// A training and its test, from the first instant that is decided at to the last that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// What parameters are chosen on.
    pub train: (UtcMillis, UtcMillis),
    /// What the choice is judged on.
    pub test: (UtcMillis, UtcMillis),
}

impl Walk {
    /// The legs between two instants, from midnight to midnight; none where not even one fits.
    pub fn legs(&self, from: UtcMillis, to: UtcMillis) -> Vec<Leg> {
        let first = Timeframe::D1.ceil(from);
        let days = usize::try_from(to.since_ms(first) / Timeframe::D1.ms()).unwrap_or_default();
        let at = |day: usize| Timeframe::D1.step(first, i64::try_from(day).unwrap_or(i64::MAX));
        let leg = |window: crate::statistics::Window| Leg {
            train: (at(window.train.start), at(window.train.end)),
            test: (at(window.test.start), at(window.test.end)),
        };
        walk_forward(days, self.train_days, self.gap_days, self.test_days, self.training).into_iter().map(leg).collect()
    }
}

/// What the cost of selling what is open at the end of a replay would leave of it, as a share of the equity; all of it at the
/// costs of the dearest pair.
pub fn left_after_selling(tapes: &[Tape], replayed: &Replayed) -> f64 {
    let Some(last) = replayed.last else { return 1.0 };
    let side = tapes.iter().map(|tape| tape.terms.costs.round_trip() / 2.0).fold(0.0, f64::max);
    let coins = (last.equity - last.cash).real();
    if last.positions == 0 { 1.0 } else { 1.0 - side * coins / last.equity.real() }
}

/// What all pairs that were there, held at equal parts from the first instant to the last, made of each unit of money at each
/// midnight; they are bought at the first and sold at the last, at the costs of their terms. It begins with 1.
pub fn held_at_equal_parts(tapes: &[Tape], (from, to): (UtcMillis, UtcMillis)) -> Vec<f64> {
    let days = usize::try_from(to.since_ms(from) / Timeframe::D1.ms()).unwrap_or_default();
    let at = |day: usize| Timeframe::D1.step(from, i64::try_from(day).unwrap_or(i64::MAX));
    let held: Vec<(&Tape, f64)> = tapes.iter().filter_map(|tape| Some((tape, close_at(tape, from)?))).collect();
    let worth = |day: usize| {
        let of = |(tape, bought): &(&Tape, f64)| {
            let side = 1.0 - tape.terms.costs.round_trip() / 2.0;
            let sold = if day == days { side } else { 1.0 };
            close_at(tape, at(day)).map_or(1.0, |close| side * sold * close / bought)
        };
        if held.is_empty() { 1.0 } else { held.iter().map(of).sum::<f64>() / held.len() as f64 }
    };
    std::iter::once(1.0).chain((1..=days).map(worth)).collect()
}

/// The newest close at an instant.
fn close_at(tape: &Tape, instant: UtcMillis) -> Option<f64> {
    let series = tape.decided_on();
    let candles = series.candles();
    let ended = candles.partition_point(|c| series.timeframe().step(c.open_time(), 1) <= instant);
    Some(candles.get(ended.checked_sub(1)?)?.close())
}

/// One curve from those of tests that follow each other, each as multiples of what it began with; it begins with 1.
pub fn chained<'a>(tests: impl Iterator<Item = &'a [f64]>) -> Vec<f64> {
    let mut curve = vec![1.0];
    for test in tests {
        let begins = curve[curve.len() - 1];
        curve.extend(test.iter().skip(1).map(|value| begins * value));
    }
    curve
}

/// What walking forward comes down to: the first that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Walked {
    /// The tests together last under 90 days.
    TooShort,
    /// Nothing was ever held in a test.
    NothingHeld,
    /// The tests together lost.
    LosesMoney,
    /// Their Sharpe ratio is below that of holding all pairs at equal parts.
    WorseThanHolding,
    /// The configured values had at least the same Sharpe ratio: choosing was worth nothing.
    ChoiceWorthNothing,
    /// The deflated Sharpe ratio of the tests is below 0.95, or not known.
    Luck,
    /// Nothing of all that.
    Distinguishable,
}

/// What that is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WalkedGrounds {
    /// How many days the tests have.
    pub days: usize,
    /// The total return of the tests.
    pub total_return: Figure,
    /// Their Sharpe ratio.
    pub sharpe: Figure,
    /// That of holding all pairs at equal parts over the same tests.
    pub holding: Figure,
    /// That of the configured values over the same tests.
    pub configured: Figure,
    /// The deflated Sharpe ratio of the tests.
    pub deflated: Figure,
}

impl Walked {
    /// All of them, the most damning first.
    pub const ALL: [Self; 7] = [
        Self::TooShort,
        Self::NothingHeld,
        Self::LosesMoney,
        Self::WorseThanHolding,
        Self::ChoiceWorthNothing,
        Self::Luck,
        Self::Distinguishable,
    ];

    /// What these grounds come down to.
    pub fn of(grounds: &WalkedGrounds) -> Self {
        if (grounds.days as f64) < FEWEST_DAYS {
            return Self::TooShort;
        }
        let Ok(sharpe) = grounds.sharpe else {
            let is_lost = grounds.sharpe == Err(Undefined::AccountLost);
            return if is_lost { Self::LosesMoney } else { Self::NothingHeld };
        };
        if !grounds.total_return.is_ok_and(|total| total > 0.0) {
            Self::LosesMoney
        } else if grounds.holding.is_ok_and(|holding| holding > sharpe) {
            Self::WorseThanHolding
        } else if grounds.configured.is_ok_and(|configured| configured >= sharpe) {
            Self::ChoiceWorthNothing
        } else if grounds.deflated.is_ok_and(|sure| sure >= Verdict::SURE) {
            Self::Distinguishable
        } else {
            Self::Luck
        }
    }

    /// The line.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TooShort => "too short to tell",
            Self::NothingHeld => "nothing was held out of sample",
            Self::LosesMoney => "loses money out of sample, after costs",
            Self::WorseThanHolding => "worse than holding, out of sample",
            Self::ChoiceWorthNothing => "choosing was worth nothing: the configured values did as well",
            Self::Luck => "not distinguishable from luck out of sample",
            Self::Distinguishable => "distinguishable from luck out of sample on this data; that is no promise",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::replay::Moment;
    use super::*;
    use crate::decision::RiskState;
    use crate::ledger::Books;
    use crate::ledger::samples::{money, terms};
    use crate::market::{Candle, Series};
    use crate::unit::Symbol;

    fn at(text: &str) -> UtcMillis {
        text.parse().unwrap()
    }

    #[test]
    fn legs_are_whole_days_and_a_test_begins_a_gap_after_its_training() {
        let walk = Walk { training: Training::Rolling, train_days: 30, gap_days: 5, test_days: 10 };
        // 55 whole days from the 2nd on: 35 to the first test, and two tests.
        let legs = walk.legs(at("2024-01-01T07:00:00Z"), at("2024-02-26T12:00:00Z"));
        let days = |from: &str, to: &str| (at(from), at(to));
        assert_eq!(
            legs,
            [
                Leg { train: days("2024-01-02", "2024-02-01"), test: days("2024-02-06", "2024-02-16") },
                Leg { train: days("2024-01-12", "2024-02-11"), test: days("2024-02-16", "2024-02-26") },
            ]
        );
        let anchored = Walk { training: Training::Anchored, ..walk };
        let legs = anchored.legs(at("2024-01-02"), at("2024-02-26"));
        assert_eq!(legs[1].train, days("2024-01-02", "2024-02-11"));
        assert_eq!(walk.legs(at("2024-01-02"), at("2024-02-15")), []);
        assert_eq!(walk.legs(at("2024-01-02"), at("2023-02-15")), []);
    }

    /// Daily candles of a pair that close at these prices, the first at the first midnight.
    fn tape(name: &str, closes: &[f64]) -> Tape {
        let candle = |(day, close): (i64, &f64)| {
            Candle::from_parts(Timeframe::D1.step(at("2023-12-31"), day), [*close; 4], 1.0, None).unwrap()
        };
        let series = Series::new(Timeframe::D1, (0..).zip(closes).map(candle).collect()).unwrap();
        Tape::new(Symbol::new(name, "USDT").unwrap(), terms(), vec![series]).unwrap()
    }

    #[test]
    fn equal_parts_are_bought_at_the_first_close_and_sold_at_the_last() {
        let tapes = [tape("BTC", &[100.0, 150.0, 200.0]), tape("ETH", &[10.0, 10.0, 5.0])];
        // A side costs 10 + 2 + 1 bps. Half of the money doubles, the other half halves.
        let side = 1.0 - 0.0013;
        let curve = held_at_equal_parts(&tapes, (at("2024-01-01"), at("2024-01-03")));
        for (value, expected) in curve.iter().zip([1.0, side * 1.25, side * side * 1.25]) {
            assert!((value - expected).abs() < 1e-12, "{curve:?}");
        }
        assert_eq!(curve.len(), 3);
        // Before its first close a pair is none of them.
        assert_eq!(held_at_equal_parts(&tapes, (at("2023-12-01"), at("2023-12-03"))), [1.0; 3]);
    }

    #[test]
    fn what_is_open_at_the_end_is_worth_less_by_the_cost_of_selling_it() {
        let moment = |cash: &str, positions| Moment {
            now: at("2024-01-03"),
            equity: money("1000"),
            cash: money(cash),
            state: RiskState::Normal,
            positions,
        };
        let left = |last| {
            let replayed = Replayed { books: Books::default(), trades: Vec::new(), last };
            left_after_selling(&[tape("BTC", &[100.0])], &replayed)
        };
        // 400 of 1,000 in coins, at 13 bps: 0.52 of them.
        assert!((left(Some(moment("600", 1))) - (1.0 - 0.00052)).abs() < 1e-12);
        // Crumbs are not sold, and without a moment there is nothing.
        assert!((left(Some(moment("999", 0))) - 1.0).abs() < 1e-12 && (left(None) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn tests_follow_each_other_in_one_curve() {
        let tests = [vec![1.0, 1.1, 1.2], vec![1.0, 0.5], vec![1.0]];
        let curve = chained(tests.iter().map(Vec::as_slice));
        for (value, expected) in curve.iter().zip([1.0, 1.1, 1.2, 0.6]) {
            assert!((value - expected).abs() < 1e-12, "{curve:?}");
        }
        assert_eq!(curve.len(), 4);
    }

    #[test]
    fn the_first_that_holds_counts() {
        let good = WalkedGrounds {
            days: 90,
            total_return: Ok(0.5),
            sharpe: Ok(1.2),
            holding: Ok(0.9),
            configured: Ok(0.8),
            deflated: Ok(0.96),
        };
        for (grounds, walked) in [
            (good, Walked::Distinguishable),
            (WalkedGrounds { days: 89, sharpe: Err(Undefined::NoSpread), ..good }, Walked::TooShort),
            (WalkedGrounds { deflated: Ok(0.94), ..good }, Walked::Luck),
            (WalkedGrounds { deflated: Err(Undefined::UnknownTrials), ..good }, Walked::Luck),
            (WalkedGrounds { configured: Ok(1.2), deflated: Ok(0.1), ..good }, Walked::ChoiceWorthNothing),
            (WalkedGrounds { holding: Ok(1.3), configured: Ok(1.2), ..good }, Walked::WorseThanHolding),
            (WalkedGrounds { total_return: Ok(0.0), configured: Ok(2.0), ..good }, Walked::LosesMoney),
            (WalkedGrounds { sharpe: Err(Undefined::NoSpread), ..good }, Walked::NothingHeld),
            (WalkedGrounds { sharpe: Err(Undefined::AccountLost), ..good }, Walked::LosesMoney),
        ] {
            assert_eq!(Walked::of(&grounds), walked, "{grounds:?}");
        }
        let words: std::collections::BTreeSet<&str> = Walked::ALL.into_iter().map(Walked::words).collect();
        assert_eq!(words.len(), Walked::ALL.len());
    }
}
