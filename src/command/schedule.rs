//! `trader schedule`: print, install, remove, status. What is said to cron, systemd and launchd is made by the room
//! `schedule`; here it is brought to them, and nothing is changed that was not shown first.

mod outside;
mod place;
mod status;

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

pub use self::place::With;
use self::place::{Change, Place};
pub use self::status::schedule_status;
use super::database::answer;
use super::{Output, usage};
use crate::clock;
use crate::exit::Exit;
use crate::report::ScheduleChanged;
use crate::schedule::{Every, Made, Plan, jitter_s};
use crate::settings::{Paths, Settings};

/// A candle that has closed is surely served so many seconds later.
const DELAY_S: u32 = 20;

/// What is asked of a schedule; what is not said is left to defaults.
#[derive(Clone, Debug, Default)]
pub struct ScheduleAsked {
    /// By what jobs are started.
    pub with: Option<With>,
    /// For the whole system, with jobs under this account; none: for whoever asks.
    pub account: Option<String>,
    /// How often the cycle runs.
    pub every: Option<Every>,
    /// Seconds after the hour.
    pub delay_s: Option<u32>,
    /// The program, where it is not to be this one.
    pub program: Option<PathBuf>,
    /// The folder of the logs.
    pub logs: Option<PathBuf>,
    /// The folder of the backups.
    pub backups: Option<PathBuf>,
    /// Who gets cron's mail.
    pub mailto: Option<String>,
    /// Whether notifications are sent again.
    pub notify: bool,
    /// The configuration that was named.
    pub config: Option<PathBuf>,
    /// The database that was named.
    pub db: Option<PathBuf>,
}

/// How a change is agreed to.
#[derive(Clone, Copy, Debug)]
pub struct Consent {
    /// Without being asked.
    pub is_given: bool,
    /// Although something else runs cycles already.
    pub anyway: bool,
}

/// The schedule as text.
pub fn schedule_print(settings: &Settings, paths: &Paths, asked: &ScheduleAsked) -> anyhow::Result<Output> {
    let (plan, place) = (plan(settings, paths, asked, None)?, place(paths, asked)?);
    let files = place.files(&plan).map_err(|e| usage(e.to_string()))?;
    if let [only] = files.as_slice() {
        return Ok(Output::ok(only.text.clone()));
    }
    let text = files.iter().map(|file| format!("# {}\n{}\n", place.path_of(&file.name), file.text));
    Ok(Output::ok(text.collect::<String>()))
}

/// Brings the schedule to where it is read; twice is once.
pub fn schedule_install(
    settings: &Settings,
    paths: &Paths,
    asked: &ScheduleAsked,
    consent: Consent,
    pretty: bool,
) -> anyhow::Result<Output> {
    let (plan, place) = (plan(settings, paths, asked, None)?, place(paths, asked)?);
    if let Some(account) = &plan.account {
        refuse_no_account(account)?;
    }
    warn_of_surroundings(settings, &plan);
    refuse_a_second_one(paths, asked, &place, consent)?;
    let changes = place.changes(Some(&plan))?;
    if !changes.is_empty() {
        agree("install", &place, &changes, consent)?;
        if plan.made.mailto.is_some() && place.below() > 0 {
            log::warn!(
                "MAILTO counts for the lines below this block as well: move them above it, or set MAILTO after it"
            );
        }
        make_folders(&plan)?;
        place.install(&changes)?;
    }
    Ok(told(&place, &changes, pretty))
}

/// The folders that jobs write to. Those that are made for another account are given to it: a job that cannot write to its
/// log does not even begin.
fn make_folders(plan: &Plan) -> anyhow::Result<()> {
    for folder in [&plan.data, &plan.made.logs, &plan.made.backups] {
        if Path::new(folder).is_dir() {
            continue;
        }
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {folder}"))?;
        if let Some(account) = &plan.account {
            outside::expect("chown", &[account, folder], "")?;
        }
    }
    Ok(())
}

