//! The command line as typed values, and the way from them to a command and an exit.
//!
//! Uses everything. What is typed is turned into what is meant once, here; nothing behind this line parses it again.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::command::{self, Backfill, CycleOptions, Said, Style, UsageError};
use crate::exit::Exit;
use crate::report::{self, Format};
use crate::settings::{Flags, Paths, Settings, SettingsError, TEMPLATE};
use crate::store::{Filter, StoreError, Topic};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// Autonomous crypto trading without a daemon: one run an hour, started by cron.
#[derive(Debug, Parser)]
#[command(name = "trader", version, propagate_version = true, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  trader cycle                                    one run on live data (what cron starts)
  trader cycle --replay fixtures/market           the same on a recording, no network
  trader cycle | jq '.pairs[] | {symbol, decision, score}'
  trader backfill --from 2024-01-01 --timeframes 1h,4h,1d
  trader explain BTC/USDT                         why it was decided so

Exit codes: 0 ok, 1 internal, 2 usage, 3 degraded, 4 unavailable, 5 busy, 6 halted, 7 storage.";

#[derive(Debug, Args)]
struct Global {
    /// Configuration file [default: $XDG_CONFIG_HOME/trader/config.toml]
    #[arg(long, value_name = "FILE", global = true, env = "TRADER_CONFIG")]
    config: Option<PathBuf>,
    /// Database [default: $XDG_DATA_HOME/trader/trader.db; replay.db beside it for recordings]
    #[arg(long, value_name = "FILE", global = true, env = "TRADER_DB")]
    db: Option<PathBuf>,
    /// Tell more on stderr (-vv: every request)
    #[arg(short, long, action = ArgAction::Count, global = true, conflicts_with = "quiet")]
    verbose: u8,
    /// Tell errors only
    #[arg(short, long, global = true)]
    quiet: bool,
    /// How stderr is written
    #[arg(long, value_enum, default_value_t = LogFormat::Text, global = true, env = "TRADER_LOG_FORMAT")]
    log_format: LogFormat,
    /// Colours on stderr
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true, env = "TRADER_COLOR")]
    color: Color,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Collect, analyse, decide, record: one run
    Cycle(CycleArgs),
    /// Fetch history from the exchange; goes on where it was cut off
    Backfill(BackfillArgs),
    /// Import files of the exchange's public archive (zip, csv, csv.gz)
    Import {
        /// Files named like BTCUSDT-1h-2024-01.zip; a .CHECKSUM file beside one is checked
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// JSON on many lines
        #[arg(long)]
        pretty: bool,
    },
    /// Show the newest stored rows
    Show(ShowArgs),
    /// Explain a decision from stored rows: readings, points, gates, provenance
    Explain {
        /// The pair
        symbol: Symbol,
        /// The newest decision made at or before this instant
        #[arg(long, value_name = "INSTANT")]
        at: Option<UtcMillis>,
        #[command(flatten)]
        output: Output,
    },
    /// The configuration: write a commented one, show what is in force, check it
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// The database: check, backup, info
    Db {
        #[command(subcommand)]
        command: DbCommand,
    },
    /// Print the JSON Schema of a summary
    Schema {
        /// Of which
        #[arg(value_enum, default_value_t = Shape::Cycle)]
        of: Shape,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    Man,
}

