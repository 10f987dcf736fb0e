//! What stops entries, what sells everything, and what lets entries in again. BTC falls by eight percent between 13:00 and
//! 14:00 in the small recording; with a stop out of its reach and all of the account in BTC, that is a loss of as much.

use serde_json::json;

use super::live::bold;
use super::{RUNS, after, assert_sound, blocked, decimal, small, told};
use crate::exchange_server::{Exchange, HOUR, NOON};
use crate::world::{Run, World};

const FIFTEEN: &str = "2026-09-01T15:00:30Z";
const SIXTEEN: &str = "2026-09-01T16:00:30Z";

/// All of the account in one coin, and its stop where the crash does not come.
fn invested() -> World {
    small()
        .with("TRADER_EXITS_STOP_ATR", "20")
        .with("TRADER_RISK_PER_TRADE_PCT", "10")
        .with("TRADER_RISK_HEAT_PCT", "50")
        .with("TRADER_RISK_POSITION_CAP_PCT", "50")
        .with("TRADER_RISK_DAILY_LOSS_PCT", "50")
}

/// With limits that are reached soon.
fn limited(world: World) -> World {
    world.with("TRADER_RISK_WARNING_DRAWDOWN_PCT", "1").with("TRADER_RISK_EMERGENCY_DRAWDOWN_PCT", "2")
}

/// Invested, with limits that the crash reaches.
pub(super) fn nervous() -> World {
    limited(invested())
}

/// The same with a strategy that takes a crash for a bargain from now on.
pub(super) fn greedy(world: World) -> World {
    let rules = ["EMA_TREND", "EMA_200", "MACD", "ADX", "RSI", "STOCHASTIC", "ATR", "OBV", "VWAP"];
    let mute = |world: World, rule: &&str| world.with(&format!("TRADER_STRATEGY_WEIGHTS_{rule}"), "0");
    rules.iter().fold(world, mute).with("TRADER_STRATEGY_WEIGHTS_BOLLINGER", "100")
}

fn state(run: &Run) -> String {
    run.json()["portfolio"]["state"].as_str().unwrap_or_default().to_owned()
}

fn resume(world: &World) -> Run {
    world.run(&["resume", "--reason", "looked at it"]).expect(0)
}

#[test]
fn an_emergency_sells_everything_and_holds_until_resume() {
    let world = greedy(after(nervous(), 2).with("TRADER_RISK_COOL_DOWN_H", "0"));
    let run = world.replay_at(RUNS[2]).expect(6).says("emergency_stop");
    assert_eq!((state(&run).as_str(), run.json()["status"].as_str()), ("halted", Some("halted")), "{run}");
    assert_eq!(blocked(&run, "BTC/USDT"), "risk_halted", "{run}");
    let order = json!([["SELL", "emergency", true]]);
    assert_eq!(json!(told(&run, "orders", &["side", "reason", "is_waiting"])), order);
    assert_eq!(world.query("SELECT kind, count(*) FROM risk_events"), [["halted", "1"]]);
    assert_sound(&world);

    // The next process sells at the open of 14:01 and says it no more; the one after finds the halt in force.
    for (now, fills) in [(FIFTEEN, 1), (SIXTEEN, 0)] {
        let run = world.replay_at(now).expect(6);
        assert_eq!((state(&run).as_str(), told(&run, "fills", &["at"]).len()), ("halted", fills), "{run}");
        assert!(!run.codes().contains("emergency_stop") && run.json()["orders"] == json!([]), "{run}");
        assert_eq!(run.json()["portfolio"]["positions"], json!([]));
        assert_sound(&world);
    }
    let sale = "SELECT reason, strftime('%H:%M', closed_at / 1000, 'unixepoch') FROM trades";
    assert_eq!(world.query(sale), [["emergency", "14:01"]]);
    let open = world.value("SELECT open FROM candles WHERE timeframe = '1m' AND opened = '2026-09-01T14:01:00Z'");
    assert_eq!(world.value("SELECT reference FROM fills WHERE side = 'SELL'"), open);
    assert_eq!(world.query("SELECT kind, count(*) FROM risk_events"), [["halted", "1"]]);
    let risk = world.run(&["risk", "--format", "json"]).expect(0).json();
    assert!(risk["state"] == "halted" && risk["reason"].to_string().contains("below its peak"), "{risk}");
}

