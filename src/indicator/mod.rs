//! Readings of a series: the only door to yata.
//!
//! Uses `unit` and `market`. Every reading knows its warm-up and is `None` before it, because yata itself answers from
//! the first value on; recursive averages are seeded as TA-Lib seeds them (with the mean of their first inputs), so they
//! agree with it from their first value. This room never judges what a reading means.

mod name;
mod pass;
mod seeded;
mod slow;
mod true_range;
mod volume;

pub use name::Indicator;
pub use pass::{Pass, Readings, over, readings};
pub use slow::{AVERAGE_DAYS, BREAKOUT_COUNTS, CHANNEL_DAYS, CROSSES, DIRECTIONS, RETURN_DAYS, SlowPass, SlowReadings};
pub use true_range::TrueRange;
