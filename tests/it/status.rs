//! `trader status`: each state an installation can get into, produced for real, is told with its exit code; a look changes
//! nothing and takes no longer when the database is a year old.

use std::time::Duration;

use serde_json::Value;

use crate::contract::Promise;
use crate::exchange_server::{Exchange, Fault, HOUR, local_now};
use crate::world::{Run, World};

const DAY: i64 = 24 * HOUR;

/// An exchange whose clock is ours, and a world in which a cycle went well.
fn fresh() -> (Exchange, World) {
    let exchange = Exchange::start();
    exchange.set_clock(local_now());
    let world = World::facing(&exchange);
    world.run(&["cycle"]).expect(0);
    (exchange, world)
}

/// The names in a world's folder, but for what SQLite keeps there for readers.
pub(crate) fn kept(world: &World) -> Vec<String> {
    world.names().into_iter().filter(|name| !name.ends_with("-shm") && !name.ends_with("-wal")).collect()
}

/// The level of what is not ok, by topic, or by agent where it is about one.
fn wrong(run: &Run) -> Vec<(String, String)> {
    let findings = run.json()["findings"].as_array().cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told = findings.iter().filter(|finding| finding["level"] != "ok");
    told.map(|finding| (word(&finding["topic"]), word(&finding["level"]))).collect()
}

/// Asserts how a look ends and what it finds.
#[track_caller]
fn assert_found(world: &World, code: i32, found: &[(&str, &str)]) -> Run {
    let run = world.run(&["status"]).expect(code);
    let found: Vec<_> = found.iter().map(|(topic, level)| ((*topic).to_owned(), (*level).to_owned())).collect();
    assert_eq!(wrong(&run), found, "{run}");
    assert_eq!(run.json()["exit_code"], code, "{run}");
    run
}

#[test]
fn after_a_cycle_everything_is_fine_and_the_document_obeys_its_schema() {
    let (_exchange, world) = fresh();
    let (bytes, names) = (world.db_bytes(), kept(&world));
    let run = assert_found(&world, 0, &[]);
    Promise::of("status").holds(&run);
    let json = run.json();
    assert_eq!(json["schema"], "trader.status.v1");
    assert_eq!((&json["schedule"]["due_24h"], &json["schedule"]["missed_24h"]), (&1.into(), &0.into()), "{run}");
    assert_eq!(json["last_run"]["run_id"], Value::from(world.value("SELECT run_id FROM runs")), "{run}");
    assert!(json["clock_offset_ms"].as_i64().is_some_and(|ms| ms.abs() < 5000), "{run}");
    assert!(json["database"]["disk_free_bytes"].as_u64().is_some_and(|free| free > 0), "{run}");
    assert_eq!(json["account"]["state"], "normal");
    let agents: Vec<&Value> = json["agents"].as_array().unwrap().iter().map(|agent| &agent["name"]).collect();
    assert_eq!(agents, ["Price Collector", "Technical Analyst", "Orchestrator"]);
    let table = world.run(&["status", "--format", "table"]).expect(0).stdout;
    assert!(table.starts_with("ok at ") && table.matches("✓ ").count() == 15, "{table}");
    assert!(!table.contains('\u{1b}'), "colours are for a terminal: {table}");
    assert!((world.db_bytes(), kept(&world)) == (bytes, names), "a look changes nothing");
}

#[test]
fn without_a_database_nothing_is_made_and_with_a_damaged_one_nothing_is_hidden() {
    let world = World::new();
    let run = world.run(&["status"]).expect(7).says("database_missing");
    assert!(world.names().is_empty(), "{run}");
    std::fs::write(world.db(), "no database at all. ".repeat(100)).unwrap();
    world.run(&["status"]).expect(7).says("database_corrupt");
    let run = world.run(&["status", "--format", "nagios"]).expect(2);
    assert!(run.stdout.starts_with("TRADER CRITICAL - ") && run.stdout.lines().count() == 1, "{run}");
}

