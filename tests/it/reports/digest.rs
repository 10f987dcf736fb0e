//! `trader digest`: one UTC day.

use insta::assert_snapshot;
use serde_json::Value;

use super::{assert_near, lived, number};
use crate::contract::Promise;
use crate::world::World;

const DAY: &str = "2026-09-01";
/// The same in SQL, of a column of instants.
const FROM: i64 = 1_788_220_800_000;
const HOUR: i64 = 3_600_000;

fn digest(world: &World, more: &[&str]) -> String {
    world.run(&[&["digest"][..], more].concat()).expect(0).stdout
}

/// Without what differs from run to run.
fn masked(text: &str) -> String {
    let told = text.split_inclusive('\n').map(|line| match line.split_once("median ") {
        Some((before, _)) => format!("{before}median … ms\n"),
        None => line.to_owned(),
    });
    told.collect()
}

#[test]
fn snapshot_of_a_day() {
    assert_snapshot!("digest", masked(&digest(&lived(), &[])));
}

#[test]
fn no_line_is_longer_than_a_terminal_is_wide() {
    let world = lived();
    world.run(&["pause", "--reason", &"a reason that goes on and on ".repeat(9)]).expect(0);
    for day in ["2026-08-31", DAY] {
        let text = digest(&world, &["--date", day]);
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(78), "{longest:?}: {text}");
    }
}

#[test]
fn a_digest_obeys_its_schema_and_tells_what_its_rows_say() {
    let world = lived();
    let run = world.run(&["digest", "--format", "json"]).expect(0);
    Promise::of("digest").holds(&run);
    let told = run.json();
    let within = |column: &str| format!("{column} >= {FROM} AND {column} < {FROM} + 86400000");
    let text = |pointer: &str| told.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert_eq!((text("/date"), &told["is_over"]), (DAY.to_owned(), &false.into()));
    for (pointer, sql) in [
        ("/account/equity_start", "SELECT day_start_equity FROM portfolio_state ORDER BY id LIMIT 1"),
        ("/account/equity_end", "SELECT equity FROM portfolio_state ORDER BY id DESC LIMIT 1"),
        ("/account/state", "SELECT state FROM portfolio_state ORDER BY id DESC LIMIT 1"),
        ("/account/cash", "SELECT amount FROM balances WHERE asset = 'USDT'"),
        ("/trades/0/profit", "SELECT profit FROM trades"),
        ("/fills/0/price", "SELECT price FROM fills ORDER BY id LIMIT 1"),
        ("/fills/1/reason", "SELECT reason FROM orders WHERE side = 'SELL'"),
    ] {
        assert_eq!(text(pointer), world.value(sql), "{pointer}");
    }
    for (pointer, sql) in [
        (
            "/decisions/buy",
            format!("SELECT sum(decision = 'BUY') FROM trading_decisions WHERE {}", within("timestamp")),
        ),
        (
            "/decisions/sell",
            format!("SELECT sum(decision = 'SELL') FROM trading_decisions WHERE {}", within("timestamp")),
        ),
        (
            "/decisions/hold",
            format!("SELECT sum(decision = 'HOLD') FROM trading_decisions WHERE {}", within("timestamp")),
        ),
        ("/runs/count", format!("SELECT count(*) FROM runs WHERE {}", within("started_at"))),
        ("/trades/0/realised_pct", "SELECT round(100 * roi, 4) FROM trades".to_owned()),
        ("/trades/0/predicted_pct", "SELECT round(100 * predicted_roi, 4) FROM trades".to_owned()),
        ("/trades/0/r_multiple", "SELECT round(r_multiple, 4) FROM trades".to_owned()),
    ] {
        assert_near(told.pointer(pointer).unwrap(), number(&world, &sql), pointer);
    }
    assert_eq!((&told["runs"]["expected"], &told["runs"]["met"]), (&5.into(), &5.into()));
    assert_eq!(told["fills"].as_array().unwrap().len(), 2);
    assert_eq!(told["verdict"]["word"], "active", "{told}");
}

