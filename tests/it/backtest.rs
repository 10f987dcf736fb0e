//! Backtests: the same decisions, orders, fills and equity as runs of the cycle, to the last digit.

mod command;
mod parity;
mod quiet;