#[test]
fn a_database_of_an_older_program_is_told_to_be_fine_but_for_its_age() {
    let (_exchange, world) = fresh();
    world.query("PRAGMA user_version = 2");
    for command in ["status", "metrics"] {
        let run = world.run(&[command]).expect(7).says("database_older");
        assert!(run.stdout.contains("run `trader db migrate`"), "{run}");
    }
    let parts = world.run(&["doctor", "--offline"]).expect(0).json()["parts"].clone();
    let database = parts.as_array().unwrap().iter().find(|part| part["name"] == "database").unwrap().clone();
    assert_eq!(database["outcome"], "warning", "{database}");
    assert!(database["text"].as_str().is_some_and(|text| text.contains("older schema 2")), "{database}");
}

#[test]
fn a_plugin_is_told_in_one_line_by_its_own_codes() {
    let (_exchange, world) = fresh();
    let told = |code: i32, state: &str| {
        let run = world.run(&["status", "--format", "nagios"]).expect(code);
        let line = run.stdout.strip_suffix('\n').unwrap_or_default();
        assert!(!line.contains('\n') && run.stderr.is_empty(), "{run}");
        let (text, numbers) = line.split_once(" | ").unwrap_or_else(|| panic!("no numbers: {run}"));
        assert!(text.starts_with(&format!("TRADER {state} - ")), "{run}");
        for number in numbers.split(' ') {
            let (label, value) = number.split_once('=').unwrap_or_else(|| panic!("{number}: {run}"));
            assert!(!label.is_empty() && value.starts_with(|c: char| c.is_ascii_digit()), "{number}: {run}");
        }
    };
    told(0, "OK");
    world.run(&["pause", "--reason", "a | b\nc"]).expect(0);
    told(1, "WARNING");
    world.query(&format!("UPDATE runs SET started_at = started_at - {}", 3 * HOUR));
    told(2, "CRITICAL");
    let world = World::new().with("TRADER_HEALTH_EVERY", "7h");
    let run = world.run(&["status", "--format", "nagios"]).expect(3);
    assert!(run.stdout.starts_with("TRADER UNKNOWN - ") && run.stdout.contains("7h"), "{run}");
    world.run(&["status"]).expect(2);
}

#[test]
fn runs_that_are_missing_are_told_and_count_against_every_agent() {
    let (_exchange, world) = fresh();
    // Two hours and a half without a run: the hour before last had none.
    let back = 2 * HOUR + HOUR / 2;
    for table in ["runs", "agent_executions"] {
        world.query(&format!("UPDATE {table} SET started_at = started_at - {back}"));
    }
    let agents = [("agent", "critical"); 3];
    let found = [&[("runs", "critical")], &agents[..]].concat();
    let run = world.run(&["status"]).expect(4);
    // The candles are as old as the run: those of an hour ended up to an hour before it.
    let told: Vec<_> = wrong(&run).into_iter().filter(|(topic, _)| topic != "candles").collect();
    assert_eq!(told, found.map_words(), "{run}");
    let missed = run.json()["schedule"]["missed_24h"].as_u64().unwrap();
    assert!((1..=2).contains(&missed), "{run}");
    let day = run.json()["agents"][0]["last_24h"].clone();
    assert_eq!((&day["ok"], &day["missed"]), (&1.into(), &missed.into()), "{run}");
}

trait Words {
    fn map_words(&self) -> Vec<(String, String)>;
}

impl Words for Vec<(&str, &str)> {
    fn map_words(&self) -> Vec<(String, String)> {
        self.iter().map(|(topic, level)| ((*topic).to_owned(), (*level).to_owned())).collect()
    }
}

