//! The program on recordings of the real exchange: its candles, its archive files, its answers and its refusals. They are
//! not part of this repository; without them every test here says that it was skipped.

pub(crate) mod cut;
mod pairs;
mod wire;

use std::io::Write;
use std::path::{Path, PathBuf};

use trader::exchange::{MarketData, Pages, Recording, Wanted};
use trader::market::{Candle, SeriesKey};
use trader::unit::{Timeframe, UtcMillis};

use crate::world::{Run, World};

/// Half a minute after noon on a day for which all five pairs were recorded.
const NOON: &str = "2024-03-13T12:00:30Z";
const PAIRS: [&str; 5] = ["BTC/USDT", "ETH/USDT", "SOL/USDT", "AVAX/USDT", "MATIC/USDT"];
/// Two days of hourly runs.
const RUNS: i64 = 48;

/// A folder of the recordings. Its absence is said past the test harness, which hides what a passing test prints.
pub(crate) fn recordings(part: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    let words = format!("SKIPPED: {} is not there; these tests need recordings\n", folder.display());
    let _ = std::io::stderr().write_all(words.as_bytes());
    None
}

pub(crate) fn at(text: &str) -> i64 {
    text.parse::<UtcMillis>().unwrap().get()
}

fn replay(world: &World, folder: &Path, now: &str) -> Run {
    world.run(&["cycle", "--replay", &folder.display().to_string(), "--now", now])
}

/// The columns of a candle, as [`recorded`] gives them.
const CANDLE: &str = "open_time, open, high, low, close, volume, quote_volume, trades, taker_buy_base";

fn stored(world: &World) -> Vec<Vec<String>> {
    world.query(&format!("SELECT {CANDLE} FROM price_data ORDER BY open_time"))
}

fn columns(candle: &Candle) -> Vec<String> {
    let prices = [candle.open(), candle.high(), candle.low(), candle.close(), candle.volume()];
    let extras = candle.extras().expect("a recording with all columns");
    let mut columns = vec![candle.open_time().get().to_string()];
    columns.extend(prices.map(|price| format!("{price:?}")));
    columns.extend([format!("{:?}", extras.quote_volume), extras.trades.to_string()]);
    columns.push(format!("{:?}", extras.taker_buy_base));
    columns
}

/// The recorded candles that open from one instant to another.
fn recorded(folder: &Path, symbol: &str, timeframe: Timeframe, from: i64, to: i64) -> Vec<Vec<String>> {
    let (from, to) = (UtcMillis::new(from), UtcMillis::new(to));
    let now = timeframe.step(to, 2);
    let mut recording = Recording::open(folder, Some(now)).unwrap();
    let key = SeriesKey { symbol: symbol.parse().unwrap(), timeframe };
    let wanted = Wanted { key, from: Some(from), to: Some(to), pages: Pages::All };
    let answer = recording.candles(&[wanted], now).remove(0);
    assert_eq!(answer.fault, None);
    answer.batch.candles.iter().map(columns).collect()
}

/// First and last open time of what is stored.
fn ends(world: &World) -> (i64, i64) {
    let ends = world.query("SELECT min(open_time), max(open_time) FROM price_data").concat();
    (ends[0].parse().unwrap(), ends[1].parse().unwrap())
}

#[test]
fn a_cycle_decides_on_all_five_pairs_and_names_the_series_that_are_absent() {
    let Some(folder) = recordings("klines") else { return };
    let run = replay(&World::new(), &folder, NOON).expect(0);
    let json = run.json();
    let pairs: Vec<_> = json["pairs"].as_array().unwrap().iter().map(|pair| pair["symbol"].as_str().unwrap()).collect();
    assert_eq!(pairs, PAIRS);
    assert!(PAIRS.iter().all(|symbol| run.decided(symbol)), "{run}");
    assert_eq!(run.pair("BTC/USDT")["candle_open_time"], "2024-03-13T11:00:00Z");
    let warnings = json["warnings"].as_array().unwrap();
    let absent: Vec<_> = warnings.iter().filter(|warning| warning["code"] == "absent").collect();
    let named: Vec<_> = absent.iter().map(|warning| (&warning["symbol"], &warning["timeframe"])).collect();
    let minute = "1m".into();
    assert_eq!(named, [(&"AVAX/USDT".into(), &minute), (&"MATIC/USDT".into(), &minute)], "{run}");
    assert!(json["errors"].as_array().unwrap().is_empty());
}

