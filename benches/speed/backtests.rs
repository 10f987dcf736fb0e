//! Backtests and sweeps over candles in a database: recorded ones where there are any, else made up.
//!
//! All of it runs in this process, on one thread; the time is its CPU time.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use trader::backtest::{Attention, Bar, Moment, Rules, Silent, Tape, Witness, bars, replay};
use trader::command::{Span, rules, tapes};
use trader::settings::{Flags, Paths, Settings};
use trader::signal::{Score, Thresholds};
use trader::store::{Access, Store};
use trader::unit::{Money, Timeframe, UtcMillis};

use super::process::cost;
use super::table::{Limit, Line};
use super::{HOUR, MINUTE, NEW_YEAR, archive_of, trader};

/// Five years of hours, and three years of minutes.
const HOURS: i64 = 43_824;
const MINUTES: i64 = 1_578_240;
/// Combinations of a sweep.
const COMBINATIONS: usize = 1000;

/// CPU time of this thread so far; of the kernel's clocks the one that counts nanoseconds. It is brought up to date when the
/// thread offers its place to others.
fn cpu() -> Duration {
    thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel counts what a thread uses");
    Duration::from_nanos(text.split(' ').next().and_then(|field| field.parse().ok()).expect("a number"))
}

fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let before = cpu();
    let done = black_box(work());
    (cpu().saturating_sub(before).as_secs_f64(), done)
}

/// The recordings that lie beside this repository, where they do.
fn recorded(name: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/klines").join(name);
    file.is_file().then(|| file.display().to_string())
}

/// A database with candles of these files.
fn database(home: &Path, files: &[String]) -> PathBuf {
    let mut arguments = vec!["--db", "trader.db", "import"];
    arguments.extend(files.iter().map(String::as_str));
    let code = trader(home, &arguments).output().expect("the program starts").status.code();
    // Recordings have bad rows, which are left out.
    assert!(matches!(code, Some(0 | 3)), "the import ended with {code:?}");
    home.join("trader.db")
}

struct Bench {
    settings: Settings,
    tapes: Vec<Tape>,
    span: Span,
    /// What the candles were: recorded, or made up.
    source: &'static str,
}

impl Bench {
    /// Loads candles of a database, several times.
    fn load(db: &Path, variables: &[(&str, &str)], (from, to): (i64, i64), source: &'static str) -> Self {
        let variables: Vec<_> = variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let flags = Flags { db: Some(db.to_owned()), ..Flags::default() };
        let settings = Settings::load(&flags, &variables, &Paths::default()).expect("the settings are valid");
        let span = Span { from: UtcMillis::new(from), to: UtcMillis::new(to), lengths: Vec::new() };
        let (mut loaded, mut rates) = (Vec::new(), Vec::new());
        for _ in 0..7 {
            let store = Store::open(db, Access::Read).expect("the database opens");
            drop(std::mem::take(&mut loaded));
            let (taken, tapes) = seconds(|| tapes(&settings, &store, &span).expect("the database can be read"));
            loaded = tapes;
            rates.push(candles(&loaded) / 1e6 / taken);
        }
        let what = format!("loading {:.0} candles, {source}", candles(&loaded));
        Line::new(what, "million/s", Limit::AtLeast(3.0), rates).print();
        Self { settings, tapes: loaded, span, source }
    }

    fn read(&self) -> Vec<Vec<Bar>> {
        let (analyst, policy) = (self.settings.strategy.analyst.clone(), self.settings.strategy.policy);
        let atr = self.settings.trading.atr_timeframe;
        self.tapes.iter().map(|tape| bars(tape, &analyst, atr, policy.gap_window)).collect()
    }

    fn replay(&self, bars: &[Vec<Bar>], rules: &Rules, witness: &mut impl Witness) {
        let span = (self.span.from, self.span.to);
        black_box(replay(&self.tapes, bars, rules, span, witness).expect("the books balance"));
    }

    /// The full decision: readings and score, then what is decided and all that follows from it.
    fn decisions(&self, what: &str, runs: usize) {
        let (mut read, mut replayed, mut both) = (Vec::new(), Vec::new(), Vec::new());
        let rules = rules(&self.settings, 0);
        for _ in 0..runs {
            let (first, bars) = seconds(|| self.read());
            let (second, ()) = seconds(|| self.replay(&bars, &rules, &mut Silent));
            let [first, second] = [first, second].map(|time| time * 1e9 / candles(&self.tapes));
            read.push(first);
            replayed.push(second);
            both.push(first + second);
        }
        Line::new(format!("{what}, {}: readings, score", self.source), "ns/bar", Limit::None, read).print();
        Line::new("  decisions, risk, fills", "ns/bar", Limit::None, replayed).print();
        Line::new("  both", "ns/bar", Limit::AtMost(150.0), both).print();
    }

