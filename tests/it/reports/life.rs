//! `trader report`: what the paper account really did.

use insta::assert_snapshot;
use serde_json::Value;

use super::{assert_near, lived, number};
use crate::contract::Promise;
use crate::paper_account::{Recording, world_of};
use crate::world::World;

const HOUR: i64 = 3_600_000;

fn report(world: &World, more: &[&str]) -> Value {
    world.run(&[&["report", "--format", "json"][..], more].concat()).expect(0).json()
}

#[test]
fn snapshot_of_the_rows() {
    let rows = lived().run(&["report", "--format", "csv"]).expect(0).stdout;
    // What differs from run to run stays out.
    let rows: String = rows.split_inclusive('\n').filter(|line| !line.contains("duration_ms")).collect();
    assert_snapshot!("report_rows", rows);
}

#[test]
fn snapshot_of_the_words() {
    let words = lived().run(&["report", "--format", "table"]).expect(0).stdout;
    let words: String = words.split_inclusive('\n').map(masked).collect();
    assert_snapshot!("report_words", words);
}

fn masked(line: &str) -> String {
    match line.split_once("took at most ") {
        Some((before, _)) => format!("{before}took at most …\n"),
        None => line.to_owned(),
    }
}

#[test]
fn a_report_obeys_its_schema_however_little_there_is() {
    let promise = Promise::of("report");
    let once = World::new();
    once.replay().expect(0);
    for world in [once, lived()] {
        promise.holds(&world.run(&["report"]).expect(0));
        promise.holds(&world.run(&["report", "--since", "2026-09-01T14:00", "--until", "2026-09-01T15:00"]).expect(0));
        promise.holds(&world.run(&["report", "--until", "2020-01-01"]).expect(0));
    }
}

#[test]
fn a_small_life_has_counts_and_no_rates() {
    let told = report(&lived(), &[]);
    let one = &told["horizons"][0];
    assert!(one["n"].as_u64().unwrap() >= 15, "{one}");
    for key in ["hit_rate_pct", "bias_pct", "brier", "information_coefficient", "coverage_pct", "direction_pct"] {
        assert!(one[key]["value"].is_null(), "{key}");
        assert!(one[key]["why"].as_str().unwrap().starts_with("too early: n_eff"), "{key}");
    }
    assert!(one["groups"].as_array().unwrap().is_empty() && one["brier_parts"].is_null());
    assert!(one["groups_why"].as_str().unwrap().starts_with("too early"));
}

#[test]
fn the_time_asked_for_bounds_runs_decisions_and_trades() {
    let world = lived();
    // The trade was closed at 13:12.
    for (since, until, trades, runs) in
        [("2026-09-01T12:00", "2026-09-01T13:12", 0, 2), ("2026-09-01T13:12", "2026-09-01T15:00", 1, 1)]
    {
        let told = report(&world, &["--since", since, "--until", until]);
        assert_eq!((&told["trades"]["count"], &told["runs"]["count"]), (&trades.into(), &runs.into()), "{since}");
        assert_eq!(told["signals"]["decisions"], 5 * runs, "{since}");
    }
    let run = world.run(&["report", "--since", "2026-09-02", "--until", "2026-09-01"]).expect(2);
    assert!(run.stderr.contains("--since"), "{run}");
}

/// Six recorded days of two coins, run by run.
pub(super) fn recorded() -> Option<World> {
    let recording = Recording::unpack("2024-03-01T00:00:30Z", "2024-03-06T23:00:30Z", &["BTCUSDT", "ETHUSDT"])?;
    let world =
        world_of("BTC/USDT,ETH/USDT").with("TRADER_STRATEGY_BUY_SCORE", "20").with("TRADER_TIMEFRAMES", "1h,4h,1d");
    for (n, now) in recording.hours().enumerate() {
        // One night is slept through.
        if !(30..34).contains(&n) {
            recording.run(&world, now);
        }
    }
    Some(world)
}