/// The queries of the contract, word for word.
const QUERIES: [&str; 4] = [
    "SELECT symbol, signal, confidence, reasoning FROM agent_signals
 WHERE agent_name = 'Technical Analyst' ORDER BY time DESC LIMIT 5;",
    "SELECT symbol, decision, confidence, current_price, timestamp FROM trading_decisions ORDER BY timestamp DESC;",
    "SELECT agent_name, success_rate, executions_24h FROM agent_execution_stats;",
    "SELECT COUNT(*) FROM price_data;",
];

/// What a run says of the market; what follows for the account depends on what that holds.
fn opinions(run: &Run) -> Vec<serde_json::Value> {
    let mut pairs = run.json()["pairs"].as_array().cloned().unwrap_or_default();
    for pair in &mut pairs {
        let pair = pair.as_object_mut().unwrap();
        for of_the_account in ["decision", "blocked_by", "forecast"] {
            pair.remove(of_the_account);
        }
    }
    pairs
}

#[test]
fn two_days_of_hourly_runs_leave_a_decision_for_each_pair_and_hour() {
    let Some(folder) = recordings("klines") else { return };
    let world = World::new();
    let cut = cut::recording(&folder, &world, at(NOON), at(NOON), &[]);
    let start = at(NOON) - (RUNS - 1) * 3_600_000;
    let runs: Vec<Run> =
        (0..RUNS).map(|n| replay(&world, &cut, &UtcMillis::new(start + n * 3_600_000).to_string()).expect(0)).collect();
    assert!(runs.iter().all(|run| run.json()["repeat"] == false));
    for symbol in PAIRS {
        let sql = format!(
            "SELECT count(*), count(DISTINCT candle_open_time), (max(timestamp) - min(timestamp)) / 3600000 + 1 \
             FROM trading_decisions WHERE symbol = '{symbol}'"
        );
        assert_eq!(world.query(&sql), [[RUNS, RUNS, RUNS].map(|n| n.to_string())], "{symbol}");
    }
    assert_eq!(world.value("SELECT count(*) FROM trading_decisions"), (RUNS * 5).to_string());
    assert_eq!(world.value("SELECT count(*) FROM agent_signals"), (RUNS * 5).to_string());
    assert_answers(&world);
    world.assert_intact();

    // A whole recording and an empty database come to the same as a short one after 48 runs.
    let fresh = replay(&World::new(), &folder, NOON).expect(0);
    assert_eq!(opinions(&fresh), opinions(&runs[runs.len() - 1]));
    replay(&world, &cut, NOON).expect(0);
    assert_eq!(world.value("SELECT count(*) FROM trading_decisions"), (RUNS * 5).to_string(), "and no duplicates");
}

fn assert_answers(world: &World) {
    let [signals, decisions, stats, candles] = QUERIES.map(|sql| world.query(sql));
    let mut symbols: Vec<_> = signals.iter().map(|row| row[0].as_str()).collect();
    symbols.sort_unstable();
    assert_eq!(symbols, ["AVAX/USDT", "BTC/USDT", "ETH/USDT", "MATIC/USDT", "SOL/USDT"]);
    assert!(signals.iter().all(|row| row[2].parse::<f64>().is_ok_and(|confidence| confidence >= 50.0)));
    assert!(signals.iter().all(|row| !row[3].is_empty()), "{signals:?}");
    assert_eq!(i64::try_from(decisions.len()), Ok(RUNS * 5));
    assert!(decisions.iter().all(|row| row[3].parse::<f64>().is_ok_and(|price| price > 0.0)));
    for agent in ["Price Collector", "Technical Analyst", "Orchestrator"] {
        assert!(stats.contains(&[agent, "100.0", "24"].map(str::to_owned).to_vec()), "{agent}: {stats:?}");
    }
    assert_eq!(candles, [[world.value("SELECT count(*) FROM candles")]]);
}

