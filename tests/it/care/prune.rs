//! What is pruned, what is kept, and that no run asks for it again.

use super::beside_a_cycle;
use crate::exchange_server::{Exchange, HOUR, NOON, targets};
use crate::world::World;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * HOUR;

/// A pair with minutes and hours of twelve days behind it, and a run that ended at noon.
fn lived(exchange: &Exchange) -> World {
    let world = World::facing(exchange)
        .with("TRADER_PAIRS", "BTC/USDT")
        .with("TRADER_TIMEFRAMES", "1m,1h")
        .with("TRADER_FORECAST_HORIZONS_H", "4");
    exchange.set_clock(NOON);
    world.run(&["backfill", "--from", &(NOON - 12 * DAY).to_string()]).expect(0);
    world.run(&["cycle"]).expect(0);
    world
}

fn oldest(world: &World, timeframe: &str) -> i64 {
    world.value(&format!("SELECT min(open_time) FROM candles WHERE timeframe = '{timeframe}'")).parse().unwrap()
}

fn prune(world: &World) -> serde_json::Value {
    world.run(&["db", "prune"]).expect(0).json()
}

#[test]
fn what_is_deleted_is_no_gap_and_is_not_asked_for_again() {
    let (exchange, undisturbed) = (Exchange::start(), Exchange::start());
    let (world, calm) = (lived(&exchange), lived(&undisturbed));
    let world = world.with("TRADER_RETENTION_CANDLES_1M", "1").with("TRADER_RETENTION_CANDLES_1H", "1");
    let before = world.dump_facts();
    let counted = world.run(&["db", "prune", "--dry-run"]).expect(0).json();
    assert!(counted["rows"].as_u64() > Some(10_000), "{counted}");
    assert!(before == world.dump_facts(), "counting deletes nothing");
    let told = prune(&world);
    assert_eq!((&told["rows"], &told["dry_run"]), (&counted["rows"], &false.into()));
    // A view of minutes reaches back 41 hours at most; nothing that old is needed by anybody.
    assert!((NOON - 41 * HOUR - HOUR..NOON - 25 * HOUR).contains(&oldest(&world, "1m")), "{}", oldest(&world, "1m"));
    assert_eq!(oldest(&world, "1h"), oldest(&calm, "1h"), "hours are all within a view");
    assert_eq!(prune(&world)["rows"], 0, "twice is once");
    for hour in 1..=6 {
        for (exchange, world) in [(&exchange, &world), (&undisturbed, &calm)] {
            exchange.set_clock(NOON + hour * HOUR);
            exchange.forget_requests();
            let run = world.run(&["cycle"]).expect(0);
            assert_eq!(run.json()["collected"]["gaps_open"], 0, "{run}");
        }
        assert_eq!(targets(&exchange.seen()).len(), targets(&undisturbed.seen()).len(), "nothing more is asked for");
        prune(&world);
    }
    assert_eq!(world.value("SELECT count(*) FROM data_gaps"), "0");
    for table in ["trading_decisions", "agent_signals", "forecasts", "outcomes", "portfolio_state", "orders", "fills"] {
        let rows = |world: &World| world.value(&format!("SELECT count(*) FROM {table}"));
        assert_eq!(rows(&world), rows(&calm), "{table}");
    }
    let decided = "SELECT symbol, candle_open_time, decision, score, current_price FROM trading_decisions ORDER BY 2";
    assert_eq!(world.query(decided), calm.query(decided));
    let resolved = "SELECT kind, horizon_ms, gross, net, unresolvable FROM outcomes ORDER BY decision_id, kind";
    assert_eq!(world.query(resolved), calm.query(resolved), "what was waited for was there");
    world.run(&["db", "check"]).expect(0);
    world.run(&["verify", "--check", "live-parity"]).expect(0);
}

#[test]
fn candles_that_a_forecast_waits_for_are_kept() {
    let exchange = Exchange::start();
    let world = lived(&exchange).with("TRADER_RETENTION_CANDLES_1M", "1");
    // Nobody runs for five days, and the forecast made at noon is not resolved.
    exchange.set_clock(NOON + 5 * DAY);
    world.run(&["backfill", "--from", &(NOON - 12 * DAY).to_string()]).expect(0);
    assert_eq!(prune(&world)["parts"][0]["held_back"], true);
    let noon = NOON - 30_000;
    assert_eq!(oldest(&world, "1m"), noon - MINUTE, "and the close before it");
    world.run(&["cycle"]).expect(0);
    assert_eq!(world.value("SELECT count(*) FROM outcomes WHERE unresolvable IS NOT NULL"), "0");
    prune(&world);
    assert!(oldest(&world, "1m") > NOON + 3 * DAY, "it waits no more");
}

