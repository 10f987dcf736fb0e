//! What is told, once, when, and to whom.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::servers::{Answer, Heard, Hooks};
use super::{JSON_HOOK, alter, bold, configured, states, telling};
use crate::exchange_server::{Exchange, Fault, HOUR, NOON};
use crate::world::World;

/// Event, level and title of what a webhook was told.
fn told(hooks: &Hooks) -> Vec<[String; 3]> {
    let word = |body: &Value, key: &str| body[key].as_str().unwrap_or_default().to_owned();
    hooks.heard().iter().map(Heard::json).map(|b| ["event", "level", "title"].map(|key| word(&b, key))).collect()
}

fn strings<const N: usize>(rows: [[&str; 3]; N]) -> Vec<[String; 3]> {
    rows.map(|row| row.map(str::to_owned)).to_vec()
}

#[test]
fn a_fill_is_told_once_after_the_run_with_the_trade_that_it_closes() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world = telling(&exchange, &hooks.url("/hook"));
    let run = world.run(&["cycle"]).expect(0);
    assert_eq!(told(&hooks), strings([["fill", "info", "trader: bought BTC/USDT"]]), "{run}");
    let body = hooks.heard()[0].json();
    assert_eq!(body["facts"]["fill"]["price"], "3390.5", "{body}");
    assert_eq!(body["run_id"], run.json()["run_id"]);
    assert_eq!(states(&world), ["sent"]);
    // Again for the same candle, and sent again: nothing new.
    world.run(&["cycle"]).expect(0);
    world.run(&["notify", "send"]).expect(0);
    assert_eq!(hooks.heard().len(), 1);
    // A stop that is sold in three parts: the last of them tells what the trade came to.
    exchange.let_fall("BTCUSDT", NOON - 30_000 + 600_000, 20, 100);
    exchange.advance(HOUR);
    let run = world.run(&["cycle"]).expect(0);
    let titles: Vec<String> = told(&hooks).into_iter().skip(1).map(|[_, _, title]| title).collect();
    // (3,223.67 × 0.05374 + 3,218.5 × 0.01516 + 3,199.12 × 0.02921) × 0.999 = 315.163302; 332.981005 were paid.
    assert_eq!(titles, ["trader: sold BTC/USDT", "trader: sold BTC/USDT", "trader: sold BTC/USDT, -5.35 %"], "{run}");
    let last = hooks.heard()[3].json();
    assert_eq!(last["facts"]["closed"]["reason"], "stop", "{last}");
    assert!(last["text"].as_str().is_some_and(|text| text.contains("the position is closed (stop)")), "{last}");
}

#[test]
fn a_failure_that_lasts_is_told_once_a_day_and_its_end_with_how_long_it_lasted() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world = telling(&exchange, &hooks.url("/hook")).with("TRADER_STRATEGY_BUY_SCORE", "100");
    world.run(&["cycle"]).expect(0);
    assert_eq!(told(&hooks), strings([]));
    exchange.break_always(&["klines"], Fault::Status(503, Vec::new(), Vec::new()));
    for _ in 0..3 {
        exchange.advance(HOUR);
        world.run(&["cycle"]).expect(4);
    }
    let first = ["failure", "critical", "trader: run unavailable (exit 4)"];
    assert_eq!(told(&hooks), strings([first]));
    let body = hooks.heard()[0].json();
    assert!(
        body["text"].as_str().is_some_and(|text| text.contains("HTTP 503") && text.contains("maintenance")),
        "{body}"
    );
    exchange.advance(23 * HOUR);
    world.run(&["cycle"]).expect(4);
    let again = ["failure", "critical", "trader: run still unavailable (exit 4)"];
    assert_eq!(told(&hooks), strings([first, again]));
    exchange.mend();
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(0);
    // From the first that failed, at 13:00, to 15:00 the next day.
    let end = ["recovery", "info", "trader: runs are well again after 1 d 2 h"];
    assert_eq!(told(&hooks), strings([first, again, end]));
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(0);
    assert_eq!(hooks.heard().len(), 3);
}

