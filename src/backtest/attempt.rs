//! One combination of many, in a few numbers: what a sweep keeps of a replay.

use super::course::{daily_sharpe, returns, yearly};
use super::figure::{Figure, Undefined};
use super::replay::{Attention, Moment, Replayed, Witness};
use crate::ledger::{Event, Trade};
use crate::statistics::{BlockSum, PeriodsPerYear, TrackRecord, block_sums, max_drawdown, profit_factor};
use crate::unit::{Timeframe, UtcMillis};

/// The equity with which days begin, looked at in passing.
#[derive(Clone, Debug, Default)]
pub struct Days {
    /// First what was put in, then the equity at each midnight after the first moment.
    equity: Vec<f64>,
    /// When the next day begins, after the first moment.
    tomorrow: Option<UtcMillis>,
    /// Days that began in a state which takes no entries.
    closed: usize,
}

impl Days {
    /// The equity of days in multiples of what was put in: first 1, then that of each midnight. Of the last of them this share
    /// is left.
    pub fn curve(&self, left: f64) -> Vec<f64> {
        let start = self.equity.first().copied().unwrap_or(1.0);
        let mut curve: Vec<f64> = self.equity.iter().map(|equity| equity / start).collect();
        if let Some(last) = curve.last_mut() {
            *last *= left;
        }
        curve
    }
}

impl Days {
    fn without_entries(&self) -> Figure {
        if self.equity.is_empty() { Err(Undefined::TooFew) } else { Ok(self.closed as f64 / self.equity.len() as f64) }
    }
}

impl Witness for Days {
    const ATTENDS: Attention = Attention::Days;

    fn happened(&mut self, event: &Event) {
        if let Event::Deposited(deposit) = event {
            self.equity.push(deposit.amount.real());
        }
    }

    fn stood(&mut self, moment: &Moment) {
        if self.tomorrow.is_none_or(|tomorrow| moment.now >= tomorrow) {
            self.equity.extend(self.tomorrow.map(|_| moment.equity.real()));
            self.closed += usize::from(!moment.state.takes_entries());
            self.tomorrow = Some(Timeframe::D1.step(Timeframe::D1.floor(moment.now), 1));
        }
    }
}

/// What came of a combination.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The total return, as a share.
    pub total_return: Figure,
    /// The growth of a year, as a share.
    pub cagr: Figure,
    /// The Sharpe ratio of daily returns, of a year.
    pub sharpe: Figure,
    /// The largest drawdown of the equity that days begin with, as a share: what happens within a day is not seen.
    pub max_drawdown: Figure,
    /// The share of the days that began in a state of the risk rules which takes no entries.
    pub without_entries: Figure,
    /// Closed round trips.
    pub trades: usize,
    /// What was won for each unit that was lost.
    pub profit_factor: Figure,
    /// What inference knows of the days.
    pub record: Option<TrackRecord>,
    /// The sums of the returns of blocks of days.
    pub blocks: Vec<BlockSum>,
}

impl Attempt {
    /// Of a replay over so many bars, of which there are so many in a year; its days are cut into so many blocks.
    pub fn of(days: &Days, replayed: &Replayed, (bars, per_year): (usize, PeriodsPerYear), blocks: usize) -> Self {
        let daily = returns(&days.equity);
        let total_return = total(days, replayed);
        let known = daily.as_deref().map_err(|why| *why);
        Self {
            total_return,
            cagr: total_return.and_then(|total| yearly(total, bars, per_year)),
            sharpe: known.and_then(daily_sharpe),
            max_drawdown: max_drawdown(&days.equity).ok_or(Undefined::AccountLost),
            without_entries: days.without_entries(),
            trades: replayed.trades.len(),
            profit_factor: of_profits(&replayed.trades),
            record: known.ok().and_then(TrackRecord::of),
            blocks: known.map(|daily| block_sums(daily, blocks)).unwrap_or_default(),
        }
    }
}

