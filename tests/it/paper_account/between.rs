//! Between two decisions: on candles of four hours or a day the account is looked after every hour all the same.

use serde_json::{Value, json};

use super::halts::greedy;
use super::live::bold;
use super::{RUNS, assert_sound, small, told};
use crate::crash::first_difference;
use crate::exchange_server::{Exchange, Fault, HOUR, NOON, targets};
use crate::world::{Run, World, fixtures};

const MINUTE: i64 = 60_000;
/// 12:10.
const TEN_PAST: i64 = NOON - 30_000 + 10 * MINUTE;
/// The decision after that of noon.
const SIXTEEN: &str = "2026-09-01T16:00:30Z";

/// The small recording, decided on every four hours: at noon, and at four.
pub(super) fn four_hourly(world: World) -> World {
    world.with("TRADER_TIMEFRAMES", "1m,1h,4h").with("TRADER_STRATEGY_TIMEFRAME", "4h")
}

/// On the exchange, decided on once a day, by a strategy that buys what has fallen. Four average true ranges of a day
/// below yesterday's close of 3,326.68 the stop lies at 2,841.83, where the crash does not come.
fn daily(exchange: &Exchange) -> World {
    greedy(bold(exchange))
        .with("TRADER_TIMEFRAMES", "1m,1d")
        .with("TRADER_STRATEGY_TIMEFRAME", "1d")
        .with("TRADER_EXITS_STOP_ATR", "4")
        .with("TRADER_RISK_PER_TRADE_PCT", "10")
        .with("TRADER_RISK_HEAT_PCT", "50")
        .with("TRADER_RISK_POSITION_CAP_PCT", "66")
}

/// It has bought at noon: 0.17992 × 3,390.50 = 610.01876, and 0.00017992 of the coins were the fee. Then a tenth of the
/// price is lost within twenty minutes, and it is one o'clock.
fn crashed(world: &World, exchange: &Exchange) {
    let run = world.run(&["cycle"]).expect(0);
    let bought = json!([["BUY", "3390.5", "0.17992", "610.01876", "0.00017992"]]);
    assert_eq!(json!(told(&run, "fills", &["side", "price", "quantity", "notional", "fee"])), bought, "{run}");
    assert_eq!(portfolio(&run, &["cash", "state"]), json!(["389.98124", "normal"]));
    exchange.let_fall("BTCUSDT", TEN_PAST, 20, 100);
    exchange.advance(HOUR);
}

fn portfolio(run: &Run, keys: &[&str]) -> Value {
    let json = run.json();
    keys.iter().map(|key| json["portfolio"][*key].clone()).collect()
}

/// Runs of the recording, each of which is fine.
fn replayed(world: World, times: &[&str]) -> World {
    for now in times {
        world.replay_at(now).expect(0);
    }
    world
}

/// All facts but how often the account was noted and a stop was looked after.
fn facts(world: &World) -> Vec<String> {
    let dump = world.dump_facts();
    let counts = |table: &&str| !table.starts_with("portfolio_state") && !table.starts_with("protections");
    dump.split("== ").filter(counts).map(str::to_owned).collect()
}

#[test]
fn what_happens_between_two_decisions_is_booked_by_the_run_of_its_hour() {
    let world = replayed(four_hourly(small()), &RUNS[..1]);
    // The open of 12:01 is 84,611.54: 3 bps above it on the next tick.
    let entry = json!([["BUY", "2026-09-01T12:01:00Z", "84611.54", "84636.93", "0.00393"]]);
    // Three average true ranges of four hours below the close; 83,348.78 × 0.9995 = 83,307.10561, on the tick below.
    let exit = json!([["SELL", "2026-09-01T13:12:59.999Z", "83348.78", "83307.1", "0.00392"]]);
    for (now, fills) in [(RUNS[1], entry), (RUNS[2], exit)] {
        let run = world.replay_at(now).expect(0);
        assert_eq!(run.json()["repeat"], true, "{run}");
        assert_eq!(json!(told(&run, "fills", &["side", "at", "reference", "price", "quantity"])), fills, "{run}");
        assert_sound(&world);
    }
    assert_eq!(world.value("SELECT count(*) FROM trading_decisions"), "1", "a decision is made once");
    assert_eq!(world.value("SELECT count(*) FROM portfolio_state"), "3", "but the account was noted every hour");
}