#[test]
fn a_run_that_was_cut_off_is_told_and_one_at_work_is_not() {
    let (exchange, world) = fresh();
    world.query(&format!(
        "INSERT INTO runs (run_id, command, version, started_at) VALUES ('cut', 'cycle', '0', {})",
        local_now() - HOUR / 2
    ));
    // One of two runs came to its end.
    let half = ("agent", "critical");
    let run = assert_found(&world, 3, &[("cut_off", "warning"), half, half, half]);
    let day = run.json()["agents"][2]["last_24h"].clone();
    assert_eq!((&day["ok"], &day["cut_off"], &day["success_pct"]), (&1.into(), &1.into(), &50.0.into()), "{run}");
    world.query("DELETE FROM runs WHERE run_id = 'cut'");
    // The next hour's run, which the exchange holds up.
    exchange.advance(HOUR);
    exchange.set_delay(Duration::from_millis(400));
    let mut cycle = world.command(&["cycle"]).spawn().unwrap();
    for _ in 0..5 {
        assert_found(&world, 0, &[]);
    }
    assert!(cycle.wait().unwrap().success());
}

#[test]
fn a_pair_whose_candles_stopped_is_stale_and_one_that_is_not_traded_alarms_nobody() {
    for (status, code, found) in
        [("TRADING", 4, &[("last_run", "warning"), ("candles", "critical")][..]), ("BREAK", 0, &[])]
    {
        let exchange = Exchange::start();
        exchange.set_clock(local_now());
        exchange.set_status("ETHUSDT", status);
        exchange.stop_symbol("ETHUSDT", local_now() - 30 * HOUR);
        let world = World::facing(&exchange);
        world.run(&["cycle"]).expect(3);
        let run = world.run(&["status"]).expect(code);
        let gaps = |found: &(String, String)| found.0 == "gaps";
        let told: Vec<_> = wrong(&run).into_iter().filter(|found| !gaps(found)).collect();
        assert_eq!(told, found.to_vec().map_words(), "{status}: {run}");
        let eth = run.json()["series"].as_array().unwrap().iter().find(|s| s["symbol"] == "ETH/USDT").cloned().unwrap();
        assert_eq!(eth["state"], if status == "BREAK" { "retired" } else { "stale" }, "{run}");
    }
}

#[test]
fn an_account_that_takes_no_entries_is_told_with_its_reason() {
    let (_exchange, world) = fresh();
    world.run(&["pause", "--reason", "maintenance"]).expect(0);
    let run = assert_found(&world, 6, &[("account", "warning")]);
    assert_eq!(run.json()["account"]["reason"], "maintenance");
    world.run(&["resume", "--reason", "over"]).expect(0);
    assert_found(&world, 0, &[]);
    world.query("INSERT INTO risk_events (at, kind, reason, run_id) VALUES (1, 'halted', 'emergency stop', 'r')");
    assert_found(&world, 6, &[("account", "critical")]);
}

#[test]
fn a_ban_is_told_while_it_is_in_force() {
    let exchange = Exchange::start();
    exchange.set_clock(local_now());
    exchange.break_always(&["exchangeInfo"], Fault::Status(418, vec![("Retry-After", "600".to_owned())], Vec::new()));
    let world = World::facing(&exchange);
    world.run(&["cycle"]).expect(4);
    let run = world.run(&["status"]).expect(4);
    assert!(wrong(&run).contains(&("ban".to_owned(), "warning".to_owned())), "{run}");
    assert!(wrong(&run).contains(&("last_run".to_owned(), "critical".to_owned())), "{run}");
    assert!(run.json()["ban"]["reason"].as_str().is_some_and(|reason| reason.contains("418")), "{run}");
}

#[test]
fn a_gap_is_told_while_it_may_still_be_filled() {
    let exchange = Exchange::start();
    let now = local_now();
    exchange.set_clock(now);
    exchange.punch_hole("BTCUSDT", "1h", now - now.rem_euclid(HOUR) - 300 * HOUR);
    let world = World::facing(&exchange);
    world.run(&["cycle"]).expect(0);
    let run = assert_found(&world, 3, &[("gaps", "warning")]);
    assert_eq!(run.json()["gaps_open"], 1);
}

