//! What could be known about one pair at one moment, and nothing more.

use super::{Series, Status};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// What is known of a pair's state at the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The exchange told it.
    Told(Status),
    /// It could not be had.
    Unknown,
    /// A recording says nothing of pairs; they are taken to be traded.
    Assumed,
}

/// What an analyst and a decision may look at. Making one cuts off everything that was not known at `as_of`.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    symbol: Symbol,
    now: UtcMillis,
    as_of: UtcMillis,
    standing: Standing,
    series: Series,
}

impl View {
    /// Candles in a view: every decision is made from the newest 1,000 candles (fewer where a coin is younger), which is
    /// what one request of a first run brings. So a new database and an old one decide alike.
    pub const CANDLES: usize = 1000;

    /// The view on `symbol` at `now`.
    pub fn new(symbol: Symbol, now: UtcMillis, standing: Standing, mut series: Series) -> Self {
        let as_of = series.timeframe().floor(now);
        series.keep_before(as_of, Self::CANDLES);
        Self { symbol, now, as_of, standing, series }
    }

    /// The pair.
    pub const fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    /// The exchange's clock.
    pub const fn now(&self) -> UtcMillis {
        self.now
    }

    /// The end of the newest candle that could be closed: the moment that is judged.
    pub const fn as_of(&self) -> UtcMillis {
        self.as_of
    }

    /// What is known of the pair's state at the exchange.
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// The candles of the decision timeframe that were closed at `as_of`.
    pub const fn series(&self) -> &Series {
        &self.series
    }

    /// The decision timeframe.
    pub const fn timeframe(&self) -> Timeframe {
        self.series.timeframe()
    }

    /// Milliseconds from the end of the newest candle to `now`.
    pub fn age_ms(&self) -> Option<i64> {
        self.series.end().map(|end| self.now.since_ms(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Candle;

    #[test]
    fn a_view_holds_nothing_that_was_not_closed() {
        let start = UtcMillis::new(1_710_288_000_000);
        let candle = |i| Candle::from_parts(Timeframe::H1.step(start, i), [1.0; 4], 1.0, None).unwrap();
        let series = Series::new(Timeframe::H1, (0..2000).map(candle).collect()).unwrap();
        let now = Timeframe::H1.step(start, 1500).plus_ms(30_000);
        let view = View::new("BTC/USDT".parse().unwrap(), now, Standing::Unknown, series);
        assert_eq!(view.as_of(), Timeframe::H1.step(start, 1500));
        assert_eq!(view.series().end(), Some(view.as_of()));
        assert_eq!(view.series().candles().len(), View::CANDLES);
        assert_eq!(view.age_ms(), Some(30_000));
    }
}