#[test]
fn hourly_runs_and_those_of_the_decisions_alone_leave_the_same_facts() {
    let hours = [RUNS[0], RUNS[1], RUNS[2], "2026-09-01T15:00:30Z", SIXTEEN];
    let [hourly, rarely] = [&hours[..], &[RUNS[0], SIXTEEN]].map(|times| replayed(four_hourly(small()), times));
    assert_eq!(hourly.value("SELECT count(*) FROM fills"), "2");
    for (one, other) in facts(&hourly).iter().zip(facts(&rarely)) {
        assert!(*one == other, "{}", first_difference(one, &other));
    }
    assert_sound(&hourly);
}

#[test]
fn a_sale_that_is_asked_for_is_booked_by_the_run_of_the_next_hour() {
    let world = replayed(four_hourly(small()), &RUNS[..2]);
    world.run(&["close", "all"]).expect(0);
    let again = world.replay_at(RUNS[1]).expect(0);
    assert_eq!(again.json()["fills"], json!([]), "no candle has opened since");
    let run = world.replay_at(RUNS[2]).expect(0);
    assert_eq!(run.json()["repeat"], true, "{run}");
    // The open of 13:01 is 84,737.70: 3 bps below it on the tick below.
    let sale = json!([["SELL", "2026-09-01T13:01:00Z", "84737.7", "84712.27"]]);
    assert_eq!(json!(told(&run, "fills", &["side", "at", "reference", "price"])), sale, "{run}");
    assert_eq!(world.value("SELECT reason FROM trades"), "manual");
    assert_sound(&world);
}

#[test]
fn a_position_is_valued_at_the_newest_close_though_the_candle_of_the_decision_is_older() {
    let world = replayed(four_hourly(small()), &RUNS[..2]);
    let close = "SELECT close FROM candles WHERE timeframe = '1m' AND opened = '2026-09-01T12:59:00Z'";
    assert_eq!(world.value(close), "84863.52");
    let shown = world.run(&["portfolio", "--format", "json"]).expect(0).json();
    let position = &shown["portfolio"]["positions"][0];
    let mark = [&position["mark"], &position["mark_time"]];
    assert_eq!(json!(mark), json!(["84863.52", "2026-09-01T13:00:00Z"]), "{shown}");
    // 667.3768651 in cash, and 0.00392607 × 84,863.52 = 333.1801199664.
    assert_eq!(shown["portfolio"]["equity"], "1000.55698506");
    assert_eq!(world.value("SELECT equity FROM portfolio_state ORDER BY id DESC LIMIT 1"), "1000.55698506");
}

#[test]
fn a_crash_within_the_day_loses_the_day_in_its_hour() {
    let exchange = Exchange::start();
    let world = daily(&exchange);
    crashed(&world, &exchange);
    let run = world.run(&["cycle"]).expect(6).says("risk_day_loss");
    assert_eq!(run.json()["repeat"], true, "{run}");
    // 0.17974008 × the bid of 3,048.29 = 547.8998884632; of the 1,000 of midnight 62.11887154 are lost, more than 5 %.
    let expected = json!(["day_loss", "547.89988846", "937.88112846", "1000", -6.2119]);
    assert_eq!(portfolio(&run, &["state", "coins", "equity", "day_start_equity", "day_pnl_pct"]), expected, "{run}");
    assert_eq!(
        (&run.json()["orders"], world.value("SELECT day_is_lost FROM portfolio_state WHERE id = 2")),
        (&json!([]), "1".into())
    );
    assert_sound(&world);
}

#[test]
fn without_a_quote_it_is_the_newest_minute_that_tells_of_the_crash() {
    let exchange = Exchange::start();
    let world = daily(&exchange);
    crashed(&world, &exchange);
    exchange.break_always(&["bookTicker"], Fault::Reset);
    let run = world.run(&["cycle"]).expect(6).says("no_quote");
    assert_eq!(portfolio(&run, &["state", "equity"]), json!(["day_loss", "937.88112846"]), "{run}");
    let position = &run.json()["portfolio"]["positions"][0];
    assert_eq!(json!([position["mark"], position["mark_time"]]), json!(["3048.29", "2026-09-01T13:00:00Z"]));
}

