//! Looking after the database: check, backup, facts about it.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, Progress, StepResult};
use serde::Serialize;

use super::open::unchanging;
use super::{Store, StoreError, migrate};
use crate::file::Part;

/// Pages that are copied at a time.
const STEP: i32 = 1000;
/// Somebody else writes: it is waited for so long before the next try.
const PAUSE: Duration = Duration::from_millis(5);

/// What an examination found; empty lists are good news.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// SQLite's own findings.
    pub integrity: Vec<String>,
    /// Rows that refer to nothing.
    pub foreign_keys: Vec<String>,
    /// Our own rules that some rows break.
    pub rules: Vec<String>,
}

impl CheckReport {
    /// Whether nothing was found.
    pub const fn is_clean(&self) -> bool {
        self.integrity.is_empty() && self.foreign_keys.is_empty() && self.rules.is_empty()
    }

    /// How many things were found, and the gravest.
    pub fn told(&self) -> Option<(usize, &str)> {
        let all = || [&self.integrity, &self.foreign_keys, &self.rules].into_iter().flatten();
        all().next().map(|first| (all().count(), first.as_str()))
    }
}

/// Facts about a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DbInfo {
    /// The file.
    pub path: String,
    /// The version of its schema.
    pub schema_version: i64,
    /// live or replay.
    pub contents: String,
    /// Its size, without the write-ahead log.
    pub bytes: i64,
    /// Candles stored.
    pub candles: i64,
    /// Series of candles.
    pub series: i64,
    /// Candles that were revised.
    pub revisions: i64,
    /// Gaps that are open.
    pub gaps_open: i64,
    /// Gaps that cannot be filled.
    pub gaps_unfillable: i64,
    /// Decisions made.
    pub decisions: i64,
    /// Runs on record.
    pub runs: i64,
}

/// A rule of ours, and the query that counts the rows breaking it.
const RULES: [(&str, &str); 5] = [
    (
        "candles with prices out of order, not positive, or a negative volume",
        "SELECT count(*) FROM price_data
          WHERE NOT (low > 0 AND low <= min(open, close) AND high >= max(open, close) AND volume >= 0)",
    ),
    (
        "candles off the grid of their timeframe",
        "SELECT count(*) FROM price_data p JOIN series s ON s.id = p.series_id
          WHERE p.open_time % CASE s.timeframe WHEN '1m' THEN 60000 WHEN '5m' THEN 300000 WHEN '15m' THEN 900000
                WHEN '1h' THEN 3600000 WHEN '4h' THEN 14400000 WHEN '1d' THEN 86400000 END IS NOT 0",
    ),
    (
        "decisions without the signal they rest on",
        "SELECT count(*) FROM trading_decisions d
          WHERE d.score IS NOT NULL AND NOT EXISTS (SELECT 1 FROM agent_signals s
                WHERE s.symbol = d.symbol AND s.timeframe = d.timeframe AND s.candle_open_time = d.candle_open_time
                  AND s.strategy_hash = d.strategy_hash AND s.score = d.score)",
    ),
    (
        "signals whose score is not the sum of their points",
        "SELECT count(*) FROM agent_signals a
          WHERE abs(a.score - max(-100, min(100, (SELECT total(value ->> '$.points') FROM json_each(a.reasons))))) > 0.001",
    ),
    (
        "open gaps whose first candle is stored",
        "SELECT count(*) FROM data_gaps g JOIN price_data p ON p.series_id = g.series_id AND p.open_time = g.from_open
          WHERE g.state = 'open'",
    ),
];

/// What cannot be examined because of what the file holds is a finding like any other.
fn found(examined: Result<Vec<String>, StoreError>) -> Result<Vec<String>, StoreError> {
    match examined {
        Err(error) if error.is_the_files() => Ok(vec![error.to_string()]),
        examined => examined,
    }
}

