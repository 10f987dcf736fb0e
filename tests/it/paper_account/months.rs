//! Sixty days of hourly processes over five coins.

use std::collections::BTreeMap;

use super::assert_sound;
use super::recorded::{Recording, assert_whole, report, world_of};
use crate::world::World;

const FIRST: &str = "2024-03-01T00:00:30Z";
const LAST: &str = "2024-04-30T23:00:30Z";
const SYMBOLS: [&str; 5] = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "AVAXUSDT", "MATICUSDT"];
const PAIRS: &str = "BTC/USDT,ETH/USDT,SOL/USDT,AVAX/USDT,MATIC/USDT";
/// The database is examined after so many runs.
const OFTEN: usize = 100;

/// Processor time of children that have ended, in seconds; none where the system does not tell.
fn spent() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let ticks: Vec<f64> = rest.split_whitespace().skip(13).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
    (ticks.len() == 2).then(|| (ticks[0] + ticks[1]) / 100.0)
}

/// Runs every hour that is not left out; how many runs there were.
fn live_through(recording: &Recording, world: &World, is_left_out: impl Fn(usize) -> bool) -> usize {
    let mut runs = 0;
    for (n, now) in recording.hours().enumerate().filter(|(n, _)| !is_left_out(*n)) {
        let run = recording.run(world, now);
        assert_eq!(run.json()["repeat"], false, "{now}");
        runs += 1;
        if n % OFTEN == 0 {
            assert_sound(world);
        }
    }
    assert_whole(world, recording.last);
    runs
}

/// A third of all hours, chosen by a fixed draw.
fn a_third(n: usize) -> bool {
    fastrand::Rng::with_seed(n as u64).u32(..3) == 0
}

/// The first stop fill of each position, by its entry: when, and at which price. How large it is depends on the equity.
fn stops(world: &World) -> BTreeMap<String, Vec<String>> {
    let sql = "SELECT f.position_id, f.at, f.reference, f.price FROM fills f JOIN orders o USING (order_id) \
               WHERE o.reason IN ('stop', 'trailing_stop') AND f.part = 1";
    world.query(sql).into_iter().map(|row| (row[0].clone(), row[1..].to_vec())).collect()
}

fn figures(world: &World) -> String {
    let of = |sql: &str| world.value(sql);
    format!(
        "decisions {}, orders {}, fills {}, trades {} ({}), forecasts {}, resolved {}, unresolvable {}, equity {} (lowest {}), states {}",
        of("SELECT count(*) FROM trading_decisions"),
        of("SELECT count(*) FROM orders"),
        of("SELECT count(*) FROM fills"),
        of("SELECT count(*) FROM trades"),
        of(
            "SELECT group_concat(told, ', ') FROM (SELECT reason || ' ' || count(*) AS told FROM trades GROUP BY reason)"
        ),
        of("SELECT count(*) FROM forecasts"),
        of("SELECT count(*) FROM outcomes WHERE kind = 'horizon' AND net IS NOT NULL"),
        of("SELECT count(*) FROM outcomes WHERE unresolvable IS NOT NULL"),
        of("SELECT equity FROM portfolio_state ORDER BY id DESC LIMIT 1"),
        of("SELECT min(CAST(equity AS REAL)) FROM portfolio_state"),
        of(
            "SELECT group_concat(told, ', ') FROM (SELECT state || ' ' || count(*) AS told FROM portfolio_state GROUP BY state)"
        ),
    )
}

/// Both lives, and the stop fills of positions that both held.
fn compare(settings: &[(&str, &str)]) -> usize {
    let Some(recording) = Recording::unpack(FIRST, LAST, &SYMBOLS) else { return usize::MAX };
    let world = || settings.iter().fold(world_of(PAIRS), |world, (key, value)| world.with(key, value));
    let (whole, partial) = (world(), world());
    let before = spent();
    let runs = live_through(&recording, &whole, |_| false);
    let cpu = spent().zip(before).map_or(f64::NAN, |(after, before)| (after - before) / runs as f64);
    assert_eq!(runs, 1464);
    report(&format!("{settings:?}\n{runs} processes, {cpu:.4} s of CPU each (checks of the database included)"));
    report(&figures(&whole));
    let runs = live_through(&recording, &partial, a_third);
    report(&format!("{runs} processes, a third left out\n{}", figures(&partial)));
    let (all, some) = (stops(&whole), stops(&partial));
    let both: Vec<_> = all.keys().filter(|id| some.contains_key(*id)).collect();
    report(&format!("stop fills: {} and {}, of the same positions {}", all.len(), some.len(), both.len()));
    for id in &both {
        assert_eq!(all[*id], some[*id], "{id}");
    }
    both.len()
}

#[test]
#[ignore = "thousands of processes: run it with --release"]
fn sixty_days_of_hourly_processes_leave_sound_books_also_when_a_third_of_them_is_left_out() {
    compare(&[]);
}

/// Nothing is sold by signal and a stop lies near: there are many to compare.
const NEAR: [(&str, &str); 6] = [
    ("TRADER_EXITS_STOP_ATR", "1"),
    ("TRADER_EXITS_TRAIL_ATR", "2"),
    ("TRADER_STRATEGY_BUY_SCORE", "20"),
    ("TRADER_STRATEGY_SELL_SCORE", "-100"),
    ("TRADER_RISK_WARNING_DRAWDOWN_PCT", "80"),
    ("TRADER_RISK_EMERGENCY_DRAWDOWN_PCT", "90"),
];

#[test]
#[ignore = "thousands of processes: run it with --release"]
fn sixty_days_with_near_stops_have_the_same_stop_fills_though_a_third_of_the_runs_is_left_out() {
    let both = compare(&NEAR);
    assert!(both >= 10, "only {both} positions to compare");
}
