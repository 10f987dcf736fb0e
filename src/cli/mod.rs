//! The command line as typed values, and the way from them to a command and an exit.
//!
//! Uses every room before it. What is typed is turned into what is meant once, here; nothing behind this door parses it
//! again, and nothing here decides anything.

mod account_arguments;
mod arguments;
mod backtest_arguments;
mod cycle_arguments;
mod global_arguments;
mod log;
mod notify_arguments;
mod output;
mod schedule_arguments;
mod report_arguments;
mod show_arguments;
mod status_arguments;
mod sweep_arguments;
mod upkeep_arguments;
mod verify_arguments;
mod walk_arguments;

use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use self::arguments::{Cli, Command};
use self::global_arguments::Global;
use self::notify_arguments::NotifyCommand;
use self::schedule_arguments::ScheduleCommand;
use self::sweep_arguments::{SweepArgs, SweepCommand};
use self::upkeep_arguments::{ConfigCommand, DbCommand};
use crate::command::{self, InUse, Output, Unwritable, UsageError};
use crate::exit::Exit;
use crate::journal;
use crate::report;
use crate::settings::{Flags, LogFormat, Paths, Settings, SettingsError, environment};
use crate::store::{StoreError, Topic};

/// Runs the program.
pub fn main() -> Exit {
    let (environment, refused) = environment(std::env::vars_os());
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return not_understood(&e, refused),
    };
    let paths = Paths::from_environment(&environment);
    let settings = refused.map_or_else(|| Settings::load(&flags(&cli), &environment, &paths), Err);
    // Mistakes in the settings concern only those commands that look at them.
    let log_settings = cli.global.log(settings.as_ref().map(|s| s.log).unwrap_or_default());
    log::start_log(log_settings);
    let mut errands = settings.as_ref().ok().and_then(|settings| cli.command.errands(settings));
    errands.iter_mut().for_each(command::Errands::begin);
    // A bug ends the run, and nothing else: whoever watches over it is told.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        run(&cli, settings, &paths).and_then(|said| command::say(&said).map(|()| said.exit))
    }));
    let ended = outcome.unwrap_or_else(|_| Err(anyhow::anyhow!("trader broke off: this is a bug")));
    let exit = ended.unwrap_or_else(|error| complain(&error, log_settings.format));
    if let Some(errands) = errands {
        errands.run(exit);
    }
    exit
}

fn run(cli: &Cli, settings: Result<Settings, SettingsError>, paths: &Paths) -> anyhow::Result<Output> {
    let pretty = std::io::stdout().is_terminal();
    match &cli.command {
        Command::Cycle(args) => command::cycle(&settings?, &args.options(pretty)),
        Command::Backfill(args) => command::backfill(&settings?, &args.wanted(pretty)),
        Command::Backtest(args) => {
            command::backtest(&settings?, &args.stretch.asked(), args.html.as_deref(), args.output.style())
        }
        Command::Sweep(args) => sweep(args, &settings?),
        Command::Verify(args) => command::verify(&settings?, &args.asked(), args.output.style()),
        Command::WalkForward(args) => command::walk_forward(&settings?, &args.asked(), args.output.style()),
        Command::Import { files, pretty: many } => command::import(&settings?.db, files, pretty || *many),
        Command::Show(args) => {
            command::show(&settings?.db, args.topic.into(), &args.filter(), args.rows.output.style())
        }
        Command::Explain { symbol, at, output } => command::explain(&settings?.db, symbol, *at, output.style()),
        Command::Portfolio { output } => command::portfolio(&settings?, output.style()),
        Command::Trades(args) => command::show(&settings?.db, Topic::Trades, &args.filter(), args.output.style()),
        Command::Risk { output } => command::risk(&settings?, output.style()),
        Command::Status(args) => command::status(settings, args.now, args.style()),
        Command::Doctor(args) => Ok(command::doctor(&settings?, args.offline, args.style())),
        Command::Outcomes(args) => command::outcomes(&settings?, &args.asked(), args.output.style()),
        Command::Metrics => command::metrics(&settings?),
        Command::Report(args) => command::report(&settings?, &args.asked(), args.output.style()),
        Command::Digest(args) => command::digest(&settings?, args.date, args.format.into(), pretty || args.pretty),
        Command::Pause(args) => command::pause(&settings?, &args.reason, pretty || args.pretty),
        Command::Resume(args) => command::resume(&settings?, &args.reason, pretty || args.pretty),
        Command::Close { which, pretty: many } => command::close(&settings?, &which.0, pretty || *many),
        Command::Notify { command } => notify(command, &settings?),
        Command::Config { command } => config(*command, &cli.global, paths, settings),
        Command::Db { command } => db(command, &settings?, pretty),
        Command::Schedule { command } => schedule(command, &cli.global, paths, settings, pretty),
        Command::Schema { of } => Ok(Output::ok(report::to_json(&report::schema((*of).into()), true))),
        Command::Completions { shell } => Ok(Output::ok(completions(*shell))),
        Command::Man => man(),
    }
}