impl Store {
    /// Examines the file, the references and our own rules.
    pub fn check(&self) -> Result<CheckReport, StoreError> {
        let integrity = found(self.words("PRAGMA integrity_check", |r| r.get(0)))?;
        let foreign_keys = found(self.words("PRAGMA foreign_key_check", |r| {
            Ok(format!("{} row {:?} → {}", r.get::<_, String>(0)?, r.get::<_, Option<i64>>(1)?, r.get::<_, String>(2)?))
        }))?;
        let mut rules = Vec::new();
        for (rule, sql) in RULES {
            rules.extend(found(self.breaches(rule, sql))?);
        }
        rules.extend(found(self.audit())?);
        Ok(CheckReport { integrity: integrity.into_iter().filter(|line| line != "ok").collect(), foreign_keys, rules })
    }

    fn breaches(&self, rule: &str, sql: &str) -> Result<Vec<String>, StoreError> {
        let count: i64 = self.connection.query_row(sql, [], |r| r.get(0))?;
        Ok((count > 0).then(|| format!("{count} {rule}")).into_iter().collect())
    }

    fn words(
        &self,
        sql: &str,
        read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<String>,
    ) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([], |r| read(r))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Copies the database as it is at this moment into a file that must not exist. The copy takes its name only when it
    /// was found whole: nobody should throw older copies away for one that is of no use.
    /// How far it is is told as pages that are copied, of so many.
    pub fn backup(&self, to: &Path, told: impl FnMut(u64, u64)) -> Result<(), StoreError> {
        let refused = |e: std::io::Error| StoreError::Open { path: to.to_owned(), text: e.to_string() };
        let part = Part::beside(to).map_err(refused)?;
        let mut copy = Connection::open(part.path())?;
        copy_pages(&self.connection, &mut copy, told)?;
        drop(copy);
        match flaw(part.path())? {
            Some(flaw) => Err(StoreError::Damaged { path: self.path().to_owned(), flaw }),
            None => part.take_free_place().map_err(refused),
        }
    }

    /// Facts about the database.
    pub fn info(&self) -> Result<DbInfo, StoreError> {
        let number = |sql: &str| self.connection.query_row(sql, [], |r| r.get::<_, i64>(0));
        let contents = "SELECT coalesce((SELECT value FROM meta WHERE key = 'contents'), 'nothing')";
        Ok(DbInfo {
            path: self.path().display().to_string(),
            schema_version: migrate::found(&self.connection, self.path())?,
            contents: self.connection.query_row(contents, [], |r| r.get(0))?,
            bytes: number("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")?,
            candles: number("SELECT count(*) FROM price_data")?,
            series: number("SELECT count(*) FROM series")?,
            revisions: number("SELECT count(*) FROM price_revisions WHERE was_current = 1")?,
            gaps_open: number("SELECT count(*) FROM data_gaps WHERE state = 'open'")?,
            gaps_unfillable: number("SELECT count(*) FROM data_gaps WHERE state = 'unfillable'")?,
            decisions: number("SELECT count(*) FROM trading_decisions")?,
            runs: number("SELECT count(*) FROM runs")?,
        })
    }
}

/// Copies all pages, some at a time: whoever writes meanwhile waits for none of it.
fn copy_pages(from: &Connection, to: &mut Connection, mut told: impl FnMut(u64, u64)) -> Result<(), StoreError> {
    let pages = |count| u64::try_from(count).unwrap_or_default();
    let backup = Backup::new(from, to)?;
    loop {
        match backup.step(STEP)? {
            StepResult::Done => return Ok(()),
            StepResult::Busy | StepResult::Locked => std::thread::sleep(PAUSE),
            _ => {}
        }
        let Progress { remaining, pagecount } = backup.progress();
        told(pages(pagecount - remaining), pages(pagecount));
    }
}

/// The first thing that SQLite finds wrong with a file that nobody writes to.
fn flaw(file: &Path) -> Result<Option<String>, StoreError> {
    let first: String = unchanging(file)?.query_row("PRAGMA quick_check(1)", [], |r| r.get(0))?;
    Ok((first != "ok").then_some(first))
}
