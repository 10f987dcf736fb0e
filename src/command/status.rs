//! `trader status`: one look at the installation, one exit code. It reads and never writes.

#[cfg(test)]
mod plans;

use super::say::Output;
use super::signs::{Sign, Signed, lines};
use crate::clock;
use crate::exit::{Exit, PluginExit};
use crate::file::space;
use crate::health::{AT_WORK_MS, AgentFact, DatabaseFact, Disk, Facts, Health, Level, SeriesFact, Verdict, judge};
use crate::market::{SeriesKey, Status, renamed, traded_as};
use crate::report::{AgentName, Ending, StatusDocument, plugin_failure, plugin_line, to_json};
use crate::settings::{Settings, SettingsError};
use crate::store::{Access, Contents, Store, StoreError};
use crate::unit::{Symbol, UtcMillis};

const DAY_MS: i64 = 86_400_000;
/// Days of sizes that the growth is told from.
const SIZES: i64 = 31;

/// How the answer is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFormat {
    /// `trader.status.v1`, on many lines or on one.
    Json {
        /// On many lines.
        pretty: bool,
    },
    /// Lines for people, with or without colours.
    Table {
        /// With colours.
        colour: bool,
    },
    /// One line for a monitoring plugin, whose exit codes are 0, 1, 2 and 3.
    Nagios,
}

/// Looks at everything.
pub fn status(
    settings: Result<Settings, SettingsError>,
    now: Option<UtcMillis>,
    format: StatusFormat,
) -> anyhow::Result<Output> {
    let is_plugin = format == StatusFormat::Nagios;
    let settings = match settings {
        Err(error) if is_plugin => return Ok(failed(PluginExit::Unknown, &error.to_string())),
        settings => settings?,
    };
    match look(&settings, now) {
        Err(error) if is_plugin => Ok(failed(PluginExit::Critical, &format!("{error}; {}", error.remedy()))),
        looked => Ok(told(&settings, &looked?, format)),
    }
}

/// The facts, and what they amount to.
fn look(settings: &Settings, now: Option<UtcMillis>) -> Result<(Facts, Health), StoreError> {
    let store = Store::open(&settings.db, Access::Read)?;
    let facts = facts(settings, &store, now)?;
    let health = judge(&facts, &settings.health);
    Ok((facts, health))
}

fn told(settings: &Settings, (facts, health): &(Facts, Health), format: StatusFormat) -> Output {
    let exit = exit_of(health.verdict);
    let ending = Ending { status: exit.name(), exit_code: exit.code() };
    match format {
        StatusFormat::Nagios => {
            let text = plugin_line(facts, &settings.health, health);
            Output { text, exit: Exit::Plugin(PluginExit::from(health.level)) }
        }
        StatusFormat::Json { pretty } => {
            let path = settings.db.display().to_string();
            let document = StatusDocument::of(facts, &settings.health, health, path, ending);
            Output { text: to_json(&document, pretty), exit }
        }
        StatusFormat::Table { colour } => Output { text: story(facts, health, exit, colour), exit },
    }
}

fn failed(exit: PluginExit, text: &str) -> Output {
    Output { text: plugin_failure(&exit.name().to_uppercase(), text), exit: Exit::Plugin(exit) }
}

fn exit_of(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Healthy => Exit::Ok,
        Verdict::Degraded => Exit::Degraded,
        Verdict::Halted => Exit::Halted,
        Verdict::Stale => Exit::Unavailable,
        Verdict::Storage => Exit::Storage,
    }
}

fn story(facts: &Facts, health: &Health, exit: Exit, colour: bool) -> String {
    let of = |level| health.findings.iter().filter(|f| f.level == level).count();
    let head = format!(
        "{} at {}: {} critical, {} warnings, {} fine",
        exit.name(),
        facts.now,
        of(Level::Critical),
        of(Level::Warning),
        of(Level::Ok)
    );
    let signed = health.findings.iter().map(|finding| Signed {
        sign: match finding.level {
            Level::Ok => Sign::Good,
            Level::Warning => Sign::Doubtful,
            Level::Critical => Sign::Bad,
        },
        name: finding.about.unwrap_or(finding.topic.word()).to_owned(),
        text: finding.text.clone(),
        remedy: finding.remedy.map(str::to_owned),
    });
    format!("{head}\n{}", lines(&signed.collect::<Vec<_>>(), colour))
}

