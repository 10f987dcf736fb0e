//! How fast the program is, beside what it must hold: `benches/table` prints the table.
//!
//! Each figure is the median of several measurements with its range. CPU time is the figure that counts; machines are
//! noisy. Words on the command line choose the measurements whose name contains one of them.

// The candles are those of the tests' exchange.
#[path = "../tests/it/exchange_server/candles.rs"]
mod candles;
#[path = "speed/backtests.rs"]
mod backtests;
#[path = "speed/exchange.rs"]
mod exchange;
#[path = "speed/process.rs"]
mod process;
#[path = "speed/table.rs"]
mod table;

use std::fs;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use exchange::Exchange;
use process::{Cost, cost, peak_memory};
use table::{Limit, Line, print_head};
use trader::indicator::Pass;
use trader::market::{Candle, SeriesKey};
use trader::store::{Access, Store};
use trader::unit::{Timeframe, UtcMillis};

/// 2026-09-01T12:00:30Z: half a minute after the hour, when a cron run would start.
const NOON: i64 = 1_788_264_030_000;
const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;
/// 2022-01-01T00:00:00Z.
const NEW_YEAR: i64 = 1_640_995_200_000;
/// How long the exchange takes for each answer.
const DELAY: Duration = Duration::from_millis(80);
const MILLION: i32 = 1_000_000;
/// Five pairs each hour for 1m, 5m, 15m and 1h, six times for 4h, once for 1d; and the clock and five quotes each hour.
const REQUESTS_OF_A_DAY: usize = 24 * (5 * 4 + 1 + 5) + 6 * 5 + 5;
/// Measurements of what takes a process.
const RUNS: usize = 9;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // Without this flag it is not a measurement that is wanted: `cargo test --all-targets` comes here too.
    if !words.iter().any(|word| word == "--bench") {
        return;
    }
    let wanted = |name: &str| {
        let mut words = words.iter().filter(|word| !word.starts_with('-')).peekable();
        words.peek().is_none() || words.any(|word| name.contains(word.as_str()))
    };
    let measurements: [(&str, fn()); 7] = [
        ("indicators", indicators),
        ("backtest hours", backtests::hours),
        ("backtest minutes", backtests::minutes),
        ("version", version),
        ("import tail", import_and_tail),
        ("cycle plain", || cycles(false)),
        ("cycle gzip", || cycles(true)),
    ];
    print_head();
    for (_, measure) in measurements.iter().filter(|(name, _)| wanted(name)) {
        measure();
    }
    println!();
    println!(
        "CPU: user + system of the whole process, from /proc/PID/schedstat; memory: VmHWM; cycles: 30 series, 5 quotes,"
    );
    println!(
        "each answer 80 ms after its request; a round trip is 80 ms of wall time, the program's own time included."
    );
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// All indicators in one pass over five years of hours.
fn indicators() {
    const CANDLES: i32 = 43_824;
    let candles: Vec<Candle> = (0..CANDLES).map(|n| hourly(NEW_YEAR + i64::from(n) * HOUR)).collect();
    let pass = || {
        let start = Instant::now();
        let mut pass = Pass::new(Timeframe::H1);
        for candle in &candles {
            black_box(pass.next(black_box(candle)));
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(CANDLES)
    };
    let passes = (0..101).map(|_| pass()).collect();
    Line::new("all indicators, 43,824 candles", "ns/candle", Limit::AtMost(65.0), passes).print();
}

fn hourly(open_time: i64) -> Candle {
    let row = candles::row("BTCUSDT", open_time, HOUR, false, None);
    let number = |i: usize| row[i].as_str().and_then(|text| text.parse::<f64>().ok()).expect("a number");
    Candle::from_parts(UtcMillis::new(open_time), [1, 2, 3, 4].map(number), number(5), None).expect("a sane candle")
}

/// The program in an environment of its own.
fn trader(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trader"));
    command.env_clear().env("HOME", home).current_dir(home).args(arguments);
    command
}

fn version() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let costs = (0..200).map(|_| millis(cost(trader(home.path(), &["--version"])).cpu)).collect();
    Line::new("trader --version, CPU", "ms", Limit::AtMost(2.0), costs).print();
}

/// A million candles from CSV into a fresh database, and the newest 500 of them back.
fn import_and_tail() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let file = archive(home.path());
    let db = home.path().join("trader.db");
    let import = || {
        remove_database(&db);
        cost(trader(home.path(), &["--db", "trader.db", "import", &file]))
    };
    let costs: Vec<Cost> = (0..RUNS).map(|_| import()).collect();
    let rate = |spent: fn(&Cost) -> Duration| {
        costs.iter().map(|cost| f64::from(MILLION) / 1000.0 / spent(cost).as_secs_f64()).collect()
    };
    Line::new("import of 1,000,000 candles, by CPU time", "1000/s", Limit::AtLeast(600.0), rate(|c| c.cpu)).print();
    Line::new("import of 1,000,000 candles, by wall time", "1000/s", Limit::AtLeast(600.0), rate(|c| c.wall)).print();
    tail(&db);
}

