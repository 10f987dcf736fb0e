//! From an approved order to a fill: the pessimistic paper broker, and the walk over fine candles that a run makes up for
//! the time it slept.
//!
//! Uses the pure rooms before it. What happens depends on the candles alone and not on when the program ran: hourly runs,
//! four-hourly runs and one run after three days of sleep give the same fills. This room never decides what to buy, and
//! never makes up a price.

mod broker;
mod hindrance;
mod settle;
mod timeline;
mod trigger;

#[cfg(test)]
mod tests;

pub use broker::fill_on_book;
pub use hindrance::Hindrance;
pub use settle::{Settled, pass_over, passed, settle};
pub use timeline::{Rung, Step, timeline};
pub use trigger::{Levels, Trigger, TriggerKind};
