//! What every command understands: which configuration, which database, and how the log is written.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use crate::settings::{Color, LogFormat, LogLevel, LogSettings};

#[derive(Debug, Args)]
pub(super) struct Global {
    #[arg(
        help = "Configuration file [default: $XDG_CONFIG_HOME/trader/config.toml]",
        long,
        value_name = "FILE",
        global = true,
        env = "TRADER_CONFIG"
    )]
    pub(super) config: Option<PathBuf>,
    #[arg(
        help = "Database [default: $XDG_DATA_HOME/trader/trader.db; replay-….db beside it for a recording]",
        long,
        value_name = "FILE",
        global = true,
        env = "TRADER_DB"
    )]
    pub(super) db: Option<PathBuf>,
    /// Tell more on stderr (-vv: every request)
    #[arg(short, long, action = ArgAction::Count, global = true, conflicts_with = "quiet")]
    pub(super) verbose: u8,
    /// Tell errors only
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// How stderr is written [default: text]
    #[arg(long, value_enum, global = true, env = "TRADER_LOG_FORMAT")]
    pub(super) log_format: Option<LogFormatArg>,
    /// Colours on stderr [default: auto]
    #[arg(long, value_enum, global = true, env = "TRADER_COLOR")]
    pub(super) color: Option<ColorArg>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogFormatArg {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ColorArg {
    Auto,
    Always,
    Never,
}

impl Global {
    /// How to write the log: flags win over the settings.
    pub(super) fn log(&self, settings: LogSettings) -> LogSettings {
        let level = match (self.quiet, self.verbose) {
            (true, _) => LogLevel::Error,
            (false, 0) => settings.level,
            (false, 1) => LogLevel::Info,
            (false, _) => LogLevel::Debug,
        };
        let format = match self.log_format {
            Some(LogFormatArg::Text) => LogFormat::Text,
            Some(LogFormatArg::Json) => LogFormat::Json,
            None => settings.format,
        };
        let color = match self.color {
            Some(ColorArg::Auto) => Color::Auto,
            Some(ColorArg::Always) => Color::Always,
            Some(ColorArg::Never) => Color::Never,
            None => settings.color,
        };
        LogSettings { level, format, color }
    }
}
