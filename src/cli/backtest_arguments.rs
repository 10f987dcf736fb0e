//! What a backtest is asked.

use clap::Args;

use super::output::OutputArgs;
use crate::command::BacktestAsked;
use crate::unit::{Symbol, Timeframe, UtcMillis};

#[derive(Debug, Args)]
pub(super) struct BacktestArgs {
    /// The first instant that is decided at [default: a thousand candles after the first stored one]
    #[arg(long, value_name = "DATE")]
    pub(super) from: Option<UtcMillis>,
    /// The last one [default: the end of the newest stored candle]
    #[arg(long, value_name = "DATE")]
    pub(super) to: Option<UtcMillis>,
    /// Pairs, like BTC/USDT,ETH/USDT
    #[arg(long, value_delimiter = ',', value_name = "PAIRS", env = "TRADER_PAIRS")]
    pub(super) pairs: Option<Vec<Symbol>>,
    /// The candles that fills are walked on: `auto` for every configured length that is stored, or one length, like 1m
    #[arg(long, value_name = "LENGTH", default_value = "auto", value_parser = fine)]
    pub(super) fine: Fine,
    /// How many times the configured costs are charged
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = times)]
    pub(super) costs: u32,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// The candles that fills are walked on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fine {
    Auto,
    Length(Timeframe),
}

pub(super) fn fine(text: &str) -> Result<Fine, String> {
    match text {
        "auto" => Ok(Fine::Auto),
        _ => text.parse().map(Fine::Length).map_err(|e| format!("{e}, or auto")),
    }
}

/// `2` or `2x`.
fn times(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('x').unwrap_or(text).parse::<u32>();
    number.ok().filter(|n| (1..=10).contains(n)).ok_or_else(|| format!("`{text}` is not between 1x and 10x"))
}

impl Fine {
    /// The length; none for every one that is stored.
    pub(super) const fn length(self) -> Option<Timeframe> {
        match self {
            Self::Auto => None,
            Self::Length(length) => Some(length),
        }
    }
}

impl BacktestArgs {
    pub(super) fn asked(&self) -> BacktestAsked {
        BacktestAsked { from: self.from, to: self.to, fine: self.fine.length(), costs: self.costs }
    }
}