#[test]
fn untouched_archive_files_are_imported_whole_and_equal_the_recorded_candles() {
    let Some(folder) = recordings("wire/archive_raw") else { return };
    let Some(klines) = recordings("klines") else { return };
    for (name, symbol, timeframe, rows) in [
        ("BTCUSDT-1d-2024-milliseconds.csv.gz", "BTC/USDT", Timeframe::D1, 366),
        ("BTCUSDT-1d-2025-microseconds.csv.gz", "BTC/USDT", Timeframe::D1, 365),
        ("SOLUSDT-1h-2025-microseconds.csv.gz", "SOL/USDT", Timeframe::H1, 8760),
        ("BTCUSDT-1h-2024-03-13.zip", "BTC/USDT", Timeframe::H1, 24),
    ] {
        let world = World::new();
        let run = world.run(&["import", &folder.join(name).display().to_string()]).expect(0);
        assert_eq!((&run.json()["added"], &run.json()["bad"]), (&rows.into(), &0.into()), "{name}: {run}");
        let (from, to) = ends(&world);
        assert!(stored(&world) == recorded(&klines, symbol, timeframe, from, to), "{name}");
        let key = world.query("SELECT symbol, timeframe FROM series");
        assert_eq!(key, [[symbol, timeframe.name()]]);
    }
}

/// What is missing in 2018: the first and last absent hour. The hours off the grid are missing too.
const OUTAGES: [(&str, &str); 7] = [
    ("2018-01-04T04:00:00Z", "2018-01-04T04:00:00Z"),
    ("2018-02-08T01:00:00Z", "2018-02-11T03:00:00Z"),
    ("2018-06-26T02:00:00Z", "2018-06-26T11:00:00Z"),
    ("2018-06-27T13:00:00Z", "2018-06-27T13:00:00Z"),
    ("2018-07-04T01:00:00Z", "2018-07-04T07:00:00Z"),
    ("2018-10-19T06:00:00Z", "2018-10-19T08:00:00Z"),
    ("2018-11-14T02:00:00Z", "2018-11-14T08:00:00Z"),
];

#[test]
fn a_year_with_outages_and_hours_off_the_grid_is_taken_with_all_its_flaws_named() {
    let Some(folder) = recordings("klines") else { return };
    let world = World::new();
    let hours = cut::rows(&folder.join("BTCUSDT-1h-2018-01-01_2025-12-31.csv.gz"), 0, at("2018-12-31T23:00:00Z"));
    std::fs::write(world.path("BTCUSDT-1h-2018.csv"), &hours).unwrap();
    let run = world.run(&["import", "BTCUSDT-1h-2018.csv"]).expect(3).says("bad_rows").says("gap").says("ended_early");
    let error = run.json()["errors"][0]["text"].as_str().unwrap().to_owned();
    assert!(error.starts_with("43 bad rows left out"), "{error}");
    assert!(error.contains("(2018-02-09T09:28:") && error.contains("off the grid"), "{error}");
    let gaps = world.query("SELECT first_missing, last_missing, state FROM gaps ORDER BY first_missing");
    assert_eq!(gaps, OUTAGES.map(|(from, to)| vec![from.to_owned(), to.to_owned(), "open".to_owned()]));
    let missing: i64 = world.value("SELECT sum(missing) FROM gaps").parse().unwrap();
    assert_eq!(world.value("SELECT count(*) FROM price_data"), (365 * 24 - missing).to_string());
    assert_eq!(run.json()["added"], 365 * 24 - missing);
    assert_eq!(run.json()["bad"], 43);
    world.assert_intact();
}
