//! What is on record stays whole, whatever happens within an hour, and is shown in order.

use super::{World, count, unavailable};
use crate::exchange_server::{Exchange, HOUR, LOOKED_BACK, NOON};
use crate::world::{Run, fixtures};

const ELEVEN: i64 = NOON - 30_000 - HOUR;
/// The columns of a short file of candles behind the open time, and where they are.
const PRICES: &str = "open, high, low, close, volume) FROM price_data JOIN series ON series.id = price_data.series_id";

/// Something that happens to a world; it gives back the world it ends in.
type Story = (&'static str, fn(&Exchange, World) -> World);

const STORIES: [Story; 6] = [
    ("an unknown status, then a decision", unknown_then_decided),
    ("stale candles, then other ones", stale_then_decided),
    ("revisions", revised),
    ("another strategy within the hour", other_strategy),
    ("a gap, repaired", repaired),
    ("an import that is told differently", imported),
];

/// The pair's newest candle is the same at both runs, the candles behind it are not: an import fills a hole among them.
fn unknown_then_decided(exchange: &Exchange, world: World) -> World {
    exchange.punch_hole("ETHUSDT", "1h", ELEVEN - 3 * HOUR);
    exchange.break_always(&["exchangeInfo", "symbol=ETHUSDT"], unavailable());
    let run = world.run(&["cycle"]).expect(3);
    assert_eq!(run.pair("ETH/USDT")["status"], "failed", "{run}");
    exchange.mend();
    let before = format!("symbol = 'ETH/USDT' AND open_time = {}", ELEVEN - 4 * HOUR);
    import(&world, "ETHUSDT-1h-2026.csv", &format!("open_time + {HOUR}, {PRICES} WHERE {before}")).expect(0);
    exchange.advance(HOUR / 2);
    let again = world.run(&["cycle"]).expect(0);
    assert_eq!(run.pair("ETH/USDT")["candle_open_time"], again.pair("ETH/USDT")["candle_open_time"]);
    assert_ne!(run.pair("ETH/USDT")["score"], again.pair("ETH/USDT")["score"], "other candles, another score");
    world
}

/// Imports a file of stored candles, as a query tells them.
fn import(world: &World, file: &str, columns: &str) -> Run {
    let rows = world.query(&format!("SELECT printf('%d,%.8f,%.8f,%.8f,%.8f,%.8f', {columns} ORDER BY open_time"));
    std::fs::write(world.path(file), rows.concat().join("\n")).unwrap();
    world.run(&["import", file])
}

fn stale_then_decided(exchange: &Exchange, world: World) -> World {
    for open_time in [ELEVEN - HOUR, ELEVEN] {
        exchange.punch_hole("ETHUSDT", "1h", open_time);
    }
    let run = world.run(&["cycle"]).expect(3);
    assert_eq!(run.pair("ETH/USDT")["status"], "stale", "{run}");
    exchange.fill_holes();
    exchange.advance(HOUR / 4);
    exchange.revise("ETHUSDT", "1h", ELEVEN - 2 * HOUR);
    assert!(world.run(&["cycle"]).expect(0).decided("ETH/USDT"));
    world
}

fn revised(exchange: &Exchange, world: World) -> World {
    world.run(&["cycle"]).expect(0);
    exchange.revise("BTCUSDT", "1h", ELEVEN);
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(0).says("candle_revised");
    world
}

fn other_strategy(_: &Exchange, world: World) -> World {
    world.run(&["cycle"]).expect(0);
    let world = world.with("TRADER_STRATEGY_BUY_SCORE", "35");
    world.run(&["cycle"]).expect(0);
    let world = world.with("TRADER_STRATEGY_WEIGHTS_RSI", "1").with("TRADER_STRATEGY_WEIGHTS_MACD", "30");
    assert_eq!(world.run(&["cycle"]).expect(0).json()["repeat"], false);
    assert_eq!(count(&world, "trading_decisions"), 6);
    world
}

fn repaired(exchange: &Exchange, world: World) -> World {
    for n in [5, 6, 30] {
        exchange.punch_hole("BTCUSDT", "1h", ELEVEN - n * HOUR);
    }
    world.run(&["cycle"]);
    exchange.fill_holes();
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(0);
    assert_eq!(count(&world, "data_gaps WHERE state = 'repaired'"), 2);
    world
}

fn imported(exchange: &Exchange, world: World) -> World {
    world.run(&["cycle"]).expect(0);
    let doubled = PRICES.replace("volume", "volume * 2");
    let run = import(&world, "BTCUSDT-1h-2026.csv", &format!("open_time, {doubled} WHERE symbol = 'BTC/USDT'"));
    assert_eq!(run.expect(0).says("not_believed").json()["not_believed"], LOOKED_BACK);
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(0);
    world
}

#[test]
fn the_check_finds_nothing_after_whatever_happens_within_an_hour() {
    for (what, happen) in STORIES {
        let exchange = Exchange::start();
        let world = happen(&exchange, World::facing(&exchange));
        let check = world.run(&["db", "check"]);
        assert_eq!(check.code, 0, "{what}: {check}");
        assert_eq!(check.json()["ok"], true, "{what}: {check}");
        world.assert_intact();
    }
}

#[test]
fn a_replay_never_looks_into_a_live_database() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange);
    world.run(&["cycle"]).expect(0);
    let before = world.dump_facts();
    let (replay, db) = (fixtures().display().to_string(), world.db().display().to_string());
    for more in [&["--dry-run"][..], &[]] {
        let run = world.run(&[&["--db", &db, "cycle", "--replay", &replay], more].concat()).expect(7);
        assert!(!run.decided("BTC/USDT"), "{run}");
    }
    assert_eq!(world.dump_facts(), before);
}

#[test]
fn the_newest_candles_of_all_series_are_shown_in_order() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange).with("TRADER_TIMEFRAMES", "1m,5m,1h,1d");
    world.run(&["cycle"]).expect(0);
    for limit in ["1", "7", "100", "1000"] {
        let run = world.run(&["show", "candles", "--limit", limit, "--format", "csv"]).expect(0);
        let columns = |line: &str| line.split(',').skip(2).take(1).collect::<String>();
        let shown: Vec<_> = run.stdout.lines().skip(1).map(columns).collect();
        let newest = "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', open_time / 1000, 'unixepoch') FROM price_data \
                      ORDER BY open_time DESC LIMIT ";
        assert_eq!(shown, world.query(&format!("{newest}{limit}")).concat(), "the newest {limit}");
    }
}
