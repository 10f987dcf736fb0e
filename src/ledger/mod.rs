//! What happened to our money: orders, fills, double entries. Positions and balances are folded from them.
//!
//! Uses `unit` and `market`. An event is a fact and never changes; the books are what all events together amount to, so
//! that they can be rebuilt at any time and compared. This room never judges whether an order should have been given.
//!
//! ```text
//! Event (deposited, placed, filled, ended, protected) → Books { balances, positions, orders } → Trade
//! ```

mod books;
mod event;
mod order;
mod position;
mod posting;
mod terms;
mod trade;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub use books::{Books, Mark, Unbalanced};
pub use event::{Deposit, End, Ended, Event, Fill, Protection};
pub use order::{EntryPlan, ExitReason, Intent, Order, OrderId, Side};
pub use position::Position;
pub use posting::{Account, Posting};
pub use terms::{Costs, Slips, Terms};
pub use trade::Trade;
