//! What can be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::account_arguments::{CloseWhich, OutcomesArgs, ReasonArgs, RowsArgs};
use super::backtest_arguments::{BacktestArgs, StretchArgs};
use super::cycle_arguments::{BackfillArgs, CycleArgs};
use super::global_arguments::Global;
use super::notify_arguments::NotifyCommand;
use super::output::OutputArgs;
use super::report_arguments::{DigestArgs, ReportArgs};
use super::schedule_arguments::ScheduleCommand;
use super::show_arguments::{SchemaOf, ShowArgs};
use super::status_arguments::{DoctorArgs, StatusArgs};
use super::sweep_arguments::SweepArgs;
use super::upkeep_arguments::{ConfigCommand, DbCommand};
use super::verify_arguments::VerifyArgs;
use super::walk_arguments::WalkArgs;
use crate::command::Errands;
use crate::settings::Settings;
use crate::unit::{Symbol, UtcMillis};

/// Autonomous crypto trading without a daemon: one run an hour, started by cron.
#[derive(Debug, Parser)]
#[command(name = "trader", version, propagate_version = true, after_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  trader cycle                                    one run on live data (what cron starts)
  trader cycle --replay fixtures/market           the same on a recording, no network
  trader cycle | jq '.pairs[] | {symbol, decision, score}'
  trader backfill --from 2024-01-01 --timeframes 1h,4h,1d
  trader explain BTC/USDT                         why it was decided so

Exit codes: 0 ok, 1 internal, 2 usage, 3 degraded, 4 unavailable, 5 busy, 6 halted, 7 storage.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Collect, analyse, decide, record: one run
    #[command(after_help = "Examples:
  trader cycle                                         live data, paper decisions
  trader cycle --pairs BTC/USDT --dry-run              nothing is written
  trader cycle --replay fixtures/market | jq .status   a recording, no network")]
    Cycle(CycleArgs),
    /// Fetch history from the exchange; goes on where it was cut off
    #[command(after_help = "Examples:
  trader backfill --from 2024-01-01
  trader backfill --from 2020-01-01 --to 2020-12-31 --pairs BTC/USDT,ETH/USDT --timeframes 1h,4h,1d")]
    Backfill(BackfillArgs),
    /// Import files of the exchange's public archive (zip, csv, csv.gz)
    #[command(after_help = "Example:
  trader import BTCUSDT-1h-2024-01.zip BTCUSDT-1h-2024-02.zip")]
    Import {
        /// Files named like BTCUSDT-1h-2024-01.zip; a .CHECKSUM file beside one is checked
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// JSON on many lines
        #[arg(long)]
        pretty: bool,
    },
    /// The same decisions over stored candles: what they would have earned, after costs
    #[command(after_help = "Examples:
  trader backtest --from 2023-01-01 --to 2023-12-31
  trader backtest --pairs BTC/USDT --costs 2 --format json | jq .account
  trader backtest --from 2024-03-01 --fine 1m
  trader backtest --strategy trend
  trader backtest --from 2021-01-01 --html backtest.html   on a page with charts as well

The candles have to be stored: trader backfill --from DATE, or trader import.")]
    Backtest(BacktestArgs),
    /// Many combinations of parameters over the same candles, and what choosing the best is worth
    #[command(after_help = "Examples:
  trader sweep --grid strategy.buy_score=30..60:5 --grid exits.stop_atr=2,3,4
  trader sweep --grid 'risk.per_trade_pct=0.5..3:0.1' --grid exits.trail_atr=0..6:1 --random 50 --format json
  trader sweep --grid exits.stop_atr=1..5:0.01 --shard 3/8 --out rows-3.jsonl
  trader sweep merge rows-*.jsonl

Every combination is a trial, and counts against the best of them.")]
    Sweep(SweepArgs),
    /// Whether backtests can be believed: nothing looks ahead, stored runs decide alike
    #[command(after_help = "Examples:
  trader verify
  trader verify --from 2023-01-01 --check look-ahead --check poison --cuts 1000
  trader verify --format json | jq '.checks[] | {name, result}'

