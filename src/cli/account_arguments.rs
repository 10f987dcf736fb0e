//! What can be typed about the account.

use clap::Args;

use super::output::OutputArgs;
use crate::command::{OutcomesAsked, Which};
use crate::store::Filter;
use crate::unit::{Symbol, UtcMillis};

#[derive(Debug, Args)]
pub(super) struct RowsArgs {
    /// Of this pair only
    #[arg(long)]
    pub(super) symbol: Option<Symbol>,
    /// From this instant on
    #[arg(long, value_name = "INSTANT")]
    pub(super) since: Option<UtcMillis>,
    /// At most so many rows, the newest
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(super) limit: u32,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct OutcomesArgs {
    /// Of decisions from this instant on
    #[arg(long, value_name = "INSTANT")]
    pub(super) since: Option<UtcMillis>,
    /// Of this horizon only, in hours
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(i64).range(1..=2160))]
    pub(super) horizon: Option<i64>,
    /// Of this pair only
    #[arg(long)]
    pub(super) symbol: Option<Symbol>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct ReasonArgs {
    /// Why; it stays on record
    #[arg(long, value_name = "TEXT", value_parser = some_reason)]
    pub(super) reason: String,
    /// JSON on many lines (default on a terminal)
    #[arg(long)]
    pub(super) pretty: bool,
}

/// A reason that says something.
fn some_reason(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("say why in a word or two") } else { Ok(text.to_owned()) }
}

/// A pair, or all of them.
#[derive(Clone, Debug)]
pub(super) struct CloseWhich(pub(super) Which);

impl std::str::FromStr for CloseWhich {
    type Err = crate::unit::BadSymbol;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(if text.eq_ignore_ascii_case("all") { Which::All } else { Which::One(text.parse()?) }))
    }
}

impl RowsArgs {
    pub(super) fn filter(&self) -> Filter {
        Filter { symbol: self.symbol.clone(), timeframe: None, since: self.since, limit: self.limit }
    }
}

impl OutcomesArgs {
    pub(super) fn asked(&self) -> OutcomesAsked {
        OutcomesAsked { since: self.since, horizon_h: self.horizon, symbol: self.symbol.clone() }
    }
}
