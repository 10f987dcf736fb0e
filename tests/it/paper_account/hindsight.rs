//! Predicted against actual, on the small recording: BTC is ordered at noon, bought a minute later and stopped out at 13:12.

use serde_json::Value;

use super::{RUNS, after, assert_sound, small};
use crate::world::World;

const LAST: &str = "2026-09-01T16:00:30Z";

/// Horizons that end while the recording lasts.
fn short() -> World {
    small().with("TRADER_FORECAST_HORIZONS_H", "1,4")
}

fn to_the_end(world: World) -> World {
    let world = after(world, 3);
    for now in ["2026-09-01T15:00:30Z", LAST] {
        world.replay_at(now).expect(0);
    }
    world
}

/// The figures of `trader outcomes` for the longest horizon.
fn judged(world: &World, kind: &str) -> Value {
    let document = world.run(&["outcomes"]).expect(0).json();
    let all = document["horizons"].as_array().cloned().unwrap_or_default();
    all.into_iter().rfind(|h| h["kind"] == kind).unwrap_or(Value::Null)
}

fn misses(world: &World) -> Value {
    world.run(&["outcomes"]).expect(0).json()["misses"].take()
}

#[test]
fn outcomes_are_told_at_the_costs_of_the_forecast_whatever_is_configured_when_they_are_told() {
    let told = |world: &World| {
        let early = "SELECT * FROM outcomes WHERE decision_id IN (SELECT id FROM trading_decisions WHERE timestamp < 1788274800000)
                      ORDER BY kind, horizon_ms, decision_id";
        // When it was told is of no account here.
        let mut rows = world.query(early);
        for row in &mut rows {
            row.remove(4);
        }
        (rows, world.query("SELECT * FROM misses"))
    };
    let same = to_the_end(short());
    let world = after(short(), 3).with("TRADER_COSTS_FEE_BPS", "50").with("TRADER_COSTS_SLIPPAGE_BPS", "100");
    world.replay_at(LAST).expect(0);
    let (rows, misses) = told(&world);
    assert!(rows.len() > 8 && misses.len() == 1, "{rows:?}");
    assert_eq!((rows, misses), told(&same));
    // Half-spread and slippage are 3 bps each way, and 0.999 is kept of the coins and of the money.
    let wrong = "SELECT count(*) FROM outcomes WHERE kind = 'horizon'
                    AND decision_id = 1 AND abs(net - ((1 + gross) * 0.9997 * 0.998001 / 1.0003 - 1)) > 1e-12";
    assert_eq!(world.value(wrong), "0");
}

#[test]
fn finer_candles_that_are_stored_decide_though_they_are_configured_no_more() {
    let told = |world: &World| {
        world.query(
            "SELECT d.candle_open_time, o.kind, o.net, o.ended_by, strftime('%H:%M:%f', o.ended_at / 1000.0, 'unixepoch')
               FROM outcomes o JOIN trading_decisions d ON d.id = o.decision_id
              WHERE o.horizon_ms = 14400000 AND o.kind <> 'trade' AND d.candle_open_time = 1788260400000 ORDER BY o.kind",
        )
    };
    // The minutes until two o'clock are stored, and then none.
    let world = after(short(), 3).with("TRADER_TIMEFRAMES", "1h");
    for now in ["2026-09-01T15:00:30Z", LAST] {
        world.replay_at(now).expect(0);
    }
    assert_eq!(told(&world), told(&to_the_end(short())));
    assert_eq!(told(&world)[1][3..], ["stop".to_owned(), "13:12:59.999".to_owned()]);
}

#[test]
fn a_trade_waits_while_it_is_open_and_its_miss_until_the_longest_horizon_has_ended() {
    let world = after(short(), 2);
    assert_eq!((&judged(&world, "trade")["n"], &judged(&world, "trade")["waiting"]), (&0.into(), &1.into()));
    world.replay_at(RUNS[2]).expect(0);
    let trade = judged(&world, "trade");
    assert_eq!((&trade["n"], &trade["waiting"], &trade["horizon_h"]), (&1.into(), &0.into(), &4.into()), "{trade}");
    // It cost what the trade lost, not what was planned to be spent.
    let profit: f64 = world.value("SELECT profit FROM trades").parse().unwrap();
    assert_eq!(trade["false_positives"]["count"], 1);
    let money = trade["false_positives"]["money"].as_f64().unwrap();
    assert!(profit < 0.0 && (money + profit).abs() < 1e-6, "{money} beside {profit}");
    let told = misses(&world);
    assert_eq!((&told["trades"], &told["waiting"]), (&0.into(), &1.into()), "{told}");
    for now in ["2026-09-01T15:00:30Z", LAST] {
        world.replay_at(now).expect(0);
    }
    let told = misses(&world);
    assert_eq!((&told["trades"], &told["waiting"]), (&1.into(), &0.into()), "{told}");
    let unequal = "SELECT count(*) FROM misses m JOIN trades t USING (position_id)
                    WHERE abs(m.market + m.policy + m.delay + m.slippage + m.fees + m.rounding - (t.roi - t.predicted_roi)) > 1e-9";
    assert_eq!(world.value(unequal), "0");
    assert_sound(&world);
}