/// Jobs of nobody never run, and nobody says so.
fn refuse_no_account(account: &str) -> anyhow::Result<()> {
    // No account's name begins so; a program would take it for a flag.
    let is_known = !account.starts_with('-') && outside::run("id", &["-u", account], "")?.is_ok;
    if is_known { Ok(()) } else { Err(usage(format!("there is no account `{account}` on this system"))) }
}

/// Takes out what `install` brought, and nothing else.
pub fn schedule_remove(paths: &Paths, asked: &ScheduleAsked, consent: Consent, pretty: bool) -> anyhow::Result<Output> {
    let place = place(paths, asked)?;
    let changes = place.changes(None)?;
    if !changes.is_empty() {
        agree("remove", &place, &changes, consent)?;
        place.remove(&changes)?;
    }
    Ok(told(&place, &changes, pretty))
}

fn told(place: &Place, changes: &[Change], pretty: bool) -> Output {
    let places = changes.iter().map(|change| change.place.clone()).collect();
    let told = ScheduleChanged { with: place.with().word(), changed: !changes.is_empty(), places };
    answer("trader.schedule.v1", Exit::Ok, told, pretty)
}

fn place(paths: &Paths, asked: &ScheduleAsked) -> anyhow::Result<Place> {
    let usual = if cfg!(target_os = "macos") { With::Launchd } else { With::Cron };
    Place::of(asked.with.unwrap_or(usual), asked.account.as_deref(), paths)
}

/// What a schedule would be made from now; what was chosen for the one that is there counts where nothing is said.
fn plan(settings: &Settings, paths: &Paths, asked: &ScheduleAsked, before: Option<&Made>) -> anyhow::Result<Plan> {
    let db = absolute(&settings.db)?;
    let data = Path::new(&db).parent().and_then(Path::to_str).unwrap_or("/").to_owned();
    let folder = |named: &Option<PathBuf>, was: Option<&String>, name: &str| match (named, was) {
        (Some(path), _) => absolute(path),
        (None, Some(was)) => Ok(was.clone()),
        (None, None) => Ok(format!("{}/{name}", data.trim_end_matches('/'))),
    };
    let program = match &asked.program {
        Some(program) => absolute(program)?,
        None => absolute(&std::env::current_exe().context("this program does not know where it lies")?)?,
    };
    let made = Made {
        every: asked.every.or(before.map(|made| made.every)).unwrap_or(Every::Hour),
        delay_s: asked.delay_s.or(before.map(|made| made.delay_s)).unwrap_or_else(|| DELAY_S + jitter_s(&seed(&db))),
        logs: folder(&asked.logs, before.map(|made| &made.logs), "logs")?,
        backups: folder(&asked.backups, before.map(|made| &made.backups), "backups")?,
        mailto: asked.mailto.clone().or(before.and_then(|made| made.mailto.clone())),
        notify: asked.notify || before.is_some_and(|made| made.notify),
    };
    let local_minute = u32::try_from((clock::utc_offset_min()).rem_euclid(60)).unwrap_or_default();
    let environment = environment(paths, asked)?;
    Ok(Plan { made, program, environment, data, account: asked.account.clone(), local_minute })
}

/// What is different for each installation, and stays: the machine and the database.
fn seed(db: &str) -> String {
    let told =
        ["/proc/sys/kernel/hostname", "/etc/hostname"].iter().find_map(|file| std::fs::read_to_string(file).ok());
    format!("{}:{db}", told.unwrap_or_default().trim())
}

/// Where configuration and database are to be looked for: what was named by its own name, else the folders they are below.
fn environment(paths: &Paths, asked: &ScheduleAsked) -> anyhow::Result<Vec<(String, String)>> {
    let below =
        |path: &Option<PathBuf>, depth| path.as_ref().and_then(|path| path.ancestors().nth(depth)).map(Path::to_owned);
    let (config_home, data_home) = (below(&paths.config, 2), below(&paths.data, 1));
    let mut variables = Vec::new();
    for (named, own, home, general) in [
        (&asked.config, "TRADER_CONFIG", config_home, "XDG_CONFIG_HOME"),
        (&asked.db, "TRADER_DB", data_home, "XDG_DATA_HOME"),
    ] {
        let variable = named.clone().map(|path| (own, path)).or_else(|| home.map(|path| (general, path)));
        if let Some((name, path)) = variable {
            variables.push((name.to_owned(), absolute(&path)?));
        }
    }
    Ok(variables)
}