#[test]
fn candles_that_an_order_a_position_or_an_untold_trade_needs_are_kept() {
    let exchange = Exchange::start();
    let at = NOON - 30_000 - 100 * HOUR;
    let order = format!(
        "INSERT INTO orders (order_id, position_id, symbol, side, quantity, placed_at, reference, price, stop, risk,
             risk_budget, run_id) VALUES ('o', 'o', 'BTC/USDT', 'BUY', '1', {at}, '1', '1', '1', '1', '1', 'r')"
    );
    let position = format!(
        "INSERT INTO positions (position_id, symbol, opened_at, quantity, entry_price, cost, risk, stop, high, walked_to)
         VALUES ('o', 'BTC/USDT', {at}, '1', '1', '1', '1', '1', '1', {at} + 3600000)"
    );
    let trade = format!(
        "INSERT INTO trades (position_id, symbol, opened_at, closed_at, reason, quantity, sold, decided_price,
             entry_reference, exit_reference, entry_price, exit_price, cost, proceeds, fees, profit, risk, roi,
             was_ambiguous, run_id)
         VALUES ('o', 'BTC/USDT', {at}, {at}, 'stop', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', 0, 0, 'r')"
    );
    for (what, rows) in [
        ("an order", vec!["INSERT INTO open_orders VALUES ('o')"]),
        ("a position", vec![&position]),
        ("an untold trade", vec![&trade, "INSERT INTO misses_due VALUES ('o')"]),
    ] {
        let world = lived(&exchange).with("TRADER_RETENTION_CANDLES_1M", "1");
        world.query(&order);
        for sql in rows {
            world.query(sql);
        }
        let told = world.run(&["db", "prune"]).expect(0).json();
        assert_eq!(told["parts"][0]["held_back"], true, "{what}: {told}");
        assert_eq!(oldest(&world, "1m"), at - MINUTE, "{what}");
    }
}

#[test]
fn candles_beside_an_open_gap_are_kept_until_it_is_settled() {
    let exchange = Exchange::start();
    let world = lived(&exchange).with("TRADER_RETENTION_CANDLES_1M", "1");
    let at = NOON - 30_000 - 6 * DAY;
    // As if a source had been asked not long ago and had not had it.
    world.query(&format!(
        "DELETE FROM price_data WHERE open_time = {at} AND series_id = (SELECT id FROM series WHERE timeframe = '1m')"
    ));
    let soon = crate::exchange_server::local_now();
    world.query(&format!("INSERT INTO data_gaps SELECT id, {at}, {at}, 1, 'open', 0, {at}, {soon}, NULL FROM series WHERE timeframe = '1m'"));
    prune(&world);
    assert_eq!(oldest(&world, "1m"), at - MINUTE);
    world.query("UPDATE data_gaps SET state = 'unfillable', settled_at = 0");
    prune(&world);
    assert!(oldest(&world, "1m") > NOON - 42 * HOUR);
}