#[test]
fn a_pause_hides_no_failure_and_is_no_recovery() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world = telling(&exchange, &hooks.url("/hook"))
        .with("TRADER_PAIRS", "BTC/USDT,ETH/USDT")
        .with("TRADER_TIMEFRAMES", "1h")
        .with("TRADER_STRATEGY_BUY_SCORE", "100");
    world.run(&["cycle"]).expect(0);
    exchange.break_always(&["klines", "ETHUSDT"], Fault::Status(404, Vec::new(), b"{}".to_vec()));
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(3);
    world.run(&["pause", "--reason", "holidays"]).expect(0);
    for _ in 0..2 {
        exchange.advance(HOUR);
        world.run(&["cycle"]).expect(6);
    }
    exchange.mend();
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(6);
    let degraded = ["failure", "warning", "trader: run degraded (exit 3)"];
    let paused = ["halt", "warning", "trader: paused, no entries"];
    let end = ["recovery", "info", "trader: runs are well again after 3 h 0 min"];
    let mut heard = told(&hooks);
    heard.retain(|row| row[2] != "trader: run halted (exit 6)");
    assert_eq!(heard, strings([degraded, paused, end]));
    // What fails only while it is paused is told once as well.
    exchange.break_always(&["klines", "ETHUSDT"], Fault::Status(404, Vec::new(), b"{}".to_vec()));
    for _ in 0..2 {
        exchange.advance(HOUR);
        world.run(&["cycle"]).expect(6);
    }
    assert_eq!(told(&hooks).len(), hooks.heard().len());
    assert_eq!(told(&hooks).last().unwrap(), &["failure", "warning", "trader: run halted (exit 6)"].map(str::to_owned));
    assert_eq!(told(&hooks).iter().filter(|row| row[2].contains("halted (exit 6)")).count(), 2);
}

#[test]
fn a_run_that_ends_as_internal_is_told_once_a_day() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world = telling(&exchange, &hooks.url("/hook")).with("TRADER_STRATEGY_BUY_SCORE", "100");
    for _ in 0..2 {
        // What it says cannot be written anywhere.
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let status = world.command(&["cycle"]).stdout(full).stderr(std::process::Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(1));
        assert_eq!(told(&hooks), strings([["failure", "critical", "trader: run internal (exit 1)"]]));
        let run_id = world.value("SELECT run_id FROM runs ORDER BY started_at LIMIT 1");
        assert_eq!(hooks.heard()[0].json()["run_id"], run_id.as_str());
        exchange.advance(HOUR);
    }
}

#[test]
fn a_lock_that_is_held_for_hours_is_told_once_a_day() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world = telling(&exchange, &hooks.url("/hook")).with("TRADER_STRATEGY_BUY_SCORE", "100");
    let before = std::time::SystemTime::now();
    world.run(&["cycle"]).expect(0);
    let lock = std::fs::File::options().write(true).open(world.path("trader.db.lock")).unwrap();
    assert!(lock.metadata().unwrap().modified().unwrap() + Duration::from_secs(1) > before);
    lock.try_lock().unwrap();
    let run = world.run(&["cycle"]).expect(5);
    assert_eq!(told(&hooks), strings([]), "a run may meet another one: {run}");
    lock.set_modified(before - Duration::from_secs(3 * 3600 + 30)).unwrap();
    for _ in 0..2 {
        let run = world.run(&["cycle"]).expect(5);
        let title = "trader: no run for 3 h 0 min, another process has the lock (exit 5)";
        assert_eq!(told(&hooks), strings([["failure", "critical", title]]), "{run}");
    }
}

#[test]
fn a_channel_hears_what_is_grave_enough_and_the_end_of_what_it_heard() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world =
        configured(bold(&exchange), &format!("{JSON_HOOK}min_level = \"warning\"\n")).with("OUR_HOOK", &hooks.url("/"));
    world.run(&["cycle"]).expect(0);
    assert_eq!(world.value("SELECT count(*) FROM notifications"), "0", "a fill is info");
    world.run(&["pause", "--reason", "maintenance at the exchange"]).expect(0);
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(6);
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(6);
    world.run(&["resume", "--reason", "over"]).expect(0);
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(0);
    let paused = ["halt", "warning", "trader: paused, no entries"];
    assert_eq!(told(&hooks), strings([paused, ["halt", "info", "trader: entries are taken again"]]));
    assert!(hooks.heard()[0].body.contains("maintenance at the exchange"));
}

