//! Words with units: the vocabulary every other room speaks.
//!
//! A value in here has been parsed once and is never doubted again. This room uses nothing of the house; it never does
//! I/O and never reads a clock.

mod amount;
mod instant;
mod money;
mod short;
mod symbol;
mod timeframe;

pub use amount::{BadNumber, Decimal, Price, Quantity, parse_candle_price, parse_candle_volume};
pub use instant::{BadInstant, UtcMillis};
pub use money::{Bps, Money, counted_down, counted_up, in_steps, quotient_counted_down, real};
pub use symbol::{BadSymbol, Symbol};
pub use timeframe::{BadTimeframe, Timeframe};
