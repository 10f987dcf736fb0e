//! Facts about the market: candles proven sane, series with known gaps, instruments, quotes, and what could be known when.
//!
//! Uses `unit` only. A candle that exists has passed every check; what is missing is a `Stretch` without candles, never an invented one.
//! This room never does I/O and never judges what a fact means for trading.

mod candle;
mod instrument;
mod lineage;
mod quote;
mod series;
mod sift;
mod source;
mod view;

pub use candle::{Candle, Extras, Field, Flaw, RawExtras, Row};
pub use instrument::{Instrument, PriceFactors, Status};
pub use lineage::{Rename, renamed, traded_as};
pub use quote::Quote;
pub use series::{Merged, NotOrdered, Series, SeriesKey, Stretch};
pub use sift::{BadRow, Batch, Sifter};
pub use source::Source;
pub use view::{Depth, Standing, View};
