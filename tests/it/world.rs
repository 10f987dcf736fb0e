//! A small world of its own for each test: a directory that goes away with it, an environment
//! without anything from outside, the program run in it, and a look into its database.

use std::collections::BTreeSet;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::Value;
use tempfile::TempDir;

use crate::exchange_server::Exchange;

/// The end of the whole run that [`World::facing`] sets.
pub(crate) const DEADLINE: Duration = Duration::from_secs(15);
/// The end of the whole run that [`World::impatient`] sets.
pub(crate) const SHORT_DEADLINE: Duration = Duration::from_secs(3);

/// The small recording in the repository.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/market")
}

/// One directory, one environment, one database.
pub(crate) struct World {
    directory: TempDir,
    environment: Vec<(String, String)>,
}

impl World {
    /// An empty world: default configuration, no database yet.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut world = Self { directory, environment: Vec::new() };
        for (name, place) in [
            ("HOME", "home"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_STATE_HOME", "state"),
            ("TRADER_DB", "trader.db"),
        ] {
            let place = world.path(place).display().to_string();
            world = world.with(name, &place);
        }
        world
    }

    /// Two pairs and one timeframe against the exchange, with patience enough for a busy machine.
    pub(crate) fn facing(exchange: &Exchange) -> Self {
        Self::new()
            .with("TRADER_BASE_URL", &exchange.url())
            .with("TRADER_PAIRS", "BTC/USDT,ETH/USDT")
            .with("TRADER_TIMEFRAMES", "1h")
            .with("TRADER_EXCHANGE_MAX_ATTEMPTS", "2")
            .with("TRADER_EXCHANGE_MAX_RESPONSE_BYTES", "1048576")
            .with("TRADER_EXCHANGE_RETRY_BASE_MS", "1")
            .with("TRADER_EXCHANGE_DEADLINE_MS", &DEADLINE.as_millis().to_string())
    }

    /// Gives up on a silent exchange soon, for tests that wait for it.
    pub(crate) fn impatient(self) -> Self {
        self.with("TRADER_EXCHANGE_CONNECT_TIMEOUT_MS", "300")
            .with("TRADER_EXCHANGE_READ_TIMEOUT_MS", "300")
            .with("TRADER_EXCHANGE_REQUEST_TIMEOUT_MS", "500")
            .with("TRADER_EXCHANGE_DEADLINE_MS", &SHORT_DEADLINE.as_millis().to_string())
    }

