//! Facts about the market: candles proven sane, series with known gaps, instruments, and what could be known when.
//!
//! Uses `unit` only. A candle that exists has passed every check; a missing candle is a `Gap`, never an invented one.
//! This room never does I/O and never judges what a fact means for trading.

mod candle;
mod instrument;
mod lineage;
mod series;
mod sift;
mod view;

pub use candle::{Candle, Extras, Field, Flaw, Row};
pub use instrument::{Instrument, Status};
pub use lineage::{Rename, renamed, traded_as};
pub use series::{Gap, NotOrdered, Series, SeriesKey};
pub use sift::{BadRow, Batch, Sifter};
pub use view::View;
