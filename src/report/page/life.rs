//! The page of the paper account: what it came to, then predicted against actual, signals, trades, and the health of the runs.

mod forecasts;
mod head;
mod runs;
mod signals;
mod told;
mod traded;

use super::calendar::Span;
use super::page;
use crate::report::LifeDocument;
use crate::unit::{Timeframe, UtcMillis};

/// All that the page of the paper account is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct LifePage<'a> {
    /// What is printed as JSON.
    pub document: &'a LifeDocument,
    /// The equity after each run, in order.
    pub equity: &'a [(UtcMillis, f64)],
    /// Predicted and actual net return of each resolved forecast, as shares, for each horizon of the document.
    pub judged: &'a [Vec<(f64, f64)>],
}

impl LifePage<'_> {
    /// The page: one HTML text, whole in itself.
    pub fn html(&self) -> String {
        let parts = [
            self.opening(),
            self.over_time(),
            self.forecasts(),
            self.signals(),
            self.traded(),
            self.runs(),
            self.made(),
        ];
        page(&format!("Paper account: {}", self.title()), parts)
    }

    /// From the first to the last run; a day at least, so that a chart has a width.
    fn span(&self) -> Option<Span> {
        let (from, to) = self.document.first_run.zip(self.document.last_run)?;
        Some(Span { from, to: to.max(from.plus_ms(Timeframe::H1.ms())) })
    }
}

#[cfg(test)]
mod tests;
