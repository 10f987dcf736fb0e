//! The page of a backtest: the verdict first, then what it rests on, then what it was made from.

mod curves;
mod head;
mod made;
mod told;

use super::chart::Curve;
use super::markup::Markup;
use super::page;
use crate::backtest::{Baseline, Course, Market, Verdict};
use crate::ledger::Trade;
use crate::report::BacktestDocument;
use crate::unit::UtcMillis;

/// All that the page of a backtest is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct BacktestPage<'a> {
    /// What is printed as JSON.
    pub document: &'a BacktestDocument,
    /// What it comes down to.
    pub verdict: Verdict,
    /// What the account went through.
    pub course: &'a Course,
    /// The market beside it.
    pub market: &'a Market,
    /// What anybody could have done.
    pub baselines: &'a [Baseline],
    /// Closed round trips, in order; those of the document.
    pub trades: &'a [Trade],
}

impl BacktestPage<'_> {
    /// The page: one HTML text, whole in itself.
    pub fn html(&self) -> String {
        let title = format!("Backtest: {}", self.document.verdict);
        page(&title, [self.opening(), self.over_time(), self.beside(), self.by_month(), self.traded(), self.ending()])
    }

    /// The ends of the candles that were decided on: what a moment sees are their closes, the delay of the run is none of it.
    fn ends(&self) -> impl Iterator<Item = UtcMillis> {
        let from = self.document.manifest.from;
        let delay = self.course.moments.first().map_or(0, |first| first.since_ms(from));
        self.course.moments.iter().map(move |moment| moment.plus_ms(-delay))
    }

    /// A value for each moment.
    fn curve(&self, values: impl IntoIterator<Item = f64>) -> Curve {
        self.ends().zip(values).collect()
    }

    /// Of an equity, which begins with what was put in.
    fn equity_curve(&self, equity: &[f64]) -> Curve {
        self.curve(equity.iter().skip(1).copied())
    }
}

/// A space between words that belong together.
fn joined(parts: impl IntoIterator<Item = String>) -> Markup {
    Markup::text(parts.into_iter().collect::<Vec<_>>().join(" \u{b7} "))
}

#[cfg(test)]
mod tests;
