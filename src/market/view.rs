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

/// How many candles views look back at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth(i64);

impl Depth {
    /// What the readings of candles and the stops take: `View::CANDLES`.
    pub const PLAIN: Self = Self(View::LOOKED_BACK);

    /// As far back as a duration, and never less than the plain depth.
    pub const fn of(timeframe: Timeframe, duration_ms: i64) -> Self {
        let candles = duration_ms / timeframe.ms();
        if candles > View::LOOKED_BACK { Self(candles) } else { Self::PLAIN }
    }

    /// In candles.
    pub fn candles(self) -> usize {
        usize::try_from(self.0).unwrap_or_default()
    }

    /// The opening of the first candle of a view of this depth whose newest candle ends at `as_of`.
    ///
    /// It depends on the calendar alone: a new database and an old one decide alike. And 960 decisions in a row look back
    /// to the same candle, so that a backtest takes their readings from one pass over the candles, to the last bit those
    /// that 960 runs of the cycle took.
    pub const fn first(self, timeframe: Timeframe, as_of: UtcMillis) -> UtcMillis {
        let reach = timeframe.step(as_of, -self.0);
        reach.plus_ms(-reach.get().rem_euclid(timeframe.ms() * View::BLOCK))
    }
}

impl View {
    /// Candles that a view holds at least, where the coin is that old: by then the start-up error of every reading is
    /// below a thousandth.
    pub const CANDLES: usize = 1000;
    /// Views begin at instants that lie so many candles apart: whole four-hour candles, and whole days where a candle is 15
    /// minutes or longer.
    const BLOCK: i64 = 960;
    /// `CANDLES`, to count with.
    const LOOKED_BACK: i64 = 1000;

    /// Where a view of the plain depth begins, as [`Depth::first`].
    pub const fn first(timeframe: Timeframe, as_of: UtcMillis) -> UtcMillis {
        Depth::PLAIN.first(timeframe, as_of)
    }

    /// Where windows over the newest candles begin to be filled, in a view that begins at `first`: 64 candles before the
    /// first decision that looks back to it, which is three times as many as the longest window holds.
    pub const fn windows(timeframe: Timeframe, first: UtcMillis) -> UtcMillis {
        timeframe.step(first, Self::LOOKED_BACK - 64)
    }

    /// The view on `symbol` at `now`, so deep.
    pub fn new(symbol: Symbol, now: UtcMillis, standing: Standing, mut series: Series, depth: Depth) -> Self {
        let as_of = series.timeframe().floor(now);
        series.keep_before(as_of);
        if let Some(end) = series.end() {
            series.keep_from(depth.first(series.timeframe(), end));
        }
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
    fn views_begin_at_instants_960_candles_apart_and_hold_at_least_a_thousand() {
        // 960 hours are 40 days. 2024-03-13 is the 35th day after 1970-01-01 and 494 times that: 5 days later a block begins.
        let at = |hours| Timeframe::H1.step(UtcMillis::new(1_710_288_000_000), hours);
        assert_eq!(at(0).to_string(), "2024-03-13T00:00:00Z");
        for (as_of, first) in [
            (at(1000 + 120), at(120)),
            (at(1000 + 119), at(120 - 960)),
            (at(1000 + 120 + 959), at(120)),
            (at(1000 + 120 + 960), at(120 + 960)),
        ] {
            assert_eq!(View::first(Timeframe::H1, as_of), first, "{as_of}");
        }
        for timeframe in [Timeframe::M1, Timeframe::M5, Timeframe::M15, Timeframe::H1] {
            let first = View::first(timeframe, at(5));
            assert!(Timeframe::H4.on_grid(first), "{timeframe}: {first} begins a longer candle");
            assert!((1000..1960).contains(&(at(5).since_ms(first) / timeframe.ms())));
        }
    }

    #[test]
    fn a_view_holds_nothing_that_was_not_closed() {
        let start = UtcMillis::new(1_710_288_000_000);
        let candle = |i| Candle::from_parts(Timeframe::H1.step(start, i), [1.0; 4], 1.0, None).unwrap();
        let series = Series::new(Timeframe::H1, (0..2000).map(candle).collect()).unwrap();
        let now = Timeframe::H1.step(start, 1500).plus_ms(30_000);
        let view = View::new("BTC/USDT".parse().unwrap(), now, Standing::Unknown, series, Depth::PLAIN);
        assert_eq!(view.as_of(), Timeframe::H1.step(start, 1500));
        assert_eq!(view.series().end(), Some(view.as_of()));
        assert_eq!(view.series().candles()[0].open_time(), View::first(Timeframe::H1, view.as_of()));
        assert_eq!(view.age_ms(), Some(30_000));
    }
}
