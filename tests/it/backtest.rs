//! Backtests: the same decisions, orders, fills and equity as runs of the cycle, to the last digit; and whether they can be
//! believed.

mod command;
pub(crate) mod page;
mod parity;
mod quiet;
mod sweep;
mod sweep_files;
mod trend;
mod verify;
mod walk_forward;
mod waves;