#[test]
fn forecasts_that_ended_are_told_as_their_outcomes_say() {
    let world = lived();
    let told = world.run(&["digest", "--format", "json"]).expect(0).json();
    let forecasts = told["forecasts"].as_array().unwrap();
    assert_eq!(forecasts.len(), 2);
    for forecast in forecasts {
        let horizon = forecast["horizon_h"].as_i64().unwrap() * HOUR;
        let of = |what: &str| {
            number(
                &world,
                &format!(
                    "SELECT {what} FROM outcomes o JOIN forecasts f USING (decision_id, horizon_ms) \
                     WHERE o.kind = 'horizon' AND o.horizon_ms = {horizon} AND o.net IS NOT NULL"
                ),
            )
        };
        assert_near(&forecast["resolved"], of("count(*)"), "resolved");
        assert_near(&forecast["predicted_pct"], 100.0 * of("avg(f.roi_mean)"), "predicted");
        assert_near(&forecast["actual_pct"], 100.0 * of("avg(o.net)"), "actual");
        assert_near(&forecast["hits"], of("sum(f.roi_mean * o.net > 0)"), "hits");
        let miss = |which: &str, end: &str| {
            let [predicted, actual] = ["predicted_pct", "actual_pct"].map(|key| forecast[which][key].as_f64().unwrap());
            let expected = 100.0 * of(&format!("{end}(o.net - f.roi_mean)"));
            assert!((actual - predicted - expected).abs() < 2e-4, "{which}: {actual} − {predicted} beside {expected}");
        };
        miss("best", "max");
        miss("worst", "min");
    }
}

#[test]
fn a_position_stands_as_it_stood_at_the_end_of_its_day_whatever_came_later() {
    // Two days of the small recording, as it were: the day ends while BTC is held.
    let world = World::new().with("TRADER_FORECAST_HORIZONS_H", "1");
    for hour in 12..=13 {
        world.replay_at(&format!("2026-09-01T{hour}:00:30Z")).expect(0);
    }
    let told = world.run(&["digest", "--format", "json"]).expect(0).json();
    let held = &told["positions"][0];
    let portfolio = world.run(&["portfolio", "--format", "json"]).expect(0).json();
    let now = &portfolio["portfolio"]["positions"][0];
    for key in ["symbol", "opened_at", "quantity", "entry_price", "mark", "pnl", "pnl_pct", "stop"] {
        assert_eq!(held[key], now[key], "{key}");
    }
    let [mark, stop]: [f64; 2] = ["mark", "stop"].map(|key| held[key].as_str().unwrap().parse().unwrap());
    assert_near(&held["stop_distance_pct"], 100.0 * (1.0 - stop / mark), "distance");
    // The day after is empty of it.
    world.replay_at("2026-09-01T14:00:30Z").expect(0);
    let later = world.run(&["digest", "--format", "json"]).expect(0).json();
    assert_eq!((later["positions"].as_array().unwrap().len(), later["trades"].as_array().unwrap().len()), (0, 1));
}

#[test]
fn a_day_before_the_first_run_is_unknown_in_one_line() {
    let text = digest(&lived(), &["--date", "2026-08-30"]);
    assert_eq!(text, "2026-08-30 UTC, a recording: unknown; nothing ran on this day\n");
}

#[test]
fn missed_runs_need_attention_and_so_does_a_pause() {
    let world = World::new();
    for hour in [12, 14] {
        world.replay_at(&format!("2026-09-01T{hour}:00:30Z")).expect(0);
    }
    assert!(digest(&world, &[]).contains("\nattention needed: 1 of 3 runs missed\n"));
    world.run(&["pause", "--reason", "a look"]).expect(0);
    let run = world.replay_at("2026-09-01T15:00:30Z").expect(6);
    assert_eq!(run.json()["status"], "halted");
    let text = digest(&world, &[]);
    assert!(text.contains("attention needed: entries are paused; 1 of 4 runs missed"), "{text}");
    assert!(text.contains("paused: a look"), "{text}");
}

#[test]
fn a_day_that_has_not_begun_is_refused() {
    let world = lived();
    let run = world.run(&["digest", "--date", "2099-01-01"]).expect(2);
    assert!(run.stderr.contains("2099-01-01 has not begun"), "{run}");
}

#[test]
fn without_a_run_there_is_no_day() {
    let run = World::new().run(&["digest"]).expect(7);
    assert!(run.stderr.contains("there is no database"), "{run}");
}

#[test]
fn a_mail_of_a_day_says_what_its_text_says() {
    let world = lived();
    let (text, mail) = (digest(&world, &[]), digest(&world, &["--format", "html"]));
    for word in text.split_whitespace().filter(|word| word.len() > 5 && !word.contains(['/', '…'])) {
        let escaped = word.replace('\'', "&#39;").to_lowercase();
        assert!(mail.to_lowercase().contains(&escaped), "{word}");
    }
    assert!(mail.len() < 60_000, "{}", mail.len());
}

#[test]
fn a_digest_changes_nothing() {
    let world = lived();
    world.query("PRAGMA wal_checkpoint(TRUNCATE)");
    let before = world.db_bytes();
    digest(&world, &[]);
    assert!(world.db_bytes() == before);
}