#[test]
fn the_emergency_stop_is_told_as_critical_once() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let text = format!("{JSON_HOOK}min_level = \"critical\"\n");
    let world = configured(bold(&exchange), &text)
        .with("OUR_HOOK", &hooks.url("/"))
        .with("TRADER_RISK_WARNING_DRAWDOWN_PCT", "1")
        .with("TRADER_RISK_EMERGENCY_DRAWDOWN_PCT", "2")
        .with("TRADER_RISK_DAILY_LOSS_PCT", "50")
        .with("TRADER_EXITS_STOP_ATR", "10")
        .with("TRADER_RISK_PER_TRADE_PCT", "10")
        .with("TRADER_RISK_HEAT_PCT", "50");
    world.run(&["cycle"]).expect(0);
    exchange.let_fall("BTCUSDT", NOON - 30_000 + 600_000, 20, 100);
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(6).says("emergency_stop");
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(6);
    assert_eq!(told(&hooks), strings([["halt", "critical", "trader: emergency stop, everything is sold"]]));
}

#[test]
fn nobody_is_told_of_a_recording_or_a_dry_run() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world = telling(&exchange, &hooks.url("/hook"));
    world.run(&["cycle", "--dry-run"]).expect(0);
    assert!(!world.db().exists());
    let replayed = configured(World::new(), JSON_HOOK).with("OUR_HOOK", &hooks.url("/hook"));
    replayed.replay().expect(0);
    assert_eq!(replayed.value("SELECT count(*) FROM notifications"), "0");
    assert_eq!(hooks.heard().len(), 0);
}

#[test]
fn the_daily_page_of_yesterday_is_sent_by_the_first_run_after_the_hour() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let text = JSON_HOOK.replace("digest = false", "digest = true\ndigest_hour = 13");
    let world =
        configured(bold(&exchange), &text).with("OUR_HOOK", &hooks.url("/")).with("TRADER_STRATEGY_BUY_SCORE", "100");
    for _ in 0..3 {
        world.run(&["cycle"]).expect(0);
        exchange.advance(HOUR);
    }
    assert_eq!(hooks.heard().len(), 0, "there was no run yesterday");
    // To twelve o'clock of the next day, and on.
    exchange.advance(21 * HOUR);
    world.run(&["cycle"]).expect(0);
    assert_eq!(hooks.heard().len(), 0, "it is twelve");
    for _ in 0..2 {
        exchange.advance(HOUR);
        world.run(&["cycle"]).expect(0);
    }
    assert_eq!(hooks.heard().len(), 1);
    let sql = "SELECT event, dedup_key, html LIKE '%<html%' FROM notifications";
    assert_eq!(world.query(sql), [["digest", "digest:2026-09-01T00:00:00Z", "1"]]);
    // The first run after a long sleep tells of the day before it.
    exchange.advance(47 * HOUR);
    world.run(&["cycle"]);
    let keys = world.query("SELECT dedup_key FROM notifications WHERE event = 'digest'").concat();
    assert_eq!(keys, ["digest:2026-09-01T00:00:00Z", "digest:2026-09-03T00:00:00Z"]);
}

#[test]
fn what_cannot_be_sent_waits_longer_each_time_and_is_sent_later() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::Status(500, "", "down".to_owned())));
    let world = telling(&exchange, &hooks.url("/hook"));
    world.run(&["cycle"]).expect(0);
    let waits =
        "SELECT state, attempts, error, (next_attempt_at - 1000 * unixepoch()) BETWEEN ?1 AND ?2 FROM deliveries";
    let between = |least: i64, most: i64| waits.replace("?1", &least.to_string()).replace("?2", &most.to_string());
    let host = hooks.url("").replace("http://", "");
    let error = format!("{host} answered HTTP 500: down");
    assert_eq!(world.query(&between(15_000, 61_000)), [["waiting", "1", error.as_str(), "1"]]);
    world.run(&["notify", "send"]).expect(0);
    assert_eq!(hooks.heard().len(), 1, "not before its time");
    alter(&world, "UPDATE deliveries SET next_attempt_at = 0");
    world.run(&["notify", "send"]).expect(3);
    assert_eq!(world.query(&between(45_000, 121_000)), [["waiting", "2", error.as_str(), "1"]]);
    hooks.set(Answer::ok());
    alter(&world, "UPDATE deliveries SET next_attempt_at = 0");
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(0);
    assert_eq!(world.query("SELECT state, attempts, error FROM deliveries LIMIT 1"), [["sent", "3", "null"]]);
    // A clock that was wrong once does not put it off for years.
    alter(&world, "UPDATE deliveries SET state = 'waiting', settled_at = NULL, next_attempt_at = 9999999999999");
    world.run(&["notify", "send"]).expect(0);
    assert_eq!(states(&world)[0], "sent");
}