#[test]
fn recorded_days_are_told_as_their_rows_say() {
    let Some(world) = recorded() else { return };
    let told = report(&world, &[]);
    let four = told["horizons"].as_array().unwrap().iter().find(|h| h["horizon_h"] == 4).unwrap();
    let of = |what: &str| {
        number(
            &world,
            &format!(
                "SELECT {what} FROM outcomes o JOIN forecasts f USING (decision_id, horizon_ms) \
                 WHERE o.kind = 'horizon' AND o.horizon_ms = {} AND o.net IS NOT NULL AND f.roi_mean IS NOT NULL",
                4 * HOUR
            ),
        )
    };
    assert_near(&four["n"], of("count(*)"), "n");
    assert_near(&four["bias_pct"]["value"], 100.0 * of("avg(o.net - f.roi_mean)"), "bias");
    assert_near(&four["hit_rate_pct"]["value"], 100.0 * of("avg(f.roi_mean * o.net > 0)"), "hits");
    let leaning = "FILTER (WHERE f.score <> 0)";
    assert_near(
        &four["direction_pct"]["value"],
        100.0 * of(&format!("avg(f.score * o.gross > 0) {leaning}")),
        "direction",
    );
    let bands: Vec<(f64, u64, u64)> = four["bands"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| (b["from_pct"].as_f64().unwrap(), b["count"].as_u64().unwrap(), b["right"].as_u64().unwrap()))
        .collect();
    for (from, count, right) in &bands {
        let within = format!(
            "FILTER (WHERE f.score <> 0 AND 50 + abs(f.score) / 2 >= {from} AND 50 + abs(f.score) / 2 < {from} + 10)"
        );
        assert_near(&(*count).into(), of(&format!("count(*) {within}")), "a band");
        assert_near(&(*right).into(), of(&format!("total(f.score * o.gross > 0) {within}")), "right in a band");
    }
    // The groups hold every forecast once, and their means are that of all.
    let groups = four["groups"].as_array().unwrap();
    let sum = |key: &str| groups.iter().map(|g| g["count"].as_f64().unwrap() * g[key].as_f64().unwrap()).sum::<f64>();
    let n = four["n"].as_f64().unwrap();
    assert!(groups.len() >= 3, "{groups:?}");
    assert!((sum("predicted_pct") / n - 100.0 * of("avg(f.roi_mean)")).abs() < 1e-3);
    assert!((sum("actual_pct") / n - 100.0 * of("avg(o.net)")).abs() < 1e-3);
    traded_and_ran(&world, &told);
}

fn traded_and_ran(world: &World, told: &Value) {
    let trades = &told["trades"];
    assert_near(&trades["count"], number(world, "SELECT count(*) FROM trades"), "trades");
    assert!(trades["count"].as_u64().unwrap() > 0, "{trades}");
    assert_near(&trades["won"], number(world, "SELECT count(*) FROM trades WHERE CAST(profit AS REAL) > 0"), "won");
    let profit: f64 = trades["profit"].as_str().unwrap().parse().unwrap();
    assert!((profit - number(world, "SELECT sum(CAST(profit AS REAL)) FROM trades")).abs() < 1e-6);
    let runs = &told["runs"];
    assert_eq!((&runs["expected"], &runs["met"], &runs["count"]), (&144.into(), &140.into(), &140.into()));
    let missed: Vec<(u64, u64)> = runs["days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| (day["expected"].as_u64().unwrap(), day["met"].as_u64().unwrap()))
        .collect();
    assert_eq!(missed, [(24, 24), (24, 20), (24, 24), (24, 24), (24, 24), (24, 24)]);
    assert_eq!(told["signals"]["decisions"], 280);
    let scores = told["signals"]["scores"].as_array().unwrap();
    let all: u64 = scores.iter().map(|b| b["count"].as_u64().unwrap()).sum();
    assert_eq!(all, 280 - told["signals"]["without_opinion"].as_u64().unwrap());
    for bucket in scores {
        let [from, to] = ["from", "to"].map(|key| bucket[key].as_f64().unwrap());
        let sql = format!("SELECT count(*) FROM trading_decisions WHERE score >= {from} AND score < {to}");
        assert_near(&bucket["count"], number(world, &sql), "a bucket");
    }
}