    /// Sets or replaces one environment variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.into(), value.into()));
        self
    }

    /// A path inside this world.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The database file.
    pub(crate) fn db(&self) -> PathBuf {
        self.path("trader.db")
    }

    /// The names in its folder, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path()).expect("a folder of ours can be read");
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<_> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The lock file beside the database.
    pub(crate) fn lock(&self) -> PathBuf {
        self.path("trader.db.lock")
    }

    /// Puts this world's environment, and nothing else, around a program.
    pub(crate) fn dress(&self, mut command: Command) -> Command {
        command.env_clear().current_dir(self.directory.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The program with these arguments, ready to be started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.dress(Command::new(env!("CARGO_BIN_EXE_trader")));
        command.args(arguments);
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments))
    }

    /// The same where no file may grow beyond so many bytes; `None` where no such limit can be set.
    pub(crate) fn run_capped(&self, bytes: u64, arguments: &[&str]) -> Option<Run> {
        // With the signal ignored, a write beyond the limit fails like one to a full disk.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", bytes / 512);
        if Command::new("dash").args(["-c", "true"]).status().is_err() {
            eprintln!("SKIPPED: there is no dash to set a file size limit with");
            return None;
        }
        let mut command = self.dress(Command::new("dash"));
        command.args(["-c", &script, "dash", env!("CARGO_BIN_EXE_trader")]).args(arguments);
        Some(Run::of(command))
    }

    /// `cycle` on the recording in the repository.
    pub(crate) fn replay(&self) -> Run {
        self.run(&["cycle", "--replay", &fixtures().display().to_string()])
    }

    /// The same at another clock.
    pub(crate) fn replay_at(&self, now: &str) -> Run {
        self.run(&["cycle", "--replay", &fixtures().display().to_string(), "--now", now])
    }

    /// A copy of the database; no run may be at work.
    pub(crate) fn take_db_of(&self, other: &Self) {
        std::fs::copy(other.db(), self.db()).expect("the database can be copied");
    }

    /// All rows of a query, each value as text.
    pub(crate) fn query(&self, sql: &str) -> Vec<Vec<String>> {
        rows(&self.open(), sql)
    }

    /// The first value of a query.
    pub(crate) fn value(&self, sql: &str) -> String {
        self.query(sql).into_iter().flatten().next().unwrap_or_default()
    }

    fn open(&self) -> Connection {
        assert!(self.db().exists(), "there is no database at {}", self.db().display());
        Connection::open(self.db()).expect("the database opens")
    }

    /// The database is whole and holds only sane, closed candles; having none at all is fine.
    pub(crate) fn intact(&self) -> Result<(), String> {
        if !self.db().exists() {
            return Ok(());
        }
        let db = self.open();
        let none = Vec::<Vec<String>>::new();
        let mut checks =
            vec![("PRAGMA integrity_check", vec![vec!["ok".to_owned()]]), ("PRAGMA foreign_key_check", none.clone())];
        // A run that fails while it makes the database leaves an empty one.
        if !column_names(&db, "price_data").is_empty() {
            checks.push((INSANE_CANDLES, none));
        }
        let found = checks.into_iter().map(|(sql, expected)| (sql, rows(&db, sql), expected));
        let bad = found.filter(|(_, rows, expected)| rows != expected);
        let bad: Vec<_> = bad.map(|(sql, rows, _)| format!("{sql}: {rows:?}")).collect();
        if bad.is_empty() { Ok(()) } else { Err(bad.join("\n")) }
    }

    /// Asserts that the database is intact.
    #[track_caller]
    pub(crate) fn assert_intact(&self) {
        self.intact().unwrap_or_else(|why| panic!("{why}"));
    }

    /// The bytes of the database file.
    pub(crate) fn db_bytes(&self) -> Vec<u8> {
        std::fs::read(self.db()).expect("the database file can be read")
    }

    /// All facts as canonical text: what two databases with the same history must agree on, without
    /// the identifiers, times of work and counters of attempts in which they may differ.
    pub(crate) fn dump_facts(&self) -> String {
        let db = self.open();
        FACTS.map(|table| dump(&db, table)).join("\n")
    }
}

/// A candle that should never have been stored. The casts hold for text and numbers alike.
const INSANE_CANDLES: &str = "SELECT * FROM price_data WHERE CAST(low AS REAL) <= 0 \
     OR CAST(high AS REAL) < CAST(low AS REAL) OR CAST(high AS REAL) < CAST(open AS REAL) \
     OR CAST(high AS REAL) < CAST(close AS REAL) OR CAST(low AS REAL) > CAST(open AS REAL) \
     OR CAST(low AS REAL) > CAST(close AS REAL) OR CAST(volume AS REAL) < 0 \
     OR CAST(high AS REAL) > 1e15 OR open_time % 60000 <> 0";

const FACTS: [&str; 21] = [
    "price_data",
    "price_revisions",
    "data_gaps",
    "technical_indicators",
    "agent_signals",
    "trading_decisions",
    "deposits",
    "orders",
    "fills",
    "order_ends",
    "protections",
    "ledger_entries",
    "balances",
    "positions",
    "trades",
    "portfolio_state",
    "forecasts",
    "forecasts_due",
    "outcomes",
    "calibrations",
    "risk_events",
];

/// Columns that say when, in which run or how often, not what. Orders have names, and their moments are facts.
fn is_circumstance(column: &str) -> bool {
    let is_fact =
        matches!(column, "order_id" | "position_id" | "placed_at" | "opened_at" | "closed_at" | "ended_at" | "due_at");
    let is_told = matches!(column, "id" | "attempts" | "duration_ms" | "rowid");
    !is_fact && (is_told || column.ends_with("_id") || column.ends_with("_at"))
}