#[test]
fn a_trade_whose_horizon_has_no_outcome_is_counted_with_the_reason() {
    let world = after(small().with("TRADER_FORECAST_HORIZONS_H", "24"), 3);
    // Nothing was recorded of the next two days.
    world.replay_at("2026-09-03T13:00:30Z");
    assert_eq!(world.query("SELECT market, unknown FROM misses"), [["null", "gap"]]);
    let (trade, told) = (judged(&world, "trade"), misses(&world));
    assert_eq!((&trade["n"], &told["trades"], &told["untold"]["gap"]), (&1.into(), &0.into(), &1.into()), "{told}");
    // Those of noon and one o'clock: a day over, and a day waited for what is missing.
    assert_eq!(judged(&world, "horizon")["unresolvable"]["gap"], 2);
    assert_sound(&world);
}

#[test]
fn what_the_account_did_stands_beside_each_forecast() {
    let world = to_the_end(short());
    let stances = world.query("SELECT stance FROM forecasts WHERE horizon_ms = 14400000 ORDER BY data_cutoff").concat();
    assert_eq!(stances, ["ordered", "held", "out", "out", "out"]);
    assert_eq!(judged(&world, "horizon")["false_positives"]["of"], 1);
}

#[test]
fn an_entry_that_was_never_filled_bought_nothing() {
    let world = after(short(), 1);
    world.run(&["pause", "--reason", "not now"]).expect(0);
    world.replay_at(LAST).expect(6);
    assert_eq!(world.value("SELECT stance FROM forecasts ORDER BY decision_id LIMIT 1"), "ordered");
    let told = judged(&world, "horizon");
    assert_eq!(
        (&told["n"], &told["false_positives"]["of"], &told["false_negatives"]["of"]),
        (&1.into(), &0.into(), &1.into())
    );
}

#[test]
fn lengths_of_candles_are_judged_apart() {
    let world = to_the_end(short());
    let world = world.with("TRADER_STRATEGY_TIMEFRAME", "4h").with("TRADER_TIMEFRAMES", "1m,1h,4h");
    world.replay_at(LAST);
    let document = world.run(&["outcomes"]).expect(0).json();
    let told = |h: &Value| format!("{} {} {}", h["horizon_h"], h["timeframe"], h["kind"]);
    let told: Vec<String> = document["horizons"].as_array().unwrap().iter().map(told).collect();
    assert!(
        told.contains(&"4 \"1h\" \"horizon\"".to_owned()) && told.contains(&"4 \"4h\" \"horizon\"".to_owned()),
        "{told:?}"
    );
}

#[test]
fn a_horizon_is_one_that_was_forecast_or_those_that_were_are_named() {
    let world = to_the_end(short());
    for (horizon, code) in [("0", 2), ("2161", 2), ("5", 0), ("4", 0)] {
        let run = world.run(&["outcomes", "--horizon", horizon]).expect(code);
        match (code, horizon) {
            (2, _) => assert!(run.stdout.is_empty() && run.stderr.contains("1..=2160"), "{run}"),
            (_, "4") => assert!(
                run.json()["horizons"].as_array().is_some_and(|h| !h.is_empty()) && run.stderr.is_empty(),
                "{run}"
            ),
            _ => assert!(
                run.json()["horizons"] == serde_json::json!([]) && run.stderr.contains("never forecast, only "),
                "{run}"
            ),
        }
    }
}

#[test]
fn the_table_of_outcomes_holds_false_positives_and_negatives_in_counts_and_money() {
    let world = to_the_end(short());
    let csv = world.run(&["outcomes", "--horizon", "4", "--format", "csv"]).expect(0).stdout;
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let columns =
        ["false_positives", "false_negatives"].map(|what| ["", "_of", "_money"].map(|part| format!("{what}{part}")));
    assert!(rows[0].ends_with(&columns.as_flattened().iter().map(String::as_str).collect::<Vec<_>>()), "{csv}");
    // What was bought at noon is the only thing that was, and lost 6.3859059.
    let trade = rows.iter().find(|row| row[2] == "trade").unwrap();
    assert_eq!(trade[14..], ["1", "1", "6.385906", "0", "0", "0"], "{csv}");
}

#[test]
fn the_misses_are_those_of_the_horizon_that_is_asked_for() {
    let world = to_the_end(short());
    let misses = |arguments: &[&str]| world.run(&[&["outcomes"], arguments].concat()).expect(0).json()["misses"].take();
    for (arguments, trades) in [(vec![], 1), (vec!["--horizon", "4"], 1), (vec!["--horizon", "1"], 0)] {
        let told = misses(&arguments);
        assert_eq!((&told["trades"], &told["waiting"]), (&trades.into(), &0.into()), "{arguments:?}: {told}");
    }
    // Three hours earlier it waits, for the longer of them alone.
    let world = after(short(), 3);
    let misses = |hours: &str| world.run(&["outcomes", "--horizon", hours]).expect(0).json()["misses"].take();
    assert_eq!(["4", "1"].map(|hours| misses(hours)["waiting"].clone()), [1, 0]);
}

#[test]
fn two_strategies_on_one_candle_of_one_pair_are_one_outcome() {
    let mut world = small().with("TRADER_FORECAST_HORIZONS_H", "1");
    for now in RUNS {
        for score in ["40", "41"] {
            world = world.with("TRADER_STRATEGY_BUY_SCORE", score);
            world.replay_at(now).expect(0);
        }
    }
    // Those of noon and of one o'clock, twice each: two hours, one after the other.
    let told = judged(&world, "horizon");
    assert_eq!((&told["n"], &told["n_eff"]), (&4.into(), &2.0.into()), "{told}");
}