#[test]
fn what_was_not_sent_in_time_is_not_sent_at_all_and_old_rows_hold_nothing_up() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world = telling(&exchange, &hooks.url("/hook"));
    world.run(&["cycle"]).expect(0);
    alter(
        &world,
        "INSERT INTO notifications (at, event, level, dedup_key, title, body, facts, expires_at, run_id)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         SELECT i, 'fill', 'info', 'old:' || i, 'old', 'old', '{}', 1, 'r' FROM n;
         INSERT INTO deliveries (notification_id, channel, state, next_attempt_at)
         SELECT id, 'ours', 'waiting', 0 FROM notifications WHERE dedup_key LIKE 'old:%'",
    );
    exchange.advance(HOUR);
    let run = world.run(&["cycle"]).expect(0);
    assert!(run.elapsed < Duration::from_secs(5), "{run}");
    let states = world.query("SELECT state, count(*) FROM deliveries GROUP BY state ORDER BY state");
    assert_eq!(states[0], ["expired", "10000"]);
    assert!(hooks.heard().iter().all(|heard| !heard.body.contains("old")));
}

#[test]
fn the_gravest_come_first_and_no_more_than_a_batch_in_one_run() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world = telling(&exchange, &hooks.url("/hook"));
    world.run(&["cycle"]).expect(0);
    fill_outbox(&world, 50);
    alter(&world, "UPDATE notifications SET level = 'critical' WHERE dedup_key = 'many:50'");
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(0);
    let heard = hooks.heard();
    assert_eq!(heard.len(), 21, "one and a batch of twenty");
    assert_eq!(heard[1].json()["title"], "number 50");
    world.run(&["notify", "send"]).expect(0);
    assert!(states(&world).iter().all(|state| state == "sent"));
}

/// So many messages that are due.
fn fill_outbox(world: &World, count: u32) {
    let sql = format!(
        "INSERT INTO notifications (at, event, level, dedup_key, title, body, facts, expires_at, run_id)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         SELECT i, 'fill', 'info', 'many:' || i, 'number ' || i, 'many', '{{}}', 9999999999999, 'r' FROM n;
         INSERT INTO deliveries (notification_id, channel, state, next_attempt_at)
         SELECT id, 'ours', 'waiting', 0 FROM notifications WHERE dedup_key LIKE 'many:%'"
    );
    alter(world, &sql);
}

#[test]
fn two_processes_never_send_the_same_message() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world = telling(&exchange, &hooks.url("/hook")).with("TRADER_STRATEGY_BUY_SCORE", "100");
    world.run(&["cycle"]).expect(0);
    fill_outbox(&world, 100);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| world.run(&["notify", "send"]).expect(0));
        }
    });
    let mut ids: Vec<Value> = hooks.heard().iter().map(|heard| heard.json()["id"].clone()).collect();
    assert_eq!(ids.len(), 100);
    ids.sort_by_key(Value::as_i64);
    ids.dedup();
    assert_eq!(ids.len(), 100);
}

#[test]
fn a_database_that_cannot_be_used_is_told_of_at_once_and_so_is_its_end() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::Status(500, "", String::new())));
    let world = telling(&exchange, &hooks.url("/hook")).with("TRADER_STRATEGY_BUY_SCORE", "100");
    std::fs::write(world.db(), "no database at all, but long enough to look at".repeat(50)).unwrap();
    let cry = ["failure", "critical", "trader: the database cannot be used (exit 7)"];
    world.run(&["cycle"]).expect(7);
    hooks.set(Answer::ok());
    let run = world.run(&["cycle"]).expect(7);
    assert_eq!(told(&hooks), strings([cry, cry]), "what nobody took is told again: {run}");
    assert_eq!(hooks.heard()[0].json()["id"], json!(null));
    world.run(&["cycle"]).expect(7);
    assert_eq!(hooks.heard().len(), 2, "once a day");
    std::fs::remove_file(world.db()).unwrap();
    for _ in 0..2 {
        exchange.advance(HOUR);
        world.run(&["cycle"]).expect(0);
        let end = ["recovery", "info", "trader: the database can be used again after 0 min"];
        assert_eq!(told(&hooks), strings([cry, cry, end]));
    }
}
