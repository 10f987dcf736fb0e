//! What one candle does to a long position. The order of the questions is the rule, and it is pessimistic:
//!
//! 1. it opens at or below the stop: sold at the open (a gap);
//! 2. the time to hold was over before it opened: sold at the open;
//! 3. it opens above the target: sold at the open, as a resting limit order would be;
//! 4. it falls to the stop: sold at the stop, even when it also rose above the target (then it is ambiguous);
//! 5. it rises above the target: sold at the target. A touch is not enough, others stand in the queue;
//! 6. the time to hold ends with it: sold at its close.
//!
//! Source: the triple-barrier method of López de Prado ("Advances in Financial Machine Learning", 2018, chapter 3) with
//! trade-through for limits. Prices are compared as floats: each is the nearest float of a decimal of at most 15 digits,
//! so two of them compare as their decimals do.

use crate::ledger::Slips;
use crate::market::Candle;
use crate::unit::UtcMillis;

/// The prices and the moment at which a position ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// Sell at or below.
    pub stop: f64,
    /// Sell above.
    pub target: Option<f64>,
    /// Sell from this instant on.
    pub until: Option<UtcMillis>,
    /// When the position was opened. In a candle that opened before, the open is not its gap, and a high above the
    /// target may be from before; a low at the stop is believed all the same.
    pub opened_at: UtcMillis,
}

/// What it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerKind {
    /// The stop.
    Stop,
    /// The target.
    Target,
    /// The end of the time to hold.
    Time,
}

impl TriggerKind {
    /// How often the sale pays the slippage: a stop twice, since everybody else sells too; a resting target never.
    pub const fn slips(self) -> Slips {
        match self {
            Self::Stop => Slips::Twice,
            Self::Target => Slips::None,
            Self::Time => Slips::Once,
        }
    }
}

/// A position ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trigger {
    /// Why.
    pub kind: TriggerKind,
    /// The price before costs.
    pub price: f64,
    /// It ends when the candle opens, not somewhere in it.
    pub at_open: bool,
    /// The candle held stop and target both.
    pub is_ambiguous: bool,
}

impl Levels {
    /// What a candle that ends at `end` does.
    pub fn met_by(&self, candle: &Candle, end: UtcMillis) -> Option<Trigger> {
        self.met_at_open(candle).or_else(|| self.met_inside(candle)).or_else(|| self.met_at_close(candle, end))
    }

    fn met_at_open(&self, candle: &Candle) -> Option<Trigger> {
        let open = candle.open();
        let at_open = |kind| Some(Trigger { kind, price: open, at_open: true, is_ambiguous: false });
        if candle.open_time() < self.opened_at {
            None
        } else if open <= self.stop {
            at_open(TriggerKind::Stop)
        } else if self.until.is_some_and(|until| candle.open_time() >= until) {
            at_open(TriggerKind::Time)
        } else if self.target.is_some_and(|target| open > target) {
            at_open(TriggerKind::Target)
        } else {
            None
        }
    }

    fn met_inside(&self, candle: &Candle) -> Option<Trigger> {
        let inside = |kind, price, is_ambiguous| Some(Trigger { kind, price, at_open: false, is_ambiguous });
        let is_ours = candle.open_time() >= self.opened_at;
        let target = self.target.filter(|target| is_ours && candle.high() > *target);
        if candle.low() <= self.stop {
            inside(TriggerKind::Stop, self.stop, target.is_some())
        } else {
            inside(TriggerKind::Target, target?, false)
        }
    }

    fn met_at_close(&self, candle: &Candle, end: UtcMillis) -> Option<Trigger> {
        self.until.filter(|until| end >= *until)?;
        Some(Trigger { kind: TriggerKind::Time, price: candle.close(), at_open: false, is_ambiguous: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::Timeframe;

    const START: UtcMillis = UtcMillis::new(1_710_288_000_000);

    fn at(hour: i64) -> UtcMillis {
        Timeframe::H1.step(START, hour)
    }

    /// The worked example of the statistics sheet: entry 100, stop 96, target 106, three bars.
    fn met(hour: i64, [open, high, low, close]: [f64; 4]) -> Option<(TriggerKind, f64, bool, bool)> {
        let levels = Levels { stop: 96.0, target: Some(106.0), until: Some(at(3)), opened_at: at(0) };
        let candle = Candle::from_parts(at(hour), [open, high, low, close], 1.0, None).unwrap();
        levels.met_by(&candle, at(hour + 1)).map(|t| (t.kind, t.price, t.at_open, t.is_ambiguous))
    }

    #[test]
    fn the_bars_of_the_worked_example_end_as_it_says() {
        use TriggerKind::{Stop, Target, Time};
        for (hour, bar, expected) in [
            (0, [100.0, 101.0, 99.0, 100.5], None),
            (1, [100.5, 102.0, 100.0, 101.5], None),
            (2, [101.5, 106.2, 101.0, 105.8], Some((Target, 106.0, false, false))),
            (2, [101.5, 106.5, 95.8, 100.0], Some((Stop, 96.0, false, true))),
            (2, [94.5, 97.0, 94.0, 96.0], Some((Stop, 94.5, true, false))),
            (2, [107.0, 108.0, 106.5, 107.0], Some((Target, 107.0, true, false))),
            (2, [101.5, 103.0, 100.5, 102.2], Some((Time, 102.2, false, false))),
            (0, [100.0, 106.5, 95.9, 101.0], Some((Stop, 96.0, false, true))),
        ] {
            assert_eq!(met(hour, bar), expected, "{bar:?}");
        }
    }

    #[test]
    fn a_stop_is_met_by_a_touch_and_a_target_only_by_trading_through() {
        assert_eq!(met(0, [100.0, 101.0, 96.0, 97.0]), Some((TriggerKind::Stop, 96.0, false, false)));
        assert_eq!(met(0, [100.0, 106.0, 99.0, 106.0]), None);
        assert_eq!(met(1, [106.0, 106.0, 99.0, 100.0]), None, "an open at the target is a touch");
        assert_eq!(met(1, [96.0, 97.0, 96.0, 97.0]), Some((TriggerKind::Stop, 96.0, true, false)));
    }

    #[test]
    fn an_open_from_before_the_entry_is_no_gap_but_a_low_is_believed() {
        let levels = Levels { stop: 96.0, target: None, until: None, opened_at: at(0).plus_ms(30_000) };
        let candle = |open: f64, low: f64| Candle::from_parts(at(0), [open, 110.0, low, 100.0], 1.0, None).unwrap();
        let price = |open, low| levels.met_by(&candle(open, low), at(1)).map(|t| (t.price, t.at_open));
        assert_eq!(price(90.0, 90.0), Some((96.0, false)));
        assert_eq!(price(100.0, 97.0), None);
    }

    #[test]
    fn time_that_was_over_before_a_candle_opened_ends_it_at_the_open() {
        assert_eq!(met(5, [101.0, 102.0, 100.0, 101.5]), Some((TriggerKind::Time, 101.0, true, false)));
        assert_eq!(met(5, [95.0, 102.0, 90.0, 101.5]), Some((TriggerKind::Stop, 95.0, true, false)));
    }
}