/// Everything that is known of the installation, of one state of the database. A recording is looked at when its newest run
/// began, unless another moment is asked for.
pub(super) fn facts(settings: &Settings, store: &Store, asked: Option<UtcMillis>) -> Result<Facts, StoreError> {
    let _snapshot = store.snapshot()?;
    let recorded = if store.contents()? == Some(Contents::Replay) { store.newest_cycle(UtcMillis::END)? } else { None };
    let now = asked.or(recorded).unwrap_or_else(clock::wall);
    // Runs go by the exchange's clock: the newest may have begun in our future.
    let until = asked.unwrap_or(UtcMillis::END);
    let mut begun = store.cycles(now.plus_ms(-7 * DAY_MS), until)?;
    if begun.is_empty() {
        begun.extend(store.newest_cycle(until)?.map(|at| store.cycles(at, at)).transpose()?.into_iter().flatten());
    }
    let ban = store.ban(now)?.map(|ban| (ban.until, ban.reason));
    Ok(Facts {
        now,
        decided_on: settings.strategy.timeframe,
        series: series(settings, store, now)?,
        first_cycle: store.first_cycle()?,
        begun,
        ended: store.last_ended_cycle(until)?,
        agents: agents(settings, store, now, until)?,
        gaps: store.open_gaps()?,
        database: DatabaseFact {
            bytes: store.bytes()?,
            sizes: store.sizes(now.plus_ms(-SIZES * DAY_MS))?,
            disk: space(store.path()).map(|(free, total)| Disk { free, total }),
        },
        examined: store.last_examination()?,
        ban,
        account: store.account()?,
        outbox: store.outbox(now.plus_ms(-DAY_MS))?,
    })
}

/// The configured series, by the names that the pairs are traded under.
fn series(settings: &Settings, store: &Store, now: UtcMillis) -> Result<Vec<SeriesFact>, StoreError> {
    let mut pairs: Vec<Symbol> = Vec::new();
    for symbol in &settings.pairs {
        let name = traded_as(symbol, now).map_or_else(|| symbol.clone(), |(old, _)| old);
        if !pairs.contains(&name) {
            pairs.push(name);
        }
    }
    let mut series = Vec::new();
    for symbol in pairs {
        let retired = retired(store, &symbol, now)?;
        for timeframe in settings.cycle_timeframes() {
            let key = SeriesKey { symbol: symbol.clone(), timeframe };
            let newest = store.newest(&key)?;
            series.push(SeriesFact { key, newest, retired: retired.clone() });
        }
    }
    Ok(series)
}

fn retired(store: &Store, symbol: &Symbol, now: UtcMillis) -> Result<Option<String>, StoreError> {
    if let Some(rename) = renamed(symbol, now) {
        return Ok(Some(format!("renamed to {} on {}", rename.to, rename.day)));
    }
    Ok(match store.instrument(symbol)?.map(|instrument| instrument.status) {
        Some(Status::Stopped(word)) => Some(word),
        Some(Status::Trading) | None => None,
    })
}

/// What the agents of the configured strategy did.
fn agents(settings: &Settings, store: &Store, now: UtcMillis, until: UtcMillis) -> Result<Vec<AgentFact>, StoreError> {
    let analyst = AgentName::from(settings.strategy.analyst.name());
    let names = [AgentName::PriceCollector, analyst, AgentName::Orchestrator];
    let fact = |name: AgentName| {
        let over = now.plus_ms(-AT_WORK_MS);
        let tally = |days: i64| store.tally(name.name(), now.plus_ms(-days * DAY_MS), until, over);
        Ok(AgentFact { name: name.name(), day: tally(1)?, week: tally(7)? })
    };
    names.into_iter().map(fact).collect()
}