#[test]
fn a_crash_within_the_day_sells_everything_in_its_hour() {
    let exchange = Exchange::start();
    let world = daily(&exchange).with("TRADER_RISK_WARNING_DRAWDOWN_PCT", "5");
    let world = world.with("TRADER_RISK_EMERGENCY_DRAWDOWN_PCT", "6");
    crashed(&world, &exchange);
    let dry = world.run(&["cycle", "--dry-run"]).expect(6);
    let run = world.run(&["cycle"]).expect(6).says("emergency_stop");
    for part in ["orders", "fills", "portfolio", "pairs"] {
        assert_eq!(dry.json()[part], run.json()[part], "a dry run shows the same {part}");
    }
    assert_eq!(run.json()["repeat"], true, "no decision called for it: {run}");
    assert_eq!(json!(told(&run, "orders", &["side", "reason", "is_waiting"])), json!([["SELL", "emergency", false]]));
    // 3,048.29 less 2 bps is 3,047.680342, on the tick below; a tenth of a percent of 547.7900032 is the fee.
    let sale = json!([["SELL", "2026-09-01T13:00:30Z", "3048.29", "3047.68", "0.17974", "547.7900032", "0.54779001"]]);
    let keys = ["side", "at", "reference", "price", "quantity", "notional", "fee"];
    assert_eq!(json!(told(&run, "fills", &keys)), sale, "{run}");
    // 389.98124 + 547.7900032 − 0.54779001.
    assert_eq!(portfolio(&run, &["state", "cash", "positions"]), json!(["halted", "937.22345319", []]));
    assert_sound(&world);
    for later in [0, HOUR] {
        exchange.advance(later);
        let run = world.run(&["cycle"]).expect(6);
        assert_eq!((portfolio(&run, &["state"]), &run.json()["orders"]), (json!(["halted"]), &json!([])), "{run}");
        assert!(!run.codes().contains("emergency_stop"), "it is told once: {run}");
    }
    assert_eq!(world.query("SELECT kind, count(*) FROM risk_events"), [["halted", "1"]]);
    assert_sound(&world);
}

#[test]
fn within_the_hour_a_repeated_run_asks_for_the_time_only_and_changes_nothing() {
    let exchange = Exchange::start();
    let world = daily(&exchange);
    crashed(&world, &exchange);
    exchange.forget_requests();
    let first = world.run(&["cycle"]).expect(6);
    // The clock, the minutes and the quote: no day has ended.
    assert_eq!((exchange.seen().len(), exchange.asked("klines").len(), exchange.asked("bookTicker").len()), (3, 1, 1));
    let facts = world.dump_facts();
    exchange.forget_requests();
    exchange.advance(HOUR / 2);
    let again = world.run(&["cycle"]).expect(6);
    assert_eq!(targets(&exchange.seen()), ["/api/v3/time"]);
    assert_eq!((&again.json()["pairs"], world.dump_facts()), (&first.json()["pairs"], facts));
    assert_eq!(portfolio(&again, &["state"]), json!(["day_loss"]), "{again}");
}

#[test]
fn a_run_that_gets_no_prices_leaves_the_account_to_the_next_one_of_the_hour() {
    let exchange = Exchange::start();
    let world = daily(&exchange);
    crashed(&world, &exchange);
    exchange.break_always(&["klines"], Fault::Html);
    let run = world.run(&["cycle"]).expect(3).says("not_json").says("position_unwatched");
    assert_eq!((portfolio(&run, &["state"]), &run.json()["repeat"]), (json!(["normal"]), &json!(true)), "{run}");
    assert_eq!(world.value("SELECT count(*) FROM portfolio_state"), "1", "nothing is noted");
    exchange.mend();
    exchange.advance(10 * MINUTE);
    assert_eq!(portfolio(&world.run(&["cycle"]).expect(6), &["state"]), json!(["day_loss"]));
}

#[test]
fn candles_whose_length_left_the_configuration_look_after_a_position_all_the_same() {
    // Bought at 12:01; forecasts still wait for hours, so the one that holds the crash of 13:12 is collected.
    let world = replayed(small(), &RUNS[..2]);
    let world = world.with("TRADER_STRATEGY_TIMEFRAME", "1d").with("TRADER_TIMEFRAMES", "1d");
    let run = world.replay_at(RUNS[2]);
    assert_eq!(json!(told(&run, "orders", &["reason"])), json!([["stop"]]), "{run}");
    assert_eq!(told(&run, "fills", &["at"]).len(), 1, "{run}");
}

#[test]
fn a_dry_run_between_two_decisions_shows_the_same_and_writes_nothing() {
    let world = replayed(four_hourly(small()), &RUNS[..1]);
    let folder = fixtures().display().to_string();
    for now in &RUNS[1..] {
        let facts = world.dump_facts();
        let dry = world.run(&["cycle", "--replay", &folder, "--now", now, "--dry-run"]).expect(0);
        assert_eq!(world.dump_facts(), facts, "{now}");
        let wet = world.replay_at(now).expect(0);
        assert_eq!(told(&wet, "fills", &["at"]).len(), 1, "{wet}");
        for part in ["orders", "fills", "portfolio", "pairs", "repeat"] {
            assert_eq!(dry.json()[part], wet.json()[part], "{now}: {part}");
        }
    }
}
