//! Cases that once went wrong: files that are not what they say, stretches that are neither listing nor outage at first
//! sight, gaps that grow.

use super::files::{import, put, rows, text};
use super::{JUNE, NEW_YEAR, backfill, count, gap, gaps, hour, one_series, stretches};
use crate::exchange_server::{Exchange, HOUR};
use crate::world::World;

#[test]
fn a_file_without_a_candle_is_no_import() {
    let header = "open_time_ms,open,high,low,close,volume\n";
    for (what, content) in [("empty", ""), ("a header only", header), ("a page", "<html>404</html>\n")] {
        let world = World::new();
        put(&world, "BTCUSDT-1h-2024-01.csv", content);
        let run = import(&world, &["BTCUSDT-1h-2024-01.csv"]).expect(4).says("file");
        assert_eq!((&run.json()["files"], count(&world)), (&0.into(), 0), "{what}");
    }
}

#[test]
fn a_file_of_another_timeframe_than_its_name_says_leaves_nothing() {
    let hours = rows(&Exchange::start(), NEW_YEAR, hour(2000));
    let world = World::new();
    put(&world, "BTCUSDT-1d-misnamed.csv", text(&hours));
    let run = import(&world, &["BTCUSDT-1d-misnamed.csv"]).expect(4).says("file");
    assert!(run.json()["errors"][0]["text"].as_str().unwrap().contains("named right?"), "{run}");
    assert_eq!((count(&world), gaps(&world).len()), (0, 0));
}

#[test]
fn a_checksum_file_that_promises_nothing_is_not_passed_over() {
    let hours = text(&rows(&Exchange::start(), NEW_YEAR, hour(9)));
    for promise in ["", "\n", "not found\n", "abc123  BTCUSDT-1h-2024-01.csv\n"] {
        let world = World::new();
        put(&world, "BTCUSDT-1h-2024-01.csv", &hours);
        put(&world, "BTCUSDT-1h-2024-01.csv.CHECKSUM", promise);
        import(&world, &["BTCUSDT-1h-2024-01.csv"]).expect(4).says("file");
        assert_eq!(count(&world), 0, "{promise:?}");
    }
}

#[test]
fn a_start_in_the_middle_of_an_outage_is_no_listing() {
    let exchange = Exchange::start();
    exchange.set_clock(JUNE);
    (100..=109).for_each(|n| exchange.punch_hole("BTCUSDT", "1h", hour(n)));
    let world = one_series(&exchange);
    backfill(&world, hour(105), hour(200)).expect(0);
    assert_eq!(gaps(&world), [gap(hour(105), hour(109), "open", 0)]);
    exchange.forget_requests();
    backfill(&world, NEW_YEAR, hour(200)).expect(0);
    assert_eq!(stretches(&exchange), [(NEW_YEAR, hour(104))], "what lies before is asked for");
}

#[test]
fn the_gap_at_the_end_of_a_pair_that_is_no_longer_traded_grows_and_is_given_up() {
    let exchange = Exchange::start();
    exchange.set_clock(JUNE);
    exchange.stop_symbol("BTCUSDT", JUNE - 100 * HOUR);
    let world = one_series(&exchange);
    let from = (JUNE - 200 * HOUR).to_string();
    for _ in 0..10 {
        world.run(&["backfill", "--from", &from, "--timeframes", "1h"]).expect(0);
        exchange.advance(HOUR);
    }
    let states = world.query("SELECT state, count(*) FROM data_gaps GROUP BY state ORDER BY state");
    assert_eq!(states, [["open", "1"], ["unfillable", "1"]], "{:?}", gaps(&world));
}

#[test]
fn an_import_repairs_even_what_was_given_up() {
    let exchange = Exchange::start();
    exchange.set_clock(JUNE);
    exchange.punch_hole("BTCUSDT", "1h", hour(50));
    let world = one_series(&exchange);
    for hours in [0, 1, 3, 7] {
        exchange.set_clock(JUNE + hours * HOUR);
        backfill(&world, NEW_YEAR, hour(99)).expect(0);
    }
    assert_eq!(gaps(&world), [gap(hour(50), hour(50), "unfillable", 3)]);
    exchange.fill_holes();
    put(&world, "BTCUSDT-1h-2024-01.csv", text(&rows(&exchange, NEW_YEAR, hour(99))));
    import(&world, &["BTCUSDT-1h-2024-01.csv"]).expect(0);
    assert_eq!(world.query("SELECT state FROM data_gaps"), [["repaired"]]);
}

#[test]
fn only_the_timeframes_that_are_named_are_fetched() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange).with("TRADER_PAIRS", "BTC/USDT").with("TRADER_TIMEFRAMES", "1d");
    backfill(&world, NEW_YEAR, hour(240)).expect(0);
    assert_eq!(world.query("SELECT timeframe FROM series"), [["1d"]]);
}

#[test]
fn nothing_but_unknown_pairs_is_nothing_had() {
    let exchange = Exchange::start();
    exchange.forget_symbol("BTCUSDT");
    let world = one_series(&exchange);
    backfill(&world, NEW_YEAR, hour(10)).expect(4).says("unknown_symbol");
}
