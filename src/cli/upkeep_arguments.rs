//! What is asked of the configuration and of the database.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::show_arguments::ShowTopic;
use crate::command::{ExportAsked, ExportFormat};
use crate::schedule::Rotation;
use crate::store::Extent;
use crate::unit::{Symbol, Timeframe, UtcMillis};

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Write a commented configuration with every default
    Init,
    /// Show what is in force
    Show,
    /// Read it and say whether it can be used
    Check,
}

#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    /// Examine the file, its references and our own rules
    Check,
    /// Copy the database to a new file, also while a run writes
    #[command(after_help = "Examples:
  trader db backup copy.db
  trader db backup --into backups --keep 12 --keep-daily 30")]
    Backup(BackupArgs),
    /// Bring a database of an earlier program up to date, once a copy of it as it was has been kept
    #[command(after_help = "Examples:
  trader db migrate
  trader db migrate --backup before.db

No run may be at work. A database that is up to date already is left as it is.")]
    Migrate {
        /// The copy [default: the name of the database, .schema- and the version that it had]
        #[arg(long, value_name = "FILE")]
        backup: Option<PathBuf>,
    },
    /// Delete what is older than [retention] in the configuration keeps, also while a run works
    #[command(after_help = "What decisions look back to, and what positions, forecasts and gaps wait for, stays.")]
    Prune {
        /// Count, and delete nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Give the room of deleted rows back to the disk
    #[command(
        after_help = "The first time the whole file is written anew: no run may be at work, and the disk needs room for \
                            two copies of it. From then on room is given back page by page, also while a run works."
    )]
    Vacuum {
        /// Write the whole file anew
        #[arg(long)]
        full: bool,
    },
    /// Write a whole table to a file, as CSV or Parquet, also while a run works
    #[command(after_help = "Examples:
  trader db export --topic candles --symbol BTC/USDT --timeframe 1h --format parquet --out btc.parquet
  trader db export --topic decisions --since 2024-01-01 --format csv --out decisions.csv")]
    Export(ExportArgs),
    /// Facts about it
    Info,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("where").required(true).args(["file", "into"])))]
pub(super) struct BackupArgs {
    /// The new file
    pub(super) file: Option<PathBuf>,
    /// A folder: the copy is named after the database and the moment
    #[arg(long, value_name = "FOLDER")]
    pub(super) into: Option<PathBuf>,
    /// Then keep the newest N of them, and drop older ones
    #[arg(long, value_name = "N", default_value_t = 0, requires = "into")]
    keep: usize,
    /// And one of each of the newest N days
    #[arg(long, value_name = "N", default_value_t = 0, requires = "into")]
    keep_daily: usize,
    /// And one of each of the newest N hours
    #[arg(long, value_name = "N", default_value_t = 0, requires = "into")]
    keep_hourly: usize,
}

impl BackupArgs {
    /// How many copies are kept.
    pub(super) const fn rotation(&self) -> Rotation {
        Rotation { newest: self.keep, hourly: self.keep_hourly, daily: self.keep_daily }
    }
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Which rows
    #[arg(long, visible_alias = "table", value_enum)]
    topic: ShowTopic,
    /// As what
    #[arg(long, value_enum)]
    format: ExportFormatArg,
    /// The new file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Of this pair only
    #[arg(long)]
    symbol: Option<Symbol>,
    /// Of this timeframe only
    #[arg(long)]
    timeframe: Option<Timeframe>,
    /// From this instant on
    #[arg(long, value_name = "INSTANT")]
    since: Option<UtcMillis>,
    /// Before this instant
    #[arg(long, value_name = "INSTANT")]
    until: Option<UtcMillis>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ExportFormatArg {
    Csv,
    Parquet,
}

impl ExportArgs {
    /// What is asked for.
    pub(super) fn asked(&self) -> ExportAsked {
        let format = match self.format {
            ExportFormatArg::Csv => ExportFormat::Csv,
            ExportFormatArg::Parquet => ExportFormat::Parquet,
        };
        let extent =
            Extent { symbol: self.symbol.clone(), timeframe: self.timeframe, since: self.since, until: self.until };
        ExportAsked { topic: self.topic.into(), extent, format, out: self.out.clone() }
    }
}
