//! Backtests: the same decisions, orders, fills and equity as runs of the cycle, to the last digit. Sweeps and walks: the
//! same rows in whatever parts and by however many threads they are made.

mod command;
mod page;
mod parity;
mod trend;
mod walk_forward;
mod waves;