#[derive(Debug, Args)]
struct CycleArgs {
    /// Pairs, like BTC/USDT,ETH/USDT
    #[arg(long, value_delimiter = ',', value_name = "PAIRS", env = "TRADER_PAIRS")]
    pairs: Option<Vec<Symbol>>,
    /// The exchange's address; repeatable, tried in order
    #[arg(
        long = "base-url",
        value_name = "URL",
        value_delimiter = ',',
        env = "TRADER_BASE_URL",
        conflicts_with = "replay"
    )]
    base_urls: Option<Vec<String>>,
    /// Recorded klines instead of the exchange: files SYMBOL-INTERVAL-*.csv[.gz], optionally exchangeInfo.json
    #[arg(long, value_name = "DIR")]
    replay: Option<PathBuf>,
    /// The clock of the replay [default: serverTime of its exchangeInfo.json]
    #[arg(long, value_name = "INSTANT", requires = "replay")]
    now: Option<UtcMillis>,
    /// Also write the summary to this file, whole or not at all
    #[arg(long, value_name = "FILE", env = "TRADER_SUMMARY_FILE")]
    summary_file: Option<PathBuf>,
    /// JSON on many lines (default on a terminal)
    #[arg(long)]
    pretty: bool,
    /// Everything but writing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct BackfillArgs {
    /// The first instant, like 2024-01-01
    #[arg(long, value_name = "DATE")]
    from: UtcMillis,
    /// The last instant [default: now]
    #[arg(long, value_name = "DATE")]
    to: Option<UtcMillis>,
    /// Pairs, like BTC/USDT,ETH/USDT
    #[arg(long, value_delimiter = ',', value_name = "PAIRS", env = "TRADER_PAIRS")]
    pairs: Option<Vec<Symbol>>,
    /// Timeframes, like 1h,4h,1d
    #[arg(long, value_delimiter = ',', value_name = "LIST", env = "TRADER_TIMEFRAMES")]
    timeframes: Option<Vec<Timeframe>>,
    /// The exchange's address; repeatable, tried in order
    #[arg(long = "base-url", value_name = "URL", value_delimiter = ',', env = "TRADER_BASE_URL")]
    base_urls: Option<Vec<String>>,
    /// JSON on many lines (default on a terminal)
    #[arg(long)]
    pretty: bool,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// What to show
    #[arg(value_enum)]
    topic: ShowTopic,
    /// Of this pair only
    #[arg(long)]
    symbol: Option<Symbol>,
    /// Of this timeframe only
    #[arg(long)]
    timeframe: Option<Timeframe>,
    /// From this instant on
    #[arg(long, value_name = "INSTANT")]
    since: Option<UtcMillis>,
    /// At most so many rows, the newest
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: u32,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
struct Output {
    /// How to write it [default: table on a terminal, json otherwise]
    #[arg(long, value_enum)]
    format: Option<OutputFormat>,
    /// JSON on many lines (default on a terminal)
    #[arg(long)]
    pretty: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutputFormat {
    Json,
    Csv,
    Table,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ShowTopic {
    Candles,
    Indicators,
    Signals,
    Decisions,
    Runs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shape {
    Cycle,
    Transfer,
    Explain,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum ConfigCommand {
    /// Write a commented configuration with every default
    Init,
    /// Show what is in force
    Show,
    /// Read it and say whether it can be used
    Check,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Examine the file, its references and our own rules
    Check,
    /// Copy the database to a new file, also while a run writes
    Backup {
        /// The new file
        file: PathBuf,
    },
    /// Facts about it
    Info,
}

/// Runs the program.
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are no errors; a reader that went away is none either.
        Err(e) => {
            drop(e.print());
            return if e.use_stderr() { Exit::Usage } else { Exit::Ok };
        }
    };
    start_log(&cli.global);
    run(cli).and_then(|said| command::say(&said).map(|()| said.exit)).unwrap_or_else(|error| complain(&error))
}

fn run(cli: Cli) -> anyhow::Result<Said> {
    let environment: Vec<(String, String)> =
        std::env::vars_os().filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?))).collect();
    let paths = Paths::from_environment(&environment);
    let pretty = std::io::stdout().is_terminal();
    let settings = || Settings::load(&flags(&cli), &environment, &paths);
    match &cli.command {
        Command::Cycle(args) => command::cycle(&settings()?, &paths, &args.options(pretty)),
        Command::Backfill(args) => command::backfill(&settings()?, &args.wanted(pretty)),
        Command::Import { files, pretty: many } => Ok(command::import(&settings()?.db, files, pretty || *many)),
        Command::Show(args) => command::show(&settings()?.db, args.topic.into(), &args.filter(), args.output.style()),
        Command::Explain { symbol, at, output } => command::explain(&settings()?.db, symbol, *at, output.style()),
        Command::Config { command } => config(*command, &cli.global, &paths, settings),
        Command::Db { command } => db(command, &settings()?.db, pretty),
        Command::Schema { of } => Ok(Said::ok(schema(*of))),
        Command::Completions { shell } => Ok(Said::ok(completions(*shell))),
        Command::Man => man(),
    }
}

fn flags(cli: &Cli) -> Flags {
    let (pairs, timeframes, base_urls) = match &cli.command {
        Command::Cycle(args) => (args.pairs.clone(), None, args.base_urls.clone()),
        Command::Backfill(args) => (args.pairs.clone(), args.timeframes.clone(), args.base_urls.clone()),
        _ => (None, None, None),
    };
    Flags { config: cli.global.config.clone(), db: cli.global.db.clone(), pairs, timeframes, base_urls }
}

fn config(
    command: ConfigCommand,
    global: &Global,
    paths: &Paths,
    settings: impl Fn() -> Result<Settings, SettingsError>,
) -> anyhow::Result<Said> {
    match command {
        ConfigCommand::Init => config_init(global.config.as_ref().unwrap_or(&paths.config)),
        ConfigCommand::Show => Ok(Said::ok(settings()?.to_toml()?)),
        ConfigCommand::Check => {
            let settings = settings()?;
            let file = settings.file.as_ref().map_or("no file: the defaults".to_owned(), |f| f.display().to_string());
            Ok(Said::ok(format!("ok: {file} (strategy {})", settings.strategy.hash)))
        }
    }
}

fn config_init(path: &std::path::Path) -> anyhow::Result<Said> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let mut file = std::fs::File::options().write(true).create_new(true).open(path).map_err(|e| {
        SettingsError::Value { key: "config init".to_owned(), text: format!("cannot write {}: {e}", path.display()) }
    })?;
    file.write_all(TEMPLATE.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Said::ok(format!("wrote {}", path.display())))
}