fn remove_database(db: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{ending}", db.display()));
        if file.exists() {
            fs::remove_file(file).expect("our own database can be removed");
        }
    }
}

/// A file like those of the exchange's archive; gives its name.
fn archive(folder: &Path) -> String {
    archive_of(folder, ("BTCUSDT", "1m"), MINUTE, i64::from(MILLION))
}

/// So many candles of a pair from a new year on.
fn archive_of(folder: &Path, (symbol, timeframe): (&str, &str), length: i64, count: i64) -> String {
    let name = format!("{symbol}-{timeframe}-2022.csv");
    let mut file = BufWriter::new(fs::File::create(folder.join(&name)).expect("a new file"));
    for n in 0..count {
        let row = candles::row(symbol, NEW_YEAR + n * length, length, false, None).to_string();
        let row = row.trim_matches(['[', ']']).replace('"', "");
        writeln!(file, "{row}").expect("room on the disk");
    }
    file.flush().expect("room on the disk");
    name
}

fn tail(db: &Path) {
    let key = SeriesKey { symbol: "BTC/USDT".parse().expect("a pair"), timeframe: Timeframe::M1 };
    let last = |store: &Store| {
        let start = Instant::now();
        let candles = store.tail(&key, UtcMillis::new(NOON), 500).expect("the database can be read");
        let taken = start.elapsed();
        assert_eq!(black_box(candles).len(), 500);
        micros(taken) / 1000.0
    };
    let open = || Store::open(db, Access::Read).expect("the database opens");
    let first = (0..101).map(|_| last(&open())).collect();
    Line::new("last 500 of a million, first call after opening", "ms", Limit::None, first).print();
    let store = open();
    let warm = (0..1001).map(|_| last(&store)).collect();
    Line::new("last 500 of a million", "ms", Limit::AtMost(0.1), warm).print();
}

/// First cycles into an empty database, then a day of hourly ones into one that is kept.
fn cycles(gzip: bool) {
    let exchange = Exchange::start(NOON, DELAY);
    exchange.set_gzip(gzip);
    let coding = if gzip { "gzip" } else { "plain" };
    let home = tempfile::tempdir().expect("a temporary directory");
    let cycle = || trader(home.path(), &["--db", "trader.db", "cycle", "--base-url", &exchange.url()]);
    let db = home.path().join("trader.db");
    let cold = || {
        remove_database(&db);
        cycle()
    };
    let costs: Vec<Cost> = (0..RUNS).map(|_| cost(cold())).collect();
    let memory = (0..RUNS).map(|_| mebibytes(peak_memory(cold()))).collect();
    print_cycle(&format!("cold cycle ({coding})"), &costs, memory, [6.0, 200.0, 40.0]);

    exchange.take_requests();
    let mut hour = 0;
    let mut next_hour = || {
        hour += 1;
        exchange.set_clock(NOON + hour * HOUR);
        cycle()
    };
    let costs: Vec<Cost> = (0..24).map(|_| cost(next_hour())).collect();
    assert!(exchange.take_requests() >= REQUESTS_OF_A_DAY, "a warm cycle asks for everything that is new");
    let memory = (0..RUNS).map(|_| mebibytes(peak_memory(next_hour()))).collect();
    // Two round trips and 50 ms.
    print_cycle(&format!("warm cycle ({coding})"), &costs, memory, [2.0 + 50.0 / 80.0, 20.0, 20.0]);
}

fn mebibytes((kibibytes, threads): (u64, u64)) -> f64 {
    assert_eq!(threads, 1, "the CPU time of further threads is only known to a tick");
    f64::from(u32::try_from(kibibytes).expect("less than 4 TiB")) / 1024.0
}

fn print_cycle(name: &str, costs: &[Cost], memory: Vec<f64>, limits: [f64; 3]) {
    let [wall, cpu, most] = limits.map(Limit::AtMost);
    let trips = costs.iter().map(|cost| millis(cost.wall) / millis(DELAY)).collect();
    Line::new(format!("{name}, wall"), "round trips", wall, trips).print();
    Line::new(format!("{name}, CPU"), "ms", cpu, costs.iter().map(|cost| millis(cost.cpu)).collect()).print();
    Line::new(format!("{name}, peak memory"), "MiB", most, memory).print();
}