#[test]
fn runs_and_what_they_printed_go_by_their_age_and_facts_never() {
    let exchange = Exchange::start();
    let world = lived(&exchange);
    exchange.set_clock(crate::exchange_server::local_now());
    world.run(&["cycle"]).expect(0);
    let facts = |world: &World| -> Vec<String> {
        ["trading_decisions", "agent_signals", "forecasts", "outcomes", "ledger_entries", "portfolio_state"]
            .map(|table| world.value(&format!("SELECT count(*) FROM {table}")))
            .to_vec()
    };
    let before = facts(&world);
    let runs = || world.query("SELECT count(*), count(summary) FROM runs WHERE command = 'cycle'").concat();
    assert_eq!(runs(), ["2", "2"]);
    // The first run began in September, the second one now.
    let world = world.with("TRADER_RETENTION_SUMMARIES", "31");
    prune(&world);
    let runs = || world.query("SELECT count(*), count(summary) FROM runs WHERE command = 'cycle'").concat();
    assert_eq!(runs(), ["2", "1"]);
    let world = world.with("TRADER_RETENTION_RUNS", "31").with("TRADER_RETENTION_INDICATORS", "1");
    prune(&world);
    let left = world.query("SELECT (SELECT count(*) FROM runs WHERE command = 'cycle'), (SELECT count(DISTINCT run_id) FROM agent_executions)");
    assert_eq!(left.concat(), ["1", "1"]);
    let oldest: i64 = world.value("SELECT min(open_time) FROM technical_indicators").parse().unwrap();
    let age = crate::exchange_server::local_now() - oldest;
    assert!((HOUR..=DAY + HOUR).contains(&age), "readings of the last day stay: {age}");
    assert_eq!(facts(&world), before);
    world.run(&["db", "check"]).expect(0);
    let story = world.run(&["explain", "BTC/USDT", "--format", "json"]).expect(0).json();
    assert_eq!(story["candles_pruned_before"], serde_json::Value::Null);
    world.query(&format!("INSERT INTO prunings SELECT id, {NOON}, {NOON} FROM series WHERE timeframe = '1h'"));
    let told = world.run(&["explain", "BTC/USDT", "--at", "2026-09-02", "--format", "table"]).expect(0);
    assert!(told.stdout.contains("candles before 2026-09-01T12:00:30Z were pruned since"), "{told}");
    for (key, days) in [("RUNS", "30"), ("SUMMARIES", "1"), ("NOTIFICATIONS", "7"), ("CANDLES_1M", "-1")] {
        let world = World::new().with(&format!("TRADER_RETENTION_{key}"), days);
        assert!(world.run(&["db", "prune"]).expect(2).stderr.contains("out of range"));
    }
}

#[test]
fn after_a_long_sleep_the_last_run_is_still_known() {
    let world = super::played();
    world.query("UPDATE runs SET started_at = started_at - 86400000 WHERE command <> 'cycle'");
    // A recording's clock stands still; this one's runs are of a live account, and long ago.
    world.query("UPDATE meta SET value = 'live' WHERE key = 'contents'");
    let cycles = || world.query("SELECT run_id, summary IS NOT NULL FROM runs WHERE command = 'cycle'");
    let before = cycles();
    let pruning = ["db", "prune"];
    let mut command = world.command(&pruning);
    command.env("TRADER_RETENTION_RUNS", "31").env("TRADER_RETENTION_SUMMARIES", "31");
    crate::world::Run::of(command).expect(0);
    assert_eq!((before.len(), cycles()), (1, before.clone()), "the newest stays, whatever its age");
}

#[test]
fn notifications_that_wait_and_the_newest_of_each_event_stay() {
    let world = super::played();
    for (id, at, event, state) in
        [(1, 0, "fill", "sent"), (2, 0, "fill", "waiting"), (3, 0, "fill", "sent"), (4, 0, "halt", "expired")]
    {
        world.query(&format!(
            "INSERT INTO notifications (id, at, event, level, dedup_key, title, body, facts, expires_at, run_id)
             VALUES ({id}, {at}, '{event}', 'info', 'k{id}', 't', 'b', '{{}}', 0, 'r')"
        ));
        let settled = if state == "waiting" { "NULL" } else { "1" };
        world.query(&format!("INSERT INTO deliveries VALUES ({id}, 'mail', '{state}', 1, 0, {settled}, NULL)"));
    }
    let world = world.with("TRADER_RETENTION_NOTIFICATIONS", "31");
    let told = prune(&world);
    assert_eq!((&told["rows"], &told["parts"][0]["what"]), (&1.into(), &"notifications".into()));
    assert_eq!(world.query("SELECT id FROM notifications").concat(), ["2", "3", "4"]);
    assert_eq!(world.query("SELECT notification_id FROM deliveries").concat(), ["2", "3", "4"]);
}

#[test]
fn a_cycle_works_beside_it() {
    let exchange = Exchange::start();
    let world = lived(&exchange).with("TRADER_RETENTION_CANDLES_1M", "1");
    exchange.set_clock(NOON + HOUR);
    let (cycle, pruned) = beside_a_cycle(&world, &["cycle"], &["db", "prune"]);
    assert_eq!((cycle.code, pruned.code), (0, 0), "{cycle}\n{pruned}");
    assert!(cycle.decided("BTC/USDT") && pruned.json()["rows"].as_u64() > Some(10_000), "{pruned}");
    world.assert_intact();
}
