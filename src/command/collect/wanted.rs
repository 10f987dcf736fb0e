//! What is to be asked for of a series: what follows the newest stored candle, or all that is looked back to.

use crate::exchange::{PAGE, Pages, Wanted};
use crate::market::{Depth, SeriesKey, View};
use crate::unit::{Timeframe, UtcMillis};

/// Stored candles that are asked for once more with each fetch: the newest may still change at the exchange.
const OVERLAP: i64 = 2;
/// They and the newest one.
pub(super) const OVERLAPPING: usize = 3;
/// A series that is further behind than this is not caught up with in one run: its newest candles come first, and what
/// lies between is a gap that later runs fill a page at a time (or a backfill does at once).
const CATCH_UP_PAGES: i64 = 5;

/// What is to be asked for of a series whose newest stored candle is `newest`; `first` is the first candle that is looked
/// back to, where that is more than the newest few.
pub(super) fn due(key: &SeriesKey, newest: Option<UtcMillis>, first: Option<UtcMillis>, now: UtcMillis) -> Vec<Wanted> {
    let closed = key.timeframe.newest_closed(now);
    let far = key.timeframe.step(closed, -CATCH_UP_PAGES * page());
    match newest {
        Some(newest) if newest >= closed => Vec::new(),
        Some(newest) if newest > far => {
            let from = key.timeframe.step(newest, -OVERLAP);
            vec![Wanted { key: key.clone(), from: Some(from), to: None, pages: Pages::All }]
        }
        Some(_) | None => newest_pages(key, first, closed),
    }
}

/// The newest page and what lies before it as far as `first`, the oldest first: a wanted for each page, so that they are
/// asked for side by side.
fn newest_pages(key: &SeriesKey, first: Option<UtcMillis>, closed: UtcMillis) -> Vec<Wanted> {
    let wanted = |from, to| Wanted { key: key.clone(), from, to: Some(to), pages: Pages::One };
    let last = key.timeframe.step(closed, -page());
    let begins = |first| (0..).map(move |n| key.timeframe.step(first, n * page())).take_while(|from| *from <= last);
    let earlier = |from| wanted(Some(from), key.timeframe.step(from, page() - 1).min(last));
    // The newest page of closed candles: not one fewer for the candle that is still forming, and as many as there are of a
    // pair that has long been silent.
    first.into_iter().flat_map(begins).map(earlier).chain([wanted(None, closed)]).collect()
}

/// Candles in a page.
fn page() -> i64 {
    i64::try_from(PAGE).unwrap_or(i64::MAX)
}

/// How far back is looked in a series whose readings are stored up to `read`.
#[derive(Clone, Copy, Debug)]
pub(in crate::command) struct Reach {
    read: Option<UtcMillis>,
    depth: Depth,
}

impl Reach {
    /// Of a series that no decision is made on.
    pub(in crate::command) const fn of(read: Option<UtcMillis>) -> Self {
        Self { read, depth: Depth::PLAIN }
    }

    /// Of one whose decisions look back so far.
    pub(in crate::command) const fn at_depth(self, depth: Depth) -> Self {
        Self { depth, ..self }
    }

    /// Candles whose readings a run makes up for after a sleep, at most.
    const CATCH_UP_MAX: i64 = 500;

    /// The oldest candle whose readings are still to be taken, when `newest` is the newest one.
    pub(in crate::command) fn first_unread(self, timeframe: Timeframe, newest: UtcMillis) -> UtcMillis {
        let furthest = timeframe.step(newest, 1 - Self::CATCH_UP_MAX);
        self.read.map_or(newest, |read| timeframe.step(read, 1).max(furthest)).min(newest)
    }

    /// The first candle of its view.
    pub(super) fn first(self, timeframe: Timeframe, newest: UtcMillis) -> UtcMillis {
        let of_readings = View::first(timeframe, timeframe.step(self.first_unread(timeframe, newest), 1));
        of_readings.min(self.depth.first(timeframe, timeframe.step(newest, 1)))
    }
}
