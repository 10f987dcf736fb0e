//! What is installed, whether it is what would be installed now, when it runs next and when it ran last.

use super::place::{Place, With};
use super::{ScheduleAsked, plan};
use crate::clock;
use crate::command::database::answer;
use crate::command::{Output, Style};
use crate::exit::Exit;
use crate::report::{Cell, Format, InstalledSchedule, LastRun, ScheduleState, SchedulesReport};
use crate::schedule::Made;
use crate::settings::{Paths, Settings};
use crate::store::{Access, Filter, Store, Topic};

/// Runs that are looked through for the newest cycle.
const RUNS: u32 = 500;

/// Says what is installed. Exit 3 where nothing is, or something else than would be.
pub fn schedule_status(
    settings: &Settings,
    paths: &Paths,
    asked: &ScheduleAsked,
    style: Style,
) -> anyhow::Result<Output> {
    let mut schedules = Vec::new();
    for with in With::ALL.into_iter().filter(|with| asked.with.is_none_or(|asked| asked == *with)) {
        let place = Place::of(with, asked.account.as_deref(), paths)?;
        match schedule(settings, paths, asked, &place) {
            Ok(schedule) => schedules.push(schedule),
            // A way to start jobs that this system has not, and nobody asked for.
            Err(error) if asked.with.is_none() => log::debug!("{}: {error:#}", with.word()),
            Err(error) => return Err(error),
        }
    }
    if asked.with.is_none() && schedules.iter().any(|schedule| schedule.state != ScheduleState::Absent) {
        schedules.retain(|schedule| schedule.state != ScheduleState::Absent || !schedule.others.is_empty());
    }
    let is_fine = schedules.iter().any(|schedule| schedule.state == ScheduleState::Current)
        && schedules.iter().all(|schedule| schedule.state != ScheduleState::Outdated);
    let exit = if is_fine { Exit::Ok } else { Exit::Degraded };
    let document = SchedulesReport { schedules, last_run: last_run(settings) };
    Ok(match style.format {
        Format::Table => Output { text: told(&document), exit },
        Format::Json => answer("trader.schedule_status.v1", exit, document, style.pretty),
        Format::Csv => return Err(crate::command::usage("a schedule has no columns: --format json or table")),
    })
}

fn schedule(
    settings: &Settings,
    paths: &Paths,
    asked: &ScheduleAsked,
    place: &Place,
) -> anyhow::Result<InstalledSchedule> {
    let (with, others) = (place.with().word(), place.strangers()?);
    let Some(installed) = place.installed()? else {
        let (every, delay_s, next_run, difference) = (None, None, None, None);
        return Ok(InstalledSchedule {
            with,
            state: ScheduleState::Absent,
            every,
            delay_s,
            next_run,
            difference,
            others,
        });
    };
    let before = Made::of(&installed);
    let plan = plan(settings, paths, asked, before.as_ref())?;
    let difference: String = place.changes(Some(&plan))?.iter().map(super::Change::difference).collect();
    let state = if difference.is_empty() { ScheduleState::Current } else { ScheduleState::Outdated };
    // What is there runs as it was made, whatever would be made now.
    let made = before.unwrap_or_else(|| plan.made.clone());
    let (every, delay_s) = (Some(made.every.word()), Some(made.delay_s));
    let next_run = Some(crate::schedule::Plan { made, ..plan }.next_cycle(clock::wall()));
    let difference = (!difference.is_empty()).then_some(difference);
    Ok(InstalledSchedule { with, state, every, delay_s, next_run, difference, others })
}

/// The newest cycle that the database knows; none where there is none.
fn last_run(settings: &Settings) -> Option<LastRun> {
    let filter = Filter { limit: RUNS, ..Filter::default() };
    let runs = Store::open(&settings.db, Access::Read).and_then(|store| store.show(Topic::Runs, &filter)).ok()?;
    let column = |name: &str| runs.columns.iter().position(|column| *column == name);
    let (command, at, exit) = (column("command")?, column("started_at")?, column("exit_code")?);
    let newest = runs.rows.iter().find(|row| row[command].text() == "cycle")?;
    let exit_code = if let Cell::Whole(code) = newest[exit] { Some(code) } else { None };
    Some(LastRun { at: newest[at].text(), exit_code })
}

/// The same for people.
fn told(document: &SchedulesReport) -> String {
    let mut lines = Vec::new();
    for schedule in &document.schedules {
        let every = schedule.every.map(|every| format!(", every {every}")).unwrap_or_default();
        let state = match schedule.state {
            ScheduleState::Absent => "nothing is installed",
            ScheduleState::Current => "installed",
            ScheduleState::Outdated => "installed, and not what would be installed now",
        };
        lines.push(format!("{}: {state}{every}", schedule.with));
        lines.extend(schedule.next_run.map(|next| format!("  next run {next}")));
        lines.extend(schedule.others.iter().map(|other| format!("  runs cycles besides: {other}")));
        let changes = schedule.difference.iter().flat_map(|difference| difference.lines());
        lines.extend(changes.map(|line| format!("  {line}")));
    }
    lines.push(match &document.last_run {
        Some(LastRun { at, exit_code: Some(code) }) => format!("last run {at}, exit {code}"),
        Some(LastRun { at, exit_code: None }) => format!("last run {at}, cut off or still at work"),
        None => "last run: none is on record".to_owned(),
    });
    lines.join("\n")
}