#[test]
fn resume_lets_the_peak_begin_anew_and_entries_in_again() {
    let world = greedy(after(nervous(), 2).with("TRADER_RISK_COOL_DOWN_H", "0"));
    world.replay_at(RUNS[2]).expect(6);
    world.replay_at(FIFTEEN).expect(6);
    assert_eq!(resume(&world).json()["state"], "normal");
    let world = world.with("TRADER_EXITS_STOP_ATR", "3");
    let run = world.replay_at(SIXTEEN).expect(0);
    let peaks = world.query("SELECT peak_equity FROM portfolio_state ORDER BY id").concat();
    assert!(peaks[..4].iter().all(|peak| *peak == peaks[1] || *peak == "1000"), "{peaks:?}");
    let equity = world.value("SELECT equity FROM risk_events WHERE kind = 'resumed'");
    let resumed: f64 = equity.parse().unwrap();
    assert!(resumed < 980.0 && peaks[4].parse::<f64>().unwrap() - resumed < 1.0, "{peaks:?}, resumed at {equity}");
    assert_eq!(run.json()["portfolio"]["peak_equity"], json!(peaks[4]));
    assert_eq!(run.pair("BTC/USDT")["blocked_by"], json!(null), "{run}");
    assert_sound(&world);
}

#[test]
fn a_warning_keeps_positions_and_takes_no_entries() {
    let world = greedy(after(invested().with("TRADER_RISK_WARNING_DRAWDOWN_PCT", "1"), 2));
    let run = world.replay_at(RUNS[2]).expect(6);
    assert_eq!((state(&run).as_str(), blocked(&run, "BTC/USDT")), ("warning", json!("risk_warning")), "{run}");
    assert_eq!((&run.json()["orders"], world.value("SELECT count(*) FROM positions")), (&json!([]), "1".into()));
    assert_eq!(world.value("SELECT count(*) FROM risk_events"), "0", "it passes by itself");
}

#[test]
fn a_lost_day_is_remembered_though_equity_recovers_and_ends_at_midnight() {
    let exchange = Exchange::start();
    let world = bold(&exchange).with("TRADER_STRATEGY_SELL_SCORE", "-100").with("TRADER_RISK_DAILY_LOSS_PCT", "1");
    world.run(&["cycle"]).expect(0);
    exchange.let_fall("BTCUSDT", NOON - 30_000, 20, 40);
    exchange.advance(HOUR);
    let run = world.run(&["cycle"]).expect(6);
    assert_eq!(
        (state(&run).as_str(), run.json()["portfolio"]["positions"].as_array().map(Vec::len)),
        ("day_loss", Some(1))
    );
    // The exchange revises its candles: nothing is lost any more.
    exchange.let_fall("BTCUSDT", NOON - 30_000, 20, 0);
    exchange.advance(HOUR);
    let run = world.run(&["cycle"]).expect(6);
    assert!(run.json()["portfolio"]["day_pnl_pct"].as_f64() > Some(-1.0), "{run}");
    assert_eq!(state(&run), "day_loss");
    exchange.advance(10 * HOUR);
    let run = world.run(&["cycle"]).expect(0);
    assert_eq!((state(&run).as_str(), run.json()["now"].as_str()), ("normal", Some("2026-09-02T00:00:30.000Z")));
    let start = run.json()["portfolio"]["day_start_equity"].clone();
    assert_eq!(start, run.json()["portfolio"]["equity"], "the day begins at what the account is worth at midnight");
    assert_sound(&world);
}

#[test]
fn a_day_begins_at_midnight_though_its_first_run_comes_later() {
    let exchange = Exchange::start();
    let world = bold(&exchange);
    world.run(&["cycle"]).expect(0);
    exchange.advance(17 * HOUR);
    let run = world.run(&["cycle"]).expect(0);
    let close = "SELECT close FROM candles WHERE timeframe = '1h' AND opened = '2026-09-01T23:00:00Z'";
    // What the first run left: 667.018995 in cash and 0.09811179 BTC. Amounts are counted down to the eighth decimal.
    let coins = decimal("0.09811179") * decimal(&world.value(close));
    let worth = decimal("667.018995") + coins.trunc_with_scale(8);
    let portfolio = &run.json()["portfolio"];
    assert_eq!(portfolio["day_start_equity"].as_str().map(decimal), Some(worth), "{run}");
    assert_ne!(portfolio["day_start_equity"], portfolio["equity"]);
}

