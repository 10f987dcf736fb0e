//! Where candles come from: the exchange's REST interface, recordings and archive files, behind one trait.
//!
//! Uses `unit`, `market`, `settings` and `clock`. What comes in is untrusted: bounded in size and depth, parsed to checked
//! types or refused. This room may fail; it never decides what a failure means for a run, and never writes anything.

mod archive;
mod binance;
mod fault;
mod klines;
mod limits;
mod recorded;
mod search;
mod transport;
mod wire;

pub use archive::{Archive, ArchiveError};
pub use binance::Binance;
pub use fault::Fault;
pub use limits::{Ban, Usage};
pub use recorded::Recording;
pub use transport::CannotConnect;

use crate::market::{Batch, Instrument, Quote, SeriesKey, Source};
use crate::unit::{Symbol, UtcMillis};

/// Candles somebody wants: those that open from `from` to `to`, both included. Without `from`, the newest up to `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Of which series.
    pub key: SeriesKey,
    /// The first open time.
    pub from: Option<UtcMillis>,
    /// The last open time.
    pub to: Option<UtcMillis>,
    /// How much of it.
    pub pages: Pages,
}

/// The most candles one page holds.
pub const PAGE: usize = 1000;

/// How many pages are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pages {
    /// One.
    One,
    /// Until there are no more.
    All,
}

/// What asking for one series gave.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Its candles, bad rows and gaps, as far as they came.
    pub batch: Batch,
    /// Where the next page begins, when the last one was full.
    pub next: Option<UtcMillis>,
    /// What ended the asking early.
    pub fault: Option<Fault>,
}

impl Answer {
    /// Takes in another page; whether to ask for one more.
    fn take(&mut self, wanted: &Wanted, page: Result<(Batch, Option<UtcMillis>), Fault>) -> bool {
        match page {
            Ok((batch, next)) => {
                self.batch.append(wanted.key.timeframe, batch);
                self.next = next.filter(|next| wanted.to.is_none_or(|to| *next <= to));
            }
            Err(fault) => self.fault = Some(fault),
        }
        wanted.pages == Pages::All && self.next.is_some() && self.fault.is_none()
    }
}

/// What is asked first: the exchange's clock, and what it says of some pairs.
#[derive(Debug)]
pub struct Opening {
    /// The exchange's clock.
    pub server_time: Result<UtcMillis, Fault>,
    /// The date of its newest answer, to the second: the clock where that cannot be had.
    pub date: Option<UtcMillis>,
    /// The pairs asked for; none where the source, a recording, tells nothing of pairs.
    pub instruments: Option<Vec<(Symbol, Result<Instrument, Fault>)>>,
}

/// What one wave of requests gave.
#[derive(Debug, Default)]
pub struct Wave {
    /// The candles, in the order of the questions.
    pub candles: Vec<Answer>,
    /// The bid and ask of each pair, in the order of the questions; none where the source has no such thing.
    pub quotes: Vec<(Symbol, Result<Quote, Fault>)>,
}

/// A source of market data that can be asked.
pub trait MarketData {
    /// What kind of source.
    fn source(&self) -> Source;

    /// The server or folder, for people.
    fn origin(&self) -> String;

    /// The clock and the instruments, all at once.
    fn open(&mut self, symbols: &[Symbol]) -> Opening;

    /// The candles of each of `wanted` that are closed at `now`, all at once and independent of each other. The answers
    /// stand in the order of the questions.
    fn candles(&mut self, wanted: &[Wanted], now: UtcMillis) -> Vec<Answer>;

    /// Candles as above and, at the same time, the bid and ask of each of `quoted` at `now`. A recording gives no quotes,
    /// not even faults of them: its market is the open of the next candle.
    fn candles_and_quotes(&mut self, wanted: &[Wanted], quoted: &[Symbol], now: UtcMillis) -> Wave;

    /// What asking has cost so far.
    fn usage(&self) -> Usage;
}