#[test]
fn a_clock_that_is_off_is_told_by_the_last_run() {
    let exchange = Exchange::start();
    exchange.set_clock(local_now() + 60_000);
    let world = World::facing(&exchange);
    world.run(&["cycle"]).expect(0);
    let run = assert_found(&world, 3, &[("clock", "warning")]);
    let offset = run.json()["clock_offset_ms"].as_i64().unwrap();
    assert!((50_000..=60_000).contains(&offset), "{run}");
}

#[test]
fn what_an_examination_found_is_storage() {
    let (_exchange, world) = fresh();
    assert_eq!(assert_found(&world, 0, &[]).json()["database"]["examined_at"], Value::Null);
    world.run(&["db", "check"]).expect(0);
    assert_eq!(assert_found(&world, 0, &[]).json()["database"]["examination_findings"], 0);
    world.query("DELETE FROM agent_signals");
    world.run(&["-q", "db", "check"]).expect(7);
    let run = assert_found(&world, 7, &[("examination", "critical")]);
    assert_eq!(run.json()["database"]["examination_findings"], 1, "{run}");
}

#[test]
fn a_disk_without_room_is_told_before_it_is_full() {
    let (_exchange, world) = fresh();
    let world = world.with("TRADER_HEALTH_DISK_WARNING_MB", "1000000000");
    assert_found(&world, 3, &[("disk", "warning")]);
    let world = world.with("TRADER_HEALTH_DISK_CRITICAL_MB", "1000000000");
    assert_found(&world, 7, &[("disk", "critical")]);
}

#[test]
fn the_growth_of_the_database_is_told_from_what_runs_noted() {
    let (_exchange, world) = fresh();
    let today = local_now() - local_now().rem_euclid(DAY);
    assert_eq!(world.query("SELECT day, bytes > 0 FROM database_sizes"), [[today.to_string(), "1".to_owned()]]);
    let bytes: i64 = world.value("SELECT bytes FROM database_sizes").parse().unwrap();
    for ago in 1..4 {
        let row = format!("({}, {})", today - ago * DAY, bytes - ago * 10_000);
        world.query(&format!("INSERT INTO database_sizes VALUES {row}"));
    }
    assert_eq!(assert_found(&world, 0, &[]).json()["database"]["growth_bytes_per_day"], 10_000.0);
}

#[test]
fn messages_that_nobody_got_are_told() {
    let (_exchange, world) = fresh();
    let long_ago = local_now() - 7 * HOUR;
    world.query(&format!(
        "INSERT INTO notifications (id, at, event, level, dedup_key, title, body, facts, expires_at, run_id)
         VALUES (1, {long_ago}, 'fill', 'info', 'k', 't', 'b', '{{}}', {}, 'r')",
        long_ago + 30 * DAY
    ));
    world.query(&format!("INSERT INTO deliveries VALUES (1, 'mail', 'waiting', 3, {long_ago}, NULL, 'no route')"));
    let run = assert_found(&world, 3, &[("notifications", "warning")]);
    let waiting = run.json()["notifications"]["oldest_age_s"].as_f64().unwrap();
    assert!((25_200.0..25_300.0).contains(&waiting), "{run}");
    world.query(&format!("UPDATE deliveries SET state = 'refused', settled_at = {}", local_now() - HOUR));
    let run = assert_found(&world, 3, &[("notifications", "warning")]);
    assert_eq!(
        (&run.json()["notifications"]["waiting"], &run.json()["notifications"]["refused_24h"]),
        (&0.into(), &1.into())
    );
    world.query(&format!("UPDATE deliveries SET settled_at = {}", local_now() - 25 * HOUR));
    assert_found(&world, 0, &[]);
}

#[test]
fn a_recording_is_judged_at_its_newest_run_unless_told_otherwise() {
    let world = World::new();
    world.replay().expect(0);
    let run = assert_found(&world, 0, &[]);
    assert_eq!(run.json()["now"], "2026-09-01T12:00:30Z");
    let run = world.run(&["status", "--now", "2026-09-01T15:30:00Z"]).expect(4);
    assert_eq!(run.json()["schedule"]["missed_24h"], 2, "13 and 14 o'clock: {run}");
}