/// Help and version are no errors; a reader that went away is none either.
fn not_understood(error: &clap::Error, refused: Option<SettingsError>) -> Exit {
    match refused {
        // Of a variable that is no text the command line does not say which one it is.
        Some(refused) if error.kind() == ErrorKind::InvalidUtf8 => complain(&refused.into(), LogFormat::Text),
        _ => {
            drop(error.print());
            if error.use_stderr() { Exit::Usage } else { Exit::Ok }
        }
    }
}

fn flags(cli: &Cli) -> Flags {
    let mut flags = Flags { config: cli.global.config.clone(), db: cli.global.db.clone(), ..Flags::default() };
    if let Command::Cycle(args) = &cli.command {
        (flags.pairs, flags.base_urls) = (args.pairs.clone(), args.base_urls.clone());
        flags.summary_file.clone_from(&args.summary_file);
    }
    if let Some(stretch) = cli.command.stretch() {
        flags.pairs.clone_from(&stretch.pairs);
        flags.strategy = stretch.strategy;
    }
    if let Command::Backfill(args) = &cli.command {
        (flags.pairs, flags.base_urls) = (args.pairs.clone(), args.base_urls.clone());
        flags.timeframes.clone_from(&args.timeframes);
    }
    flags
}

fn config(
    command: ConfigCommand,
    global: &Global,
    paths: &Paths,
    settings: Result<Settings, SettingsError>,
) -> anyhow::Result<Output> {
    match command {
        ConfigCommand::Init => {
            command::config_init(global.config.as_ref().or(paths.config.as_ref()).ok_or(SettingsError::NoConfigHome)?)
        }
        ConfigCommand::Show => command::config_show(&settings?),
        ConfigCommand::Check => command::config_check(&settings?),
    }
}

fn sweep(args: &SweepArgs, settings: &Settings) -> anyhow::Result<Output> {
    match &args.command {
        Some(SweepCommand::Merge { files, top }) => command::sweep_merge(settings, files, top.top, top.output.style()),
        None => command::sweep(settings, &args.asked(), args.top.output.style()),
    }
}

fn notify(command: &NotifyCommand, settings: &Settings) -> anyhow::Result<Output> {
    match command {
        NotifyCommand::Test { channel, output } => command::notify_test(settings, channel.as_deref(), output.style()),
        NotifyCommand::Send { output } => command::notify_send(settings, output.style()),
        NotifyCommand::Digest { date, print, output } => {
            command::notify_digest(settings, *date, *print, output.style())
        }
        NotifyCommand::List { output } => command::notify_list(settings, output.style()),
    }
}

