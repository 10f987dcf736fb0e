//! `trader db prune`: what is older than the configuration keeps is deleted, a little at a time, also while a run works.

use std::time::Duration;

use serde::Serialize;

use super::Output;
use super::database::answer;
use super::progress::progress;
use crate::clock::{self, Stopwatch};
use crate::exit::Exit;
use crate::market::SeriesKey;
use crate::schedule::Kept;
use crate::settings::Settings;
use crate::store::{Access, Aged, Contents, Store, StoreError};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// Rows in one transaction.
const BATCH: u32 = 1000;
/// The database is left alone at least so long after each, and twice as long as the batch took: a run that waits for its turn
/// looks again and again, and must find it free more often than not.
const PAUSE: Duration = Duration::from_millis(20);
const DAY_MS: i64 = 86_400_000;

/// What was deleted, or would be.
#[derive(Debug, Serialize)]
struct Pruned {
    dry_run: bool,
    /// Ages count from here.
    now: UtcMillis,
    rows: u64,
    parts: Vec<Part>,
}

#[derive(Debug, Serialize)]
struct Part {
    what: &'static str,
    symbol: Option<Symbol>,
    timeframe: Option<&'static str>,
    before: UtcMillis,
    rows: u64,
}

/// One thing to be done.
#[derive(Clone, Debug)]
enum Task {
    Candles(SeriesKey),
    Rows(Aged),
}

/// A task, the age from which it counts, and how many rows it is about.
type Todo = (Task, UtcMillis, u64);

/// Deletes what is older than the configuration keeps, or counts it.
pub fn db_prune(settings: &Settings, dry_run: bool, pretty: bool) -> anyhow::Result<Output> {
    let mut store = Store::open(&settings.db, if dry_run { Access::Read } else { Access::Change })?;
    let now = now(&store)?;
    let todo = plan(&store, settings, now)?;
    let total = todo.iter().map(|(.., rows)| rows).sum();
    let bar = progress("rows", total);
    let mut parts = Vec::new();
    for (task, before, rows) in todo {
        let rows = if dry_run { rows } else { work(&mut store, &task, before, now, &|n| bar.inc(n))? };
        parts.push(part(&task, before, rows));
    }
    bar.finish_and_clear();
    let rows = parts.iter().map(|part| part.rows).sum();
    Ok(answer("trader.db_prune.v1", Exit::Ok, Pruned { dry_run, now, rows, parts }, pretty))
}

/// Ages count from now; of a recording, from its newest run.
fn now(store: &Store) -> Result<UtcMillis, StoreError> {
    let recorded = if store.contents()? == Some(Contents::Replay) { store.newest_run()? } else { None };
    Ok(recorded.unwrap_or_else(clock::wall))
}

fn plan(store: &Store, settings: &Settings, now: UtcMillis) -> Result<Vec<Todo>, StoreError> {
    let mut todo = Vec::new();
    for key in store.all_series()? {
        let Some(days) = settings.retention.candles(key.timeframe) else { continue };
        let Some((_, newest)) = store.reach(&key)? else { continue };
        let kept = Kept { timeframe: key.timeframe, newest, depth: settings.strategy.depth() };
        let before = kept.first(days, now);
        let rows = store.old_candles(&key, before, now)?;
        todo.push((Task::Candles(key), before, rows));
    }
    for aged in Aged::ALL {
        let Some(days) = days(settings, aged) else { continue };
        let before = now.plus_ms(-days * DAY_MS);
        todo.push((Task::Rows(aged), before, store.old_rows(aged, before)?));
    }
    todo.retain(|(.., rows)| *rows > 0);
    Ok(todo)
}

fn days(settings: &Settings, aged: Aged) -> Option<i64> {
    match aged {
        Aged::Indicators => settings.retention.indicators(),
        Aged::Summaries => settings.retention.summaries(),
        Aged::Runs | Aged::Executions => settings.retention.runs(),
        Aged::Notifications => settings.retention.notifications(),
    }
}

/// Does a task in short transactions, with a pause after each; how many rows that were.
fn work(
    store: &mut Store,
    task: &Task,
    before: UtcMillis,
    now: UtcMillis,
    done: &impl Fn(u64),
) -> Result<u64, StoreError> {
    let mut sum = 0;
    loop {
        let watch = Stopwatch::start();
        let write = store.write()?;
        let rows = match task {
            Task::Candles(key) => write.prune_candles(key, before, now, BATCH)?,
            Task::Rows(aged) => write.prune_rows(*aged, before, BATCH)?,
        };
        write.commit()?;
        sum += rows;
        done(rows);
        if rows < u64::from(BATCH) {
            return Ok(sum);
        }
        std::thread::sleep(PAUSE.max(Duration::from_millis(2 * watch.ms())));
    }
}

fn part(task: &Task, before: UtcMillis, rows: u64) -> Part {
    match task {
        Task::Candles(SeriesKey { symbol, timeframe }) => Part {
            what: "candles",
            symbol: Some(symbol.clone()),
            timeframe: Some(Timeframe::name(*timeframe)),
            before,
            rows,
        },
        Task::Rows(aged) => Part { what: aged.word(), symbol: None, timeframe: None, before, rows },
    }
}