/// A year of hourly runs with all that they leave behind, but for the candles shorter than an hour.
fn age_a_year(world: &World) {
    let hour = local_now() - local_now().rem_euclid(HOUR);
    let hours = "WITH RECURSIVE h (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM h WHERE n < 8760)";
    let at = format!("{hour} - n * {HOUR} + 20000");
    let agents = "(SELECT 'Price Collector' a UNION SELECT 'Technical Analyst' UNION SELECT 'Orchestrator')";
    let pairs = "(SELECT 'BTC/USDT' p UNION SELECT 'ETH/USDT' UNION SELECT 'SOL/USDT' UNION SELECT 'AVAX/USDT' UNION \
                 SELECT 'POL/USDT')";
    for sql in [
        format!(
            "INSERT INTO runs SELECT 'y' || n, 'cycle', '0', {at}, {at} + 900, 900, 0, NULL,
                    json_object('pad', hex(zeroblob(4000))), 3 FROM h"
        ),
        format!(
            "INSERT INTO agent_executions (run_id, agent_name, started_at, duration_ms, status, items)
             SELECT 'y' || n, a, {at}, 300, 'ok', 5 FROM h, {agents} x"
        ),
        format!(
            "INSERT INTO trading_decisions (timestamp, symbol, timeframe, candle_open_time, strategy_hash, decision,
                    current_price, pair, run_id)
             SELECT {at}, p, '1h', {hour} - n * {HOUR} - {HOUR}, (SELECT strategy_hash FROM config_versions), 'HOLD', '1',
                    '{{}}', 'y' || n FROM h, {pairs} x WHERE true ON CONFLICT DO NOTHING"
        ),
        format!(
            "INSERT OR IGNORE INTO price_data SELECT s.id, {hour} - n * {HOUR} - 9000 * {HOUR}, 1, 1, 1, 1, 1, 1, 1, 1, 1
               FROM h, series s WHERE s.timeframe = '1h'"
        ),
        format!(
            "INSERT INTO portfolio_state (time, run_id, equity, cash, coins, peak_equity, day, day_start_equity, day_is_lost,
                    state, drawdown_pct, day_pnl_pct, heat_pct, heat_correlated_pct, positions, ledger_id)
             SELECT {at}, 'y' || n, '1000', '1000', '0', '1000', 0, '1000', 0, 'normal', 0, 0, 0, 0, 0, 1 FROM h"
        ),
    ] {
        world.query(&format!("{hours} {sql}"));
    }
}

#[test]
fn a_look_at_a_year_takes_no_longer_than_a_moment() {
    let (_exchange, world) = fresh();
    age_a_year(&world);
    world.run(&["db", "check"]);
    let looks = (0..5).map(|_| world.run(&["status"]));
    let fastest = looks.min_by_key(|run| run.elapsed).unwrap();
    assert_eq!(fastest.json()["schedule"]["missed_7d"], 0, "{fastest}");
    assert_eq!(fastest.json()["agents"][2]["last_7d"]["ok"].as_u64().map(|ok| ok >= 168), Some(true), "{fastest}");
    // A release build needs a tenth of it; this one is not optimised, and may share the machine with others.
    assert!(fastest.elapsed < Duration::from_millis(250), "{fastest}");
}

#[test]
fn what_cannot_be_noted_changes_nothing_about_a_cycle() {
    let (exchange, world) = fresh();
    world.query("DROP TABLE database_sizes");
    exchange.advance(HOUR);
    let run = world.run(&["cycle"]).expect(0);
    assert!(run.decided("BTC/USDT") && run.decided("ETH/USDT"), "{run}");
    assert!(run.stderr.contains("was not noted"), "{run}");
    assert_eq!(world.value("SELECT count(*) FROM runs WHERE exit_code = 0 AND summary IS NOT NULL"), "2");
    // And an examination that cannot be noted says what it says.
    world.query("DROP TABLE examinations");
    world.run(&["db", "check"]).expect(0);
}
