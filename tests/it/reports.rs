//! What is told afterwards: the daily page and the report, held against the rows they are told from.

mod digest;
mod life;
mod page;

use crate::world::World;

/// Five hours of the small recording, with horizons that end while it lasts: BTC is ordered at noon, bought a minute later and
/// stopped out at 13:12.
fn lived() -> World {
    let world = World::new().with("TRADER_FORECAST_HORIZONS_H", "1,2");
    for hour in 12..=16 {
        world.replay_at(&format!("2026-09-01T{hour}:00:30Z")).expect(0);
    }
    world
}

/// The first value of a query as a number.
#[track_caller]
fn number(world: &World, sql: &str) -> f64 {
    world.value(sql).parse().unwrap_or_else(|_| panic!("no number: {sql}"))
}

#[track_caller]
fn assert_near(told: &serde_json::Value, expected: f64, what: &str) {
    let value = told.as_f64().unwrap_or_else(|| panic!("{what}: {told} is no number"));
    assert!((value - expected).abs() < 6e-5, "{what}: {value} beside {expected}");
}
