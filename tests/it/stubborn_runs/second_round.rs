//! What a second look found: bans in the middle of a run, clocks that can only be guessed, files and links.

use std::fs::{self, File};
use std::os::unix::fs::symlink;

use super::{Run, World, count, status, unavailable};
use crate::exchange_server::{Exchange, HOUR, LOOKED_BACK, NOON};
use crate::world::fixtures;

fn replay(world: &World, folder: &str) -> Run {
    world.run(&["cycle", "--replay", folder])
}

#[test]
fn a_pause_in_the_middle_of_a_run_does_not_cost_what_has_come() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange).with("TRADER_TIMEFRAMES", "1m,1h").with("TRADER_EXCHANGE_MAX_CONCURRENT", "1");
    exchange.break_always(
        &["klines", "symbol=ETHUSDT", "interval=1m"],
        status(429, &[("Retry-After", "600".to_owned())], ""),
    );
    let run = world.run(&["cycle"]).expect(3).says("rate_limited");
    assert!(run.decided("BTC/USDT") && run.decided("ETH/USDT"), "{run}");
    assert_eq!(count(&world, "trading_decisions"), 2);
    assert_eq!(count(&world, "rate_limits WHERE banned_until IS NOT NULL"), 1, "and the pause is kept");
}

#[test]
fn a_clock_that_fails_is_read_from_the_date_of_the_answers() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange);
    exchange.break_always(&["/api/v3/time"], unavailable());
    let run = world.run(&["cycle"]).expect(0).says("clock_unknown");
    assert_eq!(run.json()["as_of"], "2026-09-01T12:00:00Z", "not this machine's hour: {run}");
    assert_eq!(
        count(&world, &format!("price_data WHERE open_time >= {}", NOON - 30_000)),
        0,
        "nothing that still forms"
    );
}

/// The newest readings of each series, and the opinion on each pair, to the last bit.
fn seen(world: &World) -> [Vec<Vec<String>>; 2] {
    let readings = "SELECT *, max(open_time) FROM technical_indicators GROUP BY symbol, timeframe ORDER BY 1, 2";
    let opinions = "SELECT symbol, candle_open_time, signal, score, reasons, max(time) FROM agent_signals GROUP BY 1";
    [readings, opinions].map(|sql| world.query(sql))
}

#[test]
fn a_first_run_sees_as_many_candles_as_a_later_one() {
    // 579 hours after noon a decision still looks back into the block of 960 hours it looks back into at noon, to its
    // beginning: 1,380 candles are 1,959. An hour later it looks back to the next block, and to no more than a thousand.
    for (later, candles) in [(0, LOOKED_BACK), (579, 1959), (580, 1000)] {
        let exchange = Exchange::start();
        let facing = || World::facing(&exchange).with("TRADER_TIMEFRAMES", "1h,4h,1d");
        let (old, new) = (facing(), facing());
        exchange.advance((later - 24) * HOUR);
        old.run(&["cycle"]).expect(0);
        exchange.advance(24 * HOUR);
        old.run(&["cycle"]).expect(0);
        new.run(&["cycle"]).expect(0);
        assert_eq!(seen(&new), seen(&old), "{later} hours after noon");
        let [readings, opinions] = seen(&new);
        assert_eq!((readings.len(), opinions.len()), (2 * 3, 2));
        let read = "SELECT DISTINCT candles FROM technical_indicators WHERE timeframe = '1h'";
        assert_eq!(new.query(read), [[candles.to_string()]], "{later} hours after noon");
        let first = NOON - 30_000 + (later - candles) * HOUR;
        assert_eq!(new.value("SELECT min(open_time) FROM candles WHERE timeframe = '1h'"), first.to_string());
    }
}

#[test]
fn a_busy_run_leaves_the_summary_file_alone_and_a_folder_is_refused_at_once() {
    let world = World::new();
    let file = world.path("summary.json");
    let summary = file.display().to_string();
    let fixtures = fixtures().display().to_string();
    let run = world.run(&["cycle", "--replay", &fixtures, "--summary-file", &summary]).expect(0);
    let lock = File::open(world.lock()).unwrap();
    lock.lock().unwrap();
    world.run(&["cycle", "--replay", &fixtures, "--summary-file", &summary]).expect(5);
    assert_eq!(fs::read_to_string(&file).unwrap(), run.stdout);
    let folder = world.path("folder");
    fs::create_dir(&folder).unwrap();
    world.run(&["cycle", "--replay", &fixtures, "--summary-file", &folder.display().to_string()]).expect(2);
}

#[test]
fn a_database_is_locked_by_whatever_name_it_is_called() {
    let world = World::new();
    world.replay().expect(0);
    let link = world.path("link.db");
    symlink(world.db(), &link).unwrap();
    let lock = File::open(world.lock()).unwrap();
    lock.lock().unwrap();
    let linked = ["--db", &link.display().to_string(), "cycle", "--replay", &fixtures().display().to_string()];
    world.run(&linked).expect(5);
}

#[test]
fn another_recording_needs_another_database() {
    let world = World::new();
    world.replay().expect(0);
    let other = world.path("other");
    fs::create_dir(&other).unwrap();
    for entry in fs::read_dir(fixtures()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, other.join(path.file_name().unwrap())).unwrap();
    }
    let run = replay(&world, &other.display().to_string()).expect(7).says("database_mixed");
    assert!(run.json()["errors"][0]["remedy"].as_str().unwrap().contains("--db"), "{run}");
    assert_eq!(count(&world, "trading_decisions"), 5, "nothing was added");
}