fn db(command: &DbCommand, settings: &Settings, pretty: bool) -> anyhow::Result<Output> {
    let path = &settings.db;
    match command {
        DbCommand::Check => command::db_check(path, pretty),
        DbCommand::Backup(args) => match (&args.file, &args.into) {
            (Some(file), _) => command::db_backup(path, file, pretty),
            (None, Some(folder)) => command::db_backup_into(path, folder, args.rotation(), pretty),
            (None, None) => Err(command::usage("name a file, or a folder with --into")),
        },
        DbCommand::Migrate { backup } => command::db_migrate(path, backup.as_deref(), pretty),
        DbCommand::Prune { dry_run } => command::db_prune(settings, *dry_run, pretty),
        DbCommand::Vacuum { full } => command::db_vacuum(path, *full, pretty),
        DbCommand::Export(args) => command::db_export(settings, &args.asked(), pretty),
        DbCommand::Info => command::db_info(path, pretty),
    }
}

fn schedule(
    command: &ScheduleCommand,
    global: &Global,
    paths: &Paths,
    settings: Result<Settings, SettingsError>,
    pretty: bool,
) -> anyhow::Result<Output> {
    match command {
        ScheduleCommand::Print(plan) => command::schedule_print(&settings?, paths, &plan.asked(global)),
        ScheduleCommand::Install { plan, consent, anyway } => {
            command::schedule_install(&settings?, paths, &plan.asked(global), consent.consent(*anyway), pretty)
        }
        ScheduleCommand::Remove { place, consent } => {
            command::schedule_remove(paths, &place.asked(global), consent.consent(false), pretty)
        }
        ScheduleCommand::Status { plan, output } => {
            command::schedule_status(&settings?, paths, &plan.asked(global), output.style())
        }
    }
}

fn completions(shell: clap_complete::Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "trader", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn man() -> anyhow::Result<Output> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text).context("cannot render the man page")?;
    Ok(Output::ok(String::from_utf8_lossy(&text).into_owned()))
}

/// Tells an error: JSON on stdout (but for bad usage), cause and remedy on stderr.
fn complain(error: &anyhow::Error, format: LogFormat) -> Exit {
    let store = error.downcast_ref::<StoreError>();
    let usage = error.is::<UsageError>() || error.is::<SettingsError>();
    let (other, way_out) = of_files(error);
    let exit = if usage { Exit::Usage } else { store.map_or(other, Exit::from) };
    let (code, remedy) = store.map_or((exit.name(), way_out), |e| (e.code(), e.remedy()));
    // What went wrong with the database says already what SQLite said.
    let text = store.map_or_else(|| format!("{error:#}"), ToString::to_string);
    let text = journal::redacted(&text).into_owned();
    if exit == Exit::Usage {
        tell(code, &text, "", format);
        return exit;
    }
    tell(code, &text, &format!("\n  {remedy}"), format);
    let (status, remedy) = (exit.name(), remedy.to_owned());
    let complaint = report::Problem { code, symbol: None, timeframe: None, text, remedy };
    let failure =
        report::Failure { schema: "trader.error.v1", status, exit_code: exit.code(), errors: vec![complaint] };
    let said = Output { text: report::to_json(&failure, false), exit };
    command::say(&said).map_or(Exit::Internal, |()| exit)
}

/// How an error about a file that is no database ends, and what to do about it.
fn of_files(error: &anyhow::Error) -> (Exit, &'static str) {
    if let Some(unwritable) = error.downcast_ref::<Unwritable>() {
        (Exit::Storage, unwritable.remedy())
    } else if error.is::<InUse>() {
        (Exit::Busy, "wait until it has ended, or name another file")
    } else {
        (Exit::Internal, "see the message; -vv tells more")
    }
}

/// Tells people something, in a line of the log where programs read that. Where nobody can be told, the exit code and the
/// document still speak.
fn tell(code: &str, text: &str, remedy: &str, format: LogFormat) {
    match format {
        LogFormat::Text => drop(writeln!(std::io::stderr(), "error: {text}{remedy}")),
        LogFormat::Json => ::log::error!(code = code; "{text}{remedy}"),
    }
}
