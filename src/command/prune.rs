//! `trader db prune`: what is older than the configuration keeps is deleted, a little at a time, also while a run works.

use std::time::Duration;

use super::Output;
use super::database::answer;
use super::progress::progress;
use crate::clock::{self, Stopwatch};
use crate::exit::Exit;
use crate::market::SeriesKey;
use crate::report::{PruneReport, PrunedPart};
use crate::schedule::Kept;
use crate::settings::Settings;
use crate::store::{Access, Aged, Contents, Store, StoreError};
use crate::unit::{Timeframe, UtcMillis};

/// Rows in one transaction.
const BATCH: u32 = 1000;
/// The database is left alone at least so long after each, and twice as long as the batch took: a run that waits for its turn
/// looks again and again, and must find it free more often than not.
const PAUSE: Duration = Duration::from_millis(20);
const DAY_MS: i64 = 86_400_000;

/// One thing to be done.
#[derive(Clone, Debug)]
enum Task {
    Candles(SeriesKey),
    Rows(Aged),
}

/// A task: what is older than `before` goes.
#[derive(Debug)]
struct Todo {
    task: Task,
    before: UtcMillis,
    rows: u64,
    held_back: bool,
}

/// Deletes what is older than the configuration keeps, or counts it.
pub fn db_prune(settings: &Settings, dry_run: bool, pretty: bool) -> anyhow::Result<Output> {
    let mut store = Store::open(&settings.db, if dry_run { Access::Read } else { Access::Change })?;
    let now = now(&store)?;
    let todo = plan(&store, settings, now)?;
    let total = todo.iter().map(|todo| todo.rows).sum();
    let bar = progress("rows", total);
    let mut parts = Vec::new();
    for todo in todo {
        let rows = if dry_run { todo.rows } else { work(&mut store, &todo, now, &|n| bar.inc(n))? };
        parts.push(part(&todo, rows));
    }
    bar.finish_and_clear();
    let rows = parts.iter().map(|part| part.rows).sum();
    Ok(answer("trader.db_prune.v1", Exit::Ok, PruneReport { dry_run, now, rows, parts }, pretty))
}

/// Ages count from now; of a recording, from its newest run.
fn now(store: &Store) -> Result<UtcMillis, StoreError> {
    let recorded = if store.contents()? == Some(Contents::Replay) { store.newest_run_at()? } else { None };
    Ok(recorded.unwrap_or_else(clock::wall))
}

fn plan(store: &Store, settings: &Settings, now: UtcMillis) -> Result<Vec<Todo>, StoreError> {
    let mut todo = Vec::new();
    for key in store.all_series()? {
        let Some(days) = settings.retention.candles(key.timeframe) else { continue };
        let Some((_, newest)) = store.reach(&key)? else { continue };
        let kept = Kept { timeframe: key.timeframe, newest, depth: settings.strategy.depth() };
        let wanted = kept.first(days, now);
        let before = store.first_needed(&key, now)?.map_or(wanted, |needed| needed.min(wanted));
        let rows = store.old_candles(&key, before)?;
        let held_back = before < wanted && store.old_candles(&key, wanted)? > rows;
        todo.push(Todo { task: Task::Candles(key), before, rows, held_back });
    }
    for aged in Aged::ALL {
        let Some(days) = days(settings, aged) else { continue };
        let before = now.plus_ms(-days * DAY_MS);
        todo.push(Todo { task: Task::Rows(aged), before, rows: store.old_rows(aged, before)?, held_back: false });
    }
    todo.retain(|todo| todo.rows > 0 || todo.held_back);
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
fn work(store: &mut Store, todo: &Todo, now: UtcMillis, done: &impl Fn(u64)) -> Result<u64, StoreError> {
    let mut sum = 0;
    loop {
        let watch = Stopwatch::start();
        let write = store.write()?;
        let rows = match &todo.task {
            Task::Candles(key) => write.prune_candles(key, todo.before, now, BATCH)?,
            Task::Rows(aged) => write.prune_rows(*aged, todo.before, BATCH)?,
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

fn part(todo: &Todo, rows: u64) -> PrunedPart {
    let (what, symbol, timeframe) = match &todo.task {
        Task::Candles(SeriesKey { symbol, timeframe }) => {
            ("candles", Some(symbol.clone()), Some(Timeframe::name(*timeframe)))
        }
        Task::Rows(aged) => (aged.word(), None, None),
    };
    PrunedPart { what, symbol, timeframe, before: todo.before, rows, held_back: todo.held_back }
}