Exit code 3 when a check fails. Nothing is changed.")]
    Verify(VerifyArgs),
    /// Choose parameters on one stretch of time, judge them on the one after it, and walk on
    #[command(after_help = "Examples:
  trader walk-forward --grid exits.stop_atr=2..4:0.5 --grid strategy.buy_score=30,40,50
  trader walk-forward --train 52w --test 13w --anchored --grid trend.enter_score=30..60:10 --strategy trend
  trader walk-forward --grid exits.stop_atr=1..5:0.1 --shard 2/4 --out walk-2.jsonl
  trader sweep merge walk-*.jsonl")]
    WalkForward(WalkArgs),
    /// Show the newest stored rows
    #[command(after_help = "Examples:
  trader show decisions --symbol BTC/USDT --limit 5
  trader show candles --symbol BTC/USDT --timeframe 1h --since 2024-03-01 --format csv")]
    Show(ShowArgs),
    /// Explain a decision from stored rows: readings, points, gates, provenance
    #[command(after_help = "Examples:
  trader explain BTC/USDT
  trader explain SOL/USDT --at 2024-03-13T12:00:00Z --format json")]
    Explain {
        /// The pair
        symbol: Symbol,
        /// The newest decision made at or before this instant
        #[arg(long, value_name = "INSTANT")]
        at: Option<UtcMillis>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// The paper account: equity, positions with their stops, orders that wait
    #[command(after_help = "Examples:
  trader portfolio
  trader portfolio --format json | jq '.portfolio.positions[] | {symbol, pnl_pct, stop}'")]
    Portfolio {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Closed round trips: entry, exit, reason, profit, R-multiple, predicted and realised return
    #[command(after_help = "Examples:
  trader trades --symbol BTC/USDT --limit 5
  trader trades --since 2024-03-01 --format csv")]
    Trades(RowsArgs),
    /// The state of the account, its limits and what is left of each
    #[command(after_help = "Example:
  trader risk --format json | jq -r .state")]
    Risk {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Predicted against actual: how good forecasts were, and why trades missed theirs
    #[command(after_help = "Examples:
  trader outcomes
  trader outcomes --horizon 24 --since 2024-03-01 --format json")]
    Outcomes(OutcomesArgs),
    /// Print the metrics of the last cycle as Prometheus reads them
    #[command(after_help = "Example:
  trader metrics | promtool check metrics

`trader cycle --metrics-file FILE` writes the same to a file after each run.")]
    Metrics,
    /// What the account really did: predicted against actual, signals, equity, trades, runs
    #[command(after_help = "Examples:
  trader report
  trader report --since 2024-03-01 --until 2024-04-01 --html march.html
  trader report --format json | jq '.horizons[] | {horizon_h, n_eff, information_coefficient}'

Figures that rest on too few independent outcomes are left out, with the reason.")]
    Report(ReportArgs),
    /// The daily page: equity, decisions, trades, forecasts and runs of one UTC day
    #[command(after_help = "Examples:
  trader digest
  trader digest --date 2024-03-13 --format text
  trader digest --format json | jq -r .verdict.word")]
    Digest(DigestArgs),
    /// One look at the installation, one exit code: runs, data, agents, database, disk, account, messages
    #[command(after_help = "Examples:
  trader status
  trader status --format json | jq -r '.findings[] | select(.level != \"ok\") | .text'
  trader status --format nagios                 one line for Nagios, Icinga, Sensu or Zabbix

Exit codes: 0 healthy, 3 degraded, 4 data too old or runs missing, 6 the account takes no entries, 7 storage; where several
hold, 7 wins over 4 over 6 over 3. With --format nagios: 0 ok, 1 warning, 2 critical, 3 unknown.")]
    Status(StatusArgs),
    /// Try each part of the installation: configuration, database, exchange, clock, schedule, files
    #[command(after_help = "Examples:
  trader doctor
  trader doctor --offline --format json | jq -r '.parts[] | select(.outcome != \"ok\") | .text'

Nothing is changed. Every trial ends within five seconds. Exit codes: 0, 3 when something does not work, 7 when that is the
database.")]
    Doctor(DoctorArgs),
    /// Stop entries until `trader resume`; positions keep their stops
    #[command(after_help = "Example:
  trader pause --reason 'exchange maintenance'")]
    Pause(ReasonArgs),
    /// Let entries in again after a pause or a halt
    #[command(after_help = "Example:
  trader resume --reason 'looked at the trades, the rules stand'

Where a drawdown stands in the way, the peak begins anew at the equity of this moment.")]
    Resume(ReasonArgs),
    /// Sell a position, or all, at the market: the next hourly cycle books it at the first candle that opens from now on
    #[command(after_help = "Examples:
  trader close BTC/USDT
  trader close all

Cycles that are repeated within an hour do not book it.")]
    Close {
        /// A pair, or `all`
        which: CloseWhich,
        /// JSON on many lines (default on a terminal)
        #[arg(long)]
        pretty: bool,
    },
    /// Messages by mail and webhook: test them, send what waits, see what was not sent
    #[command(after_help = "Examples:
  trader notify test
  trader notify list
  trader notify digest --print

Channels are set up in the configuration: [notify.mail] and [notify.webhooks.NAME]. Exit code 3 when a message was not
taken.")]
    Notify {
        #[command(subcommand)]
        command: NotifyCommand,
    },
    /// The configuration: write a commented one, show what is in force, check it
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// The database: check, backup, migrate, prune, vacuum, export, info
    Db {
        #[command(subcommand)]
        command: DbCommand,
    },
    /// When jobs run: print, install, remove, status; with cron, systemd or launchd
    #[command(after_help = "Examples:
  trader schedule print --with systemd
  trader schedule install --with cron
  trader schedule install --with systemd --system trader --logs /var/log/trader
  trader schedule status")]
    Schedule {
        #[command(subcommand)]
        command: ScheduleCommand,
    },
    /// Print the JSON Schema of a summary
    Schema {
        /// Of which
        #[arg(value_enum, default_value_t = SchemaOf::Cycle)]
        of: SchemaOf,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    Man,
}

impl Command {
    /// What is to be done once it has said what it has to say.
    pub(super) fn errands(&self, settings: &Settings) -> Option<Errands> {
        match self {
            Self::Cycle(args) => Some(Errands::of_cycle(settings, &args.options(false))),
            _ => None,
        }
    }

    /// Which candles it replays, if it does.
    pub(super) fn stretch(&self) -> Option<&StretchArgs> {
        match self {
            Self::Backtest(args) => Some(&args.stretch),
            Self::Sweep(args) => Some(&args.stretch),
            Self::Verify(args) => Some(&args.stretch),
            Self::WalkForward(args) => Some(&args.stretch),
            _ => None,
        }
    }
}