/// Columns that point at a row of another table: that table, how its row is found, and what names it.
const POINTERS: [(&str, &str, &[&str]); 4] = [
    ("series_id", "series AS s ON s.id = t.series_id", &["s.symbol", "s.timeframe"]),
    ("ingest_id", "ingests AS i ON i.id = t.ingest_id", &["i.source"]),
    ("decision_id", "trading_decisions AS d ON d.id = t.decision_id", &["d.symbol", "d.candle_open_time"]),
    ("fill_id", "fills AS f ON f.id = t.fill_id", &["f.order_id", "f.part"]),
];

fn dump(db: &Connection, table: &str) -> String {
    let columns = column_names(db, table);
    assert!(!columns.is_empty(), "the table {table} is missing");
    let has = |name: &str| columns.iter().any(|column| column == name);
    let mut wanted = Vec::new();
    let mut from = format!("{table} AS t");
    for (_, join, names) in POINTERS.iter().filter(|(pointer, ..)| has(pointer)) {
        wanted.extend(names.iter().map(|name| (*name).to_owned()));
        from = format!("{from} LEFT JOIN {join}");
    }
    let facts = columns.iter().filter(|column| !is_circumstance(column));
    wanted.extend(facts.map(|column| format!("t.{column}")));
    let order: Vec<_> = (1..=wanted.len()).map(|n| n.to_string()).collect();
    let sql = format!("SELECT {} FROM {from} ORDER BY {}", wanted.join(", "), order.join(", "));
    let lines = rows(db, &sql).into_iter().map(|row| row.join("|"));
    let headed: Vec<_> = iter::once(format!("== {table}")).chain(lines).collect();
    headed.join("\n")
}

fn column_names(db: &Connection, table: &str) -> Vec<String> {
    let sql = format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid");
    rows(db, &sql).into_iter().flatten().collect()
}

fn rows(db: &Connection, sql: &str) -> Vec<Vec<String>> {
    let read = || -> rusqlite::Result<Vec<Vec<String>>> {
        let mut statement = db.prepare(sql)?;
        let width = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..width).map(|i| row.get_ref(i).map(text)).collect();
        statement.query_map([], row)?.collect()
    };
    read().unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into(),
    }
}

/// How one run of the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code; −1 when a signal ended the run.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) elapsed: Duration,
}

impl Run {
    /// Runs a command and waits for its end.
    pub(crate) fn of(mut command: Command) -> Self {
        let start = Instant::now();
        let output = command.output().expect("the program starts");
        Self::new(&output, start.elapsed())
    }

    /// The end of a run that was started elsewhere.
    pub(crate) fn new(output: &Output, elapsed: Duration) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            elapsed,
        }
    }

    /// The one JSON document on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is not one JSON document: {error}\n{self}"))
    }

    /// Every `errors[].code` and `warnings[].code`.
    pub(crate) fn codes(&self) -> BTreeSet<String> {
        let json = self.json();
        let notes = ["errors", "warnings"].into_iter().filter_map(|key| json[key].as_array());
        notes.flatten().filter_map(|note| note["code"].as_str().map(str::to_owned)).collect()
    }

    /// The entry of a pair in the summary.
    pub(crate) fn pair(&self, symbol: &str) -> Value {
        let json = self.json();
        let pairs = json["pairs"].as_array().cloned().unwrap_or_default();
        pairs.into_iter().find(|pair| pair["symbol"] == symbol).unwrap_or_default()
    }

    /// The pair got a decision without any trouble.
    pub(crate) fn decided(&self, symbol: &str) -> bool {
        let pair = self.pair(symbol);
        pair["status"] == "ok" && pair["decision"].is_string()
    }

    /// Asserts the exit code, showing the whole run when it is another one.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Asserts that an error or warning with this code was reported.
    #[track_caller]
    pub(crate) fn says(self, code: &str) -> Self {
        assert!(self.codes().contains(code), "no note with the code {code}: {self}");
        self
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, stdout, stderr, elapsed } = self;
        write!(f, "exit {code} after {elapsed:?}\nstdout: {stdout}\nstderr: {stderr}")
    }
}