    /// Other thresholds and stops over the same bars, each with its equity by the day.
    fn sweep(&self) {
        let bars = self.read();
        let base = rules(&self.settings, 0);
        let combination = |n: usize| {
            let [first, second, third] = [n % 10, n / 10 % 10, n / 100].map(|n| i32::try_from(n).expect("few"));
            let mut rules = base.clone();
            rules.policy.thresholds =
                Thresholds { buy: Score::from_tenths(100 + 50 * first), sell: Score::from_tenths(-100 - 60 * second) };
            rules.trades.exits.stop_atr = 1.0 + 0.5 * f64::from(third);
            rules
        };
        let sweep = || (0..COMBINATIONS).for_each(|n| self.replay(&bars, &combination(n), &mut Daily::default()));
        let taken = (0..5).map(|_| seconds(sweep).0).collect();
        let what = format!("sweep of {COMBINATIONS} over {:.0} hours, {}", candles(&self.tapes), self.source);
        Line::new(what, "s", Limit::AtMost(1.0), taken).print();
    }
}

fn candles(tapes: &[Tape]) -> f64 {
    let count: usize = tapes.iter().map(|tape| tape.decided_on().candles().len()).sum();
    f64::from(u32::try_from(count).expect("fewer than four thousand million"))
}

/// What a sweep keeps of each combination: the equity at the beginning of each day.
#[derive(Default)]
struct Daily {
    day: Option<UtcMillis>,
    equity: Vec<Money>,
}

impl Witness for Daily {
    const ATTENDS: Attention = Attention::Days;

    fn stood(&mut self, moment: &Moment) {
        let day = Some(Timeframe::D1.floor(moment.now));
        if self.day != day {
            self.day = day;
            self.equity.push(moment.equity);
        }
    }
}

/// Five pairs over five years of hours, and a sweep over one of them.
pub(crate) fn hours() {
    const RECORDED: [&str; 6] = [
        "BTCUSDT-1h-2018-01-01_2025-12-31.csv.gz",
        "ETHUSDT-1h-2018-01-01_2025-12-31.csv.gz",
        "SOLUSDT-1h-2020-08-11_2021-12-31.csv.gz",
        "SOLUSDT-1h-2022-01-01_2025-12-31.csv.gz",
        "AVAXUSDT-1h-2020-09-22_2025-12-31.csv.gz",
        "MATICUSDT-1h-2019-04-26_2024-09-10.csv.gz",
    ];
    let home = tempfile::tempdir().expect("a temporary directory");
    let pairs = ["BTC/USDT", "ETH/USDT", "SOL/USDT", "AVAX/USDT", "MATIC/USDT"];
    let recordings: Option<Vec<String>> = RECORDED.iter().map(|name| recorded(name)).collect();
    let made_up = |pair: &&str| archive_of(home.path(), (&pair.replace('/', ""), "1h"), HOUR, HOURS);
    let (files, from, source) = recordings.map_or_else(
        || (pairs.iter().map(made_up).collect(), NEW_YEAR, "made up"),
        // From 2021-01-01T00:00:00Z on.
        |files| (files, 1_609_459_200_000, "recorded"),
    );
    let (db, span) = (database(home.path(), &files), (from, from + HOURS * HOUR));
    let all = Bench::load(&db, &[("TRADER_PAIRS", &pairs.join(","))], span, source);
    all.decisions("backtest, 5 pairs by the hour", 21);
    Bench::load(&db, &[("TRADER_PAIRS", pairs[0])], span, source).sweep();
    for (strategy, axes) in [("classic", CLASSIC), ("trend", TREND)] {
        sweep_of_weights(home.path(), pairs[0], span, (strategy, axes, source));
    }
}

/// A thousand combinations of weights each.
const CLASSIC: [&str; 3] =
    ["strategy.weights.rsi=1..10:1", "strategy.weights.macd=1..10:1", "strategy.weights.vwap=1..10:1"];
const TREND: [&str; 3] =
    ["trend.weights.tsmom=1..10:1", "trend.weights.channels=1..10:1", "trend.weights.crosses=1..10:1"];

/// Other weights over the same candles, by the program as a whole: from the database to the last trial.
fn sweep_of_weights(
    home: &Path,
    pair: &str,
    (from, to): (i64, i64),
    (strategy, axes, source): (&str, [&str; 3], &str),
) {
    let [from, to] = [from, to].map(|instant| UtcMillis::new(instant).to_string());
    let mut arguments = vec!["--db", "trader.db", "sweep", "--pairs", pair, "--strategy", strategy, "--jobs", "1"];
    arguments.extend(["--from", &from, "--to", &to, "--top", "1"]);
    arguments.extend(axes.iter().flat_map(|axis| ["--grid", axis]));
    let taken = (0..3).map(|_| cost(trader(home, &arguments)).cpu.as_secs_f64()).collect();
    let what = format!("trader sweep, {COMBINATIONS} of weights of {strategy}, {source}");
    let limit = if strategy == "classic" { Limit::AtMost(1.0) } else { Limit::None };
    Line::new(what, "s", limit, taken).print();
}

/// One pair over three years of minutes; there are no recordings of so many.
pub(crate) fn minutes() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let file = archive_of(home.path(), ("BTCUSDT", "1m"), MINUTE, MINUTES);
    let db = database(home.path(), &[file]);
    // A view of a thousand minutes holds no average true range of four hours.
    let exits = ("TRADER_EXITS_TIMEFRAME", "1h");
    let variables = [("TRADER_PAIRS", "BTC/USDT"), ("TRADER_STRATEGY_TIMEFRAME", "1m"), exits];
    let span = (NEW_YEAR, NEW_YEAR + MINUTES * MINUTE);
    Bench::load(&db, &variables, span, "made up").decisions("backtest, 1 pair by the minute", 5);
}
