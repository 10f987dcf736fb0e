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
