//! Hindsight at scale: what the same decisions would have done over years of recorded candles.
//!
//! Uses the pure rooms before it. It owns no strategy and no fill rule: moment after moment it asks `signal`, `decision` and
//! `execution` what the cycle asks them once an hour, so that a backtest and as many runs of the cycle end in the same books,
//! to the last digit. This room never reads a clock, a file or chance.

mod bar;
mod replay;
mod tape;
mod figure;
mod course;
mod trading;
mod luck;
mod performance;
#[cfg(test)]
mod samples;

pub use bar::{Bar, bars};
pub use course::{Course, Growth, Market, daily_returns, midnights};
pub use figure::{Figure, Undefined};
pub use luck::{Luck, RESAMPLES};
pub use performance::{Evidence, Performance};
pub use replay::{Moment, Replayed, Rules, Silent, Witness, replay};
pub use tape::{Tape, TapeError};
pub use trading::Trading;
