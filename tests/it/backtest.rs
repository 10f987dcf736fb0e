//! Backtests: the same decisions, orders, fills and equity as runs of the cycle, to the last digit.

mod command;
mod page;
mod parity;
mod sweep;
mod sweep_files;
mod trend;
mod walk_forward;