fn db(command: &DbCommand, path: &std::path::Path, pretty: bool) -> anyhow::Result<Said> {
    match command {
        DbCommand::Check => command::db_check(path, pretty),
        DbCommand::Backup { file } => command::db_backup(path, file, pretty),
        DbCommand::Info => command::db_info(path, pretty),
    }
}

fn schema(of: Shape) -> String {
    let schema = match of {
        Shape::Cycle => schemars::schema_for!(report::Cycle),
        Shape::Transfer => schemars::schema_for!(report::Transfer),
        Shape::Explain => schemars::schema_for!(report::Story),
    };
    report::to_json(&schema, true)
}

fn completions(shell: clap_complete::Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "trader", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn man() -> anyhow::Result<Said> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text).context("cannot render the man page")?;
    Ok(Said::ok(String::from_utf8_lossy(&text).into_owned()))
}

/// Tells an error: JSON on stdout (but for bad usage), cause and remedy on stderr.
fn complain(error: &anyhow::Error) -> Exit {
    let store = error.downcast_ref::<StoreError>();
    let usage = error.is::<UsageError>() || error.is::<SettingsError>();
    let exit = if usage { Exit::Usage } else { store.map_or(Exit::Internal, Exit::from) };
    let (code, remedy) = store.map_or((exit.name(), "see the message; -vv tells more"), |e| (e.code(), e.remedy()));
    let text = format!("{error:#}");
    if exit == Exit::Usage {
        eprintln!("error: {text}");
        return exit;
    }
    eprintln!("error: {text}\n  {remedy}");
    let (status, remedy) = (exit.name(), remedy.to_owned());
    let complaint = report::Complaint { code, symbol: None, timeframe: None, text, remedy };
    let failure =
        report::Failure { schema: "trader.error.v1", status, exit_code: exit.code(), errors: vec![complaint] };
    let said = Said { text: report::to_json(&failure, false), exit };
    command::say(&said).map_or(Exit::Internal, |()| exit)
}

impl CycleArgs {
    fn options(&self, terminal: bool) -> CycleOptions {
        CycleOptions {
            replay: self.replay.clone(),
            now: self.now,
            summary_file: self.summary_file.clone(),
            pretty: self.pretty || terminal,
            dry_run: self.dry_run,
        }
    }
}

impl BackfillArgs {
    fn wanted(&self, terminal: bool) -> Backfill {
        Backfill { from: self.from, to: self.to, pretty: self.pretty || terminal }
    }
}

impl ShowArgs {
    fn filter(&self) -> Filter {
        Filter { symbol: self.symbol.clone(), timeframe: self.timeframe, since: self.since, limit: self.limit }
    }
}

impl Output {
    fn style(&self) -> Style {
        let terminal = std::io::stdout().is_terminal();
        let format = match self.format {
            Some(OutputFormat::Json) => Format::Json,
            Some(OutputFormat::Csv) => Format::Csv,
            Some(OutputFormat::Table) => Format::Table,
            None if terminal => Format::Table,
            None => Format::Json,
        };
        Style { pretty: self.pretty || terminal, format }
    }
}

impl From<ShowTopic> for Topic {
    fn from(topic: ShowTopic) -> Self {
        match topic {
            ShowTopic::Candles => Self::Candles,
            ShowTopic::Indicators => Self::Indicators,
            ShowTopic::Signals => Self::Signals,
            ShowTopic::Decisions => Self::Decisions,
            ShowTopic::Runs => Self::Runs,
        }
    }
}

fn start_log(global: &Global) {
    use log::LevelFilter;
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::Error,
        (false, 0) => LevelFilter::Warn,
        (false, 1) => LevelFilter::Info,
        (false, _) => LevelFilter::Debug,
    };
    let mut builder = env_logger::Builder::new();
    // Other crates speak only when asked for by name in RUST_LOG.
    builder.filter_level(LevelFilter::Warn.min(level)).filter_module("trader", level).parse_default_env();
    builder.write_style(match global.color {
        Color::Auto => env_logger::WriteStyle::Auto,
        Color::Always => env_logger::WriteStyle::Always,
        Color::Never => env_logger::WriteStyle::Never,
    });
    match global.log_format {
        LogFormat::Text => builder.format(log_text),
        LogFormat::Json => builder.format(log_json),
    };
    builder.init();
}

fn log_text(out: &mut env_logger::fmt::Formatter, record: &log::Record<'_>) -> std::io::Result<()> {
    let style = out.default_level_style(record.level());
    let level = record.level().as_str().to_lowercase();
    writeln!(out, "{} {style}{level}{style:#} {}", crate::clock::wall(), record.args())
}

fn log_json(out: &mut env_logger::fmt::Formatter, record: &log::Record<'_>) -> std::io::Result<()> {
    let code = record.key_values().get(log::kv::Key::from("code")).map(|code| code.to_string());
    let line = serde_json::json!({
        "ts": crate::clock::wall(),
        "level": record.level().as_str().to_lowercase(),
        "code": code,
        "msg": record.args().to_string(),
    });
    writeln!(out, "{line}")
}