fn total(days: &Days, replayed: &Replayed) -> Figure {
    let (start, last) = days.equity.first().zip(replayed.last).ok_or(Undefined::TooFew)?;
    let total = last.equity.real() / start - 1.0;
    if total.is_finite() { Ok(total) } else { Err(Undefined::NotFinite) }
}

fn of_profits(trades: &[Trade]) -> Figure {
    let profits: Vec<f64> = trades.iter().map(|trade| trade.profit().real()).collect();
    let why = if profits.is_empty() { Undefined::NoTrades } else { Undefined::NoLosingTrade };
    profit_factor(&profits).ok_or(why)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{assert_close, hours, round_trip};
    use super::*;
    use crate::decision::RiskState;
    use crate::ledger::Books;
    use crate::ledger::samples::decimal;
    use crate::unit::Money;

    /// Of days that began with these equities, an end at this one, and these trades.
    fn attempt(equity: &[f64], end: &str, trades: Vec<Trade>) -> Attempt {
        let equity_at_end = Money::new(decimal(end));
        let last = hours(1).first().map(|now| Moment {
            now: *now,
            equity: equity_at_end,
            cash: equity_at_end,
            state: RiskState::Normal,
            positions: 0,
        });
        let days = Days { equity: equity.to_vec(), ..Days::default() };
        let replayed = Replayed { books: Books::default(), trades, last };
        Attempt::of(&days, &replayed, (72, PeriodsPerYear::HOURLY), 1)
    }

    #[test]
    fn three_days_are_worth_what_can_be_counted_by_hand() {
        let three =
            attempt(&[1000.0, 1100.0, 990.0, 1089.0], "1200", vec![round_trip(20.0, 10.0), round_trip(-10.0, 10.0)]);
        // Returns of 0.1, −0.1 and 0.1: a mean of 1/30 and a standard deviation of √(0.04/3), which is 1/√12 of a day.
        for (what, figure, expected) in [
            ("total return", three.total_return, 0.2),
            ("Sharpe ratio", three.sharpe, (365.0_f64 / 12.0).sqrt()),
            ("largest drawdown", three.max_drawdown, 0.1),
            ("profit factor", three.profit_factor, 2.0),
        ] {
            assert_close(what, figure.unwrap(), expected);
        }
        assert_eq!((three.trades, three.cagr), (2, Err(Undefined::Under90Days)));
        assert_eq!(three.blocks.len(), 1);
        assert_close("the sum of its only block", three.blocks[0].plain, 0.1);
    }

    #[test]
    fn an_account_that_was_lost_has_lost_all_of_it_and_has_no_ratio() {
        let lost = attempt(&[1000.0, 0.0, 0.0], "0", vec![round_trip(-1000.0, 10.0)]);
        assert_close("total return", lost.total_return.unwrap(), -1.0);
        assert_close("largest drawdown", lost.max_drawdown.unwrap(), 1.0);
        assert_eq!((lost.sharpe, lost.profit_factor), (Err(Undefined::AccountLost), Ok(0.0)));
        assert_eq!((lost.record, lost.blocks), (None, Vec::new()));
    }

    #[test]
    fn what_trades_do_not_define_has_its_reason() {
        assert_eq!(attempt(&[1000.0, 1000.0], "1000", Vec::new()).profit_factor, Err(Undefined::NoTrades));
        let won = attempt(&[1000.0, 1020.0], "1020", vec![round_trip(20.0, 10.0)]);
        assert_eq!(won.profit_factor, Err(Undefined::NoLosingTrade));
    }

    #[test]
    fn without_a_moment_nothing_is_known() {
        let none = Replayed { books: Books::default(), trades: Vec::new(), last: None };
        let none = Attempt::of(&Days::default(), &none, (0, PeriodsPerYear::HOURLY), 1);
        assert_eq!(
            (none.total_return, none.cagr, none.sharpe),
            (Err(Undefined::TooFew), Err(Undefined::TooFew), Err(Undefined::TooFew))
        );
    }
}
