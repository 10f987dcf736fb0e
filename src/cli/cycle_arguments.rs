//! What a run is asked for: a cycle, or history to be fetched.

use std::path::PathBuf;

use clap::Args;

use crate::command::{Backfill, CycleOptions};
use crate::unit::{Symbol, Timeframe, UtcMillis};

#[derive(Debug, Args)]
pub(super) struct CycleArgs {
    /// Pairs, like BTC/USDT,ETH/USDT
    #[arg(long, value_delimiter = ',', value_name = "PAIRS", env = "TRADER_PAIRS")]
    pub(super) pairs: Option<Vec<Symbol>>,
    /// The exchange's address; repeatable, tried in order
    #[arg(long = "base-url", value_name = "URL", value_delimiter = ',', env = "TRADER_BASE_URL")]
    pub(super) base_urls: Option<Vec<String>>,
    /// Recorded klines instead of the exchange: files SYMBOL-INTERVAL-*.csv[.gz], optionally exchangeInfo.json
    #[arg(long, value_name = "DIR")]
    pub(super) replay: Option<PathBuf>,
    /// The clock of the replay [default: serverTime of its exchangeInfo.json]
    #[arg(long, value_name = "INSTANT", requires = "replay")]
    pub(super) now: Option<UtcMillis>,
    /// Also write the summary to this file, whole or not at all
    #[arg(long, value_name = "FILE", env = "TRADER_SUMMARY_FILE")]
    pub(super) summary_file: Option<PathBuf>,
    /// Also write metrics for Prometheus to this file, named *.prom for the node exporter
    #[arg(long, value_name = "FILE")]
    pub(super) metrics_file: Option<PathBuf>,
    /// JSON on many lines (default on a terminal)
    #[arg(long)]
    pub(super) pretty: bool,
    /// Everything but writing
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Args)]
pub(super) struct BackfillArgs {
    /// The first instant, like 2024-01-01
    #[arg(long, value_name = "DATE")]
    pub(super) from: UtcMillis,
    /// The last instant [default: now]
    #[arg(long, value_name = "DATE")]
    pub(super) to: Option<UtcMillis>,
    /// Pairs, like BTC/USDT,ETH/USDT
    #[arg(long, value_delimiter = ',', value_name = "PAIRS", env = "TRADER_PAIRS")]
    pub(super) pairs: Option<Vec<Symbol>>,
    /// Timeframes, like 1h,4h,1d
    #[arg(long, value_delimiter = ',', value_name = "LIST", env = "TRADER_TIMEFRAMES")]
    pub(super) timeframes: Option<Vec<Timeframe>>,
    /// The exchange's address; repeatable, tried in order
    #[arg(long = "base-url", value_name = "URL", value_delimiter = ',', env = "TRADER_BASE_URL")]
    pub(super) base_urls: Option<Vec<String>>,
    /// JSON on many lines (default on a terminal)
    #[arg(long)]
    pub(super) pretty: bool,
}

impl CycleArgs {
    pub(super) fn options(&self, terminal: bool) -> CycleOptions {
        CycleOptions {
            replay: self.replay.clone(),
            now: self.now,
            metrics_file: self.metrics_file.clone(),
            pretty: self.pretty || terminal,
            dry_run: self.dry_run,
        }
    }
}

impl BackfillArgs {
    pub(super) fn wanted(&self, terminal: bool) -> Backfill {
        Backfill { from: self.from, to: self.to, pretty: self.pretty || terminal }
    }
}