#[test]
fn an_account_stays_in_the_asset_it_was_opened_in() {
    let exchange = Exchange::start();
    let world = bold(&exchange);
    world.run(&["cycle"]).expect(0);
    exchange.advance(12 * HOUR);
    let run = world.with("TRADER_ACCOUNT_ASSET", "USDC").run(&["cycle"]);
    let portfolio = &run.json()["portfolio"];
    assert_eq!(portfolio["asset"], "USDT", "{run}");
    assert_eq!(portfolio["day_start_equity"], portfolio["equity"], "or a day could lose everything: {run}");
}

#[test]
fn a_pause_takes_no_entries_until_resume() {
    let world = small().with("TRADER_STRATEGY_BUY_SCORE", "100");
    world.replay_at(RUNS[0]).expect(0);
    let run = world.run(&["pause", "--reason", "maintenance"]).expect(0);
    assert_eq!((&run.json()["state"], &run.json()["reason"]), (&json!("paused"), &json!("maintenance")), "{run}");
    let world = world.with("TRADER_STRATEGY_BUY_SCORE", "40");
    let run = world.replay_at(RUNS[1]).expect(6);
    assert_eq!((state(&run).as_str(), blocked(&run, "BTC/USDT")), ("paused", json!("risk_paused")), "{run}");
    assert_eq!(run.json()["status"], "halted");
    assert_eq!(world.replay_at(RUNS[1]).expect(6).json()["repeat"], true, "a repeated run says so too");
    assert_eq!(resume(&world).json()["state"], "normal");
    world.replay_at(RUNS[2]).expect(0);
    let told = world.query("SELECT kind, reason FROM risk_events ORDER BY id");
    assert_eq!(told, [["paused", "maintenance"], ["resumed", "looked at it"]]);
    assert_sound(&world);
}

#[test]
fn exits_are_managed_while_paused() {
    let world = after(small(), 2);
    world.run(&["pause", "--reason", "holiday"]).expect(0);
    let run = world.replay_at(RUNS[2]).expect(6);
    assert_eq!(json!(told(&run, "orders", &["reason"])), json!([["stop"]]), "{run}");
    assert_eq!(world.query("SELECT amount FROM balances WHERE asset = 'USDT'"), [["993.6140941"]]);
    assert_sound(&world);
}

/// The exchange far ahead of this machine's clock, and an account that has bought on it and reaches its limits soon.
fn lagging() -> (Exchange, World) {
    let exchange = Exchange::start();
    exchange.set_clock(LATE);
    let world = bold(&exchange).with("TRADER_RISK_DAILY_LOSS_PCT", "50").with("TRADER_EXITS_STOP_ATR", "10");
    let world = world.with("TRADER_RISK_PER_TRADE_PCT", "10").with("TRADER_RISK_HEAT_PCT", "50");
    let world = limited(world);
    let run = world.run(&["cycle"]).expect(0);
    assert_eq!(run.json()["portfolio"]["positions"].as_array().map(Vec::len), Some(1), "{run}");
    (exchange, world)
}

/// 2099-01-01T12:00:30Z.
const LATE: i64 = 4_070_952_030_000;

#[test]
fn resume_comes_after_what_runs_have_noted_also_where_this_machines_clock_lags() {
    let (exchange, world) = lagging();
    exchange.let_fall("BTCUSDT", LATE - 30_000, 20, 80);
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(6).says("emergency_stop");
    resume(&world);
    exchange.advance(HOUR);
    assert_eq!(state(&world.run(&["cycle"]).expect(0)), "normal");
}

#[test]
fn a_sale_that_is_asked_for_meets_the_first_candle_after_the_newest_run_where_this_machines_clock_lags() {
    let (exchange, world) = lagging();
    world.run(&["close", "all"]).expect(0);
    exchange.advance(HOUR);
    let world = world.with("TRADER_STRATEGY_BUY_SCORE", "100");
    let run = world.run(&["cycle"]).expect(0);
    let fills = told(&run, "fills", &["side", "at"]);
    assert_eq!(json!(fills[0]), json!(["SELL", "2099-01-01T12:01:00Z"]), "{run}");
    assert_eq!(world.value("SELECT reason FROM trades"), "manual");
    assert_sound(&world);
}