fn absolute(path: &Path) -> anyhow::Result<String> {
    let whole = std::path::absolute(path).with_context(|| format!("cannot tell where {} is", path.display()))?;
    let text = whole.to_str().map(str::to_owned);
    text.ok_or_else(|| usage(format!("{} is not UTF-8 text, which schedules are", path.display())))
}

/// What this shell sets, scheduled jobs do not know. And longer steps than candles miss decisions.
fn warn_of_surroundings(settings: &Settings, plan: &Plan) {
    let is_known = |name: &str| {
        ["TRADER_CONFIG", "TRADER_DB", "TRADER_COLOR", "TRADER_LOG_FORMAT"].contains(&name)
            || !name.starts_with("TRADER_")
    };
    let set: Vec<String> =
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(|name| !is_known(name)).collect();
    if !set.is_empty() {
        log::warn!("scheduled jobs will not know {}: put it into the configuration", set.join(", "));
    }
    let home = std::env::var("HOME").unwrap_or_default();
    for (name, path) in plan.environment.iter().filter(|(_, path)| !home.is_empty() && path.starts_with(&home)) {
        if let Some(account) = &plan.account {
            log::warn!(
                "jobs of {account} will find {name} at {path}, in your home folder: set it, or name files, for all"
            );
        }
    }
    if plan.made.every.hours() * 3_600_000 != settings.health.every.ms() {
        log::warn!(
            "`trader status` expects a cycle every {}: set `every` in [health] to {}",
            settings.health.every,
            plan.made.every.word()
        );
    }
    let (every_h, timeframe) = (plan.made.every.hours(), settings.strategy.timeframe);
    if every_h * 3_600_000 > timeframe.ms() {
        log::warn!("decisions are made on candles of {timeframe}, and a run every {every_h} hours misses most of them");
    }
}

/// One schedule is enough: a run that finds another one at work does nothing but complain.
fn refuse_a_second_one(paths: &Paths, asked: &ScheduleAsked, place: &Place, consent: Consent) -> anyhow::Result<()> {
    let mut others = place.strangers()?;
    for with in With::ALL {
        for account in [None, Some(asked.account.as_deref().unwrap_or_default())] {
            // What cannot be looked at is not there.
            let Ok(other) = Place::of(with, account, paths) else { continue };
            if other.is(place) || !other.installed().is_ok_and(|text| text.is_some()) {
                continue;
            }
            let whose = if account.is_some() { "the whole system's" } else { "this user's" };
            others.push(format!("a schedule of {}, {whose}, that was installed before", with.word()));
        }
    }
    for other in &others {
        log::warn!("this runs cycles already: {other}");
    }
    if others.is_empty() || consent.anyway {
        return Ok(());
    }
    Err(usage(format!("cycles are run already: {}\n  take that out first, or say --anyway", others.join("; "))))
}

/// Shows what will change and asks; without a terminal the answer has to be given beforehand.
fn agree(what: &str, place: &Place, changes: &[Change], consent: Consent) -> anyhow::Result<()> {
    let mut stderr = io::stderr().lock();
    for change in changes {
        // Where nobody can be shown anything, nobody can be asked either.
        drop(write!(stderr, "{}:\n{}", change.place, change.difference()));
    }
    if consent.is_given {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(usage(format!("nobody can be asked whether to {what} this: say --yes")));
    }
    drop(write!(stderr, "{what} this schedule of {}? [y/N] ", place.with().word()));
    let mut said = String::new();
    io::stdin().lock().read_line(&mut said).context("cannot read an answer")?;
    let is_yes = ["y", "yes"].contains(&said.trim().to_lowercase().as_str());
    if is_yes { Ok(()) } else { Err(usage("nothing was changed".to_owned())) }
}
