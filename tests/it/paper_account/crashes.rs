//! Two weeks in which the market broke: the account lives through them, and its figures are told.

use super::recorded::{Recording, assert_whole, report, world_of};
use crate::world::World;

const PAIRS: &str = "BTC/USDT,ETH/USDT,SOL/USDT";
const SYMBOLS: [&str; 3] = ["BTCUSDT", "ETHUSDT", "SOLUSDT"];

/// Each state that the account came into, and when.
fn states(world: &World) -> String {
    let rows = world.query(
        "SELECT strftime('%m-%dT%H:%M', time / 1000, 'unixepoch'), state FROM (SELECT time, state, \
         lag(state, 1, '') OVER (ORDER BY id) AS before FROM portfolio_state) WHERE state <> before ORDER BY time",
    );
    rows.iter().map(|row| row.join(" ")).collect::<Vec<_>>().join(", ")
}

fn live_through(name: &str, first: &str, last: &str, settings: &[(&str, &str)]) {
    let Some(recording) = Recording::unpack(first, last, &SYMBOLS) else { return };
    let world = settings.iter().fold(world_of(PAIRS), |world, (key, value)| world.with(key, value));
    for now in recording.hours() {
        let run = recording.run(&world, now);
        let state = run.json()["portfolio"]["state"].clone();
        assert_eq!(run.code == 6, state != "normal", "{run}");
    }
    assert_whole(&world, recording.last);
    report(&format!("{name} {settings:?}: {}", states(&world)));
    let of = |sql: &str| world.value(sql);
    report(&format!(
        "  equity {} (lowest {}, drawdown up to {} %), trades {}, stop fills {} (gaps {}), worst {} R, worst stop {} R",
        of("SELECT equity FROM portfolio_state ORDER BY id DESC LIMIT 1"),
        of("SELECT min(CAST(equity AS REAL)) FROM portfolio_state"),
        of("SELECT round(max(drawdown_pct), 2) FROM portfolio_state"),
        of(
            "SELECT group_concat(told, ', ') FROM (SELECT reason || ' ' || count(*) AS told FROM trades GROUP BY reason)"
        ),
        of("SELECT count(*) FROM fills JOIN orders USING (order_id) WHERE reason = 'stop'"),
        of("SELECT count(*) FROM fills f JOIN orders o USING (order_id) JOIN orders e ON e.order_id = f.position_id \
            WHERE o.reason = 'stop' AND CAST(f.reference AS REAL) < CAST(e.stop AS REAL)"),
        of("SELECT round(min(r_multiple), 3) FROM trades"),
        of("SELECT round(min(r_multiple), 3) FROM trades WHERE reason = 'stop'"),
    ));
}

/// Limits that a crash reaches with a third of the account in a coin: a small drawdown is an emergency.
const NERVOUS: [(&str, &str); 3] = [
    ("TRADER_RISK_WARNING_DRAWDOWN_PCT", "2"),
    ("TRADER_RISK_EMERGENCY_DRAWDOWN_PCT", "4"),
    ("TRADER_RISK_DAILY_LOSS_PCT", "1.5"),
];

/// Everything in coins, stops far away and no sale by signal: the limits that stand by default have to do their work.
const STUBBORN: [(&str, &str); 5] = [
    ("TRADER_STRATEGY_BUY_SCORE", "1"),
    ("TRADER_STRATEGY_SELL_SCORE", "-100"),
    ("TRADER_EXITS_STOP_ATR", "20"),
    ("TRADER_RISK_PER_TRADE_PCT", "10"),
    ("TRADER_RISK_HEAT_PCT", "50"),
];

#[test]
#[ignore = "hundreds of processes: run it with --release"]
fn the_days_of_luna_are_lived_through() {
    for settings in [&[][..], &NERVOUS, &STUBBORN] {
        live_through("LUNA", "2022-05-05T00:00:30Z", "2022-05-14T23:00:30Z", settings);
    }
}

#[test]
#[ignore = "hundreds of processes: run it with --release"]
fn the_days_of_ftx_are_lived_through() {
    for settings in [&[][..], &NERVOUS, &STUBBORN] {
        live_through("FTX", "2022-11-05T00:00:30Z", "2022-11-14T23:00:30Z", settings);
    }
}
