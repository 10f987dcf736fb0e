//! What a backtest is asked.

use std::path::PathBuf;

use clap::Args;

use super::output::OutputArgs;
use crate::command::BacktestAsked;
use crate::settings::StrategyName;
use crate::unit::{Symbol, Timeframe, UtcMillis};

#[derive(Debug, Args)]
pub(super) struct BacktestArgs {
    #[command(flatten)]
    pub(super) stretch: StretchArgs,
    /// Also draw it on a page for a browser, in this file: whole in itself, nothing is loaded from anywhere
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// Which candles, decided on by what, at which costs.
#[derive(Debug, Args)]
pub(super) struct StretchArgs {
    /// The first instant that is decided at [default: a thousand candles after the first stored one, 120 days for trend]
    #[arg(long, value_name = "DATE")]
    pub(super) from: Option<UtcMillis>,
    /// The last one [default: the end of the newest stored candle]
    #[arg(long, value_name = "DATE")]
    pub(super) to: Option<UtcMillis>,
    /// Pairs, like BTC/USDT,ETH/USDT
    #[arg(long, value_delimiter = ',', value_name = "PAIRS", env = "TRADER_PAIRS")]
    pub(super) pairs: Option<Vec<Symbol>>,
    /// What decides [default: the configured one]
    #[arg(long, value_name = "NAME")]
    pub(super) strategy: Option<StrategyName>,
    /// The candles that fills are walked on: `auto` for every configured length that is stored, or one length, like 1m
    #[arg(long, value_name = "LENGTH", default_value = "auto", value_parser = fine)]
    pub(super) fine: Fine,
    /// How many times the configured costs are charged
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = times)]
    pub(super) costs: u32,
}

/// The candles that fills are walked on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fine {
    Auto,
    Length(Timeframe),
}

fn fine(text: &str) -> Result<Fine, String> {
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

impl StretchArgs {
    pub(super) fn asked(&self) -> BacktestAsked {
        let fine = match self.fine {
            Fine::Auto => None,
            Fine::Length(length) => Some(length),
        };
        BacktestAsked { from: self.from, to: self.to, fine, costs: self.costs }
    }
}
