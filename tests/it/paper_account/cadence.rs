//! However often the program runs, its fills are the same.

use trader::unit::UtcMillis;

use super::assert_sound;
use super::recorded::{Recording, world_of};
use crate::exchange_server::HOUR;
use crate::world::World;

/// Three days in the middle of March 2024, in which the market fell.
const FIRST: &str = "2024-03-13T14:00:30Z";
const LAST: &str = "2024-03-16T14:00:30Z";

/// A coin is bought by the first run; then nothing but the stop can end it.
fn bought(recording: &Recording, length: &str, trail: &str) -> World {
    let world = world_of("BTC/USDT,ETH/USDT,SOL/USDT")
        .with("TRADER_STRATEGY_TIMEFRAME", length)
        .with("TRADER_EXITS_TRAIL_ATR", trail)
        .with("TRADER_STRATEGY_BUY_SCORE", "1")
        .with("TRADER_STRATEGY_SELL_SCORE", "-100");
    // The second run books what the first one ordered; a pause would withdraw what still waits.
    recording.hours().take(2).for_each(|now| drop(recording.run(&world, now)));
    assert_ne!(world.value("SELECT count(*) FROM positions"), "0", "nothing was bought");
    world.run(&["pause", "--reason", "only exits from now on"]).expect(0);
    world
}

/// All fills with everything that is theirs, without the runs that booked them.
fn fills(world: &World) -> Vec<Vec<String>> {
    let sql = "SELECT f.order_id, part, reason, strftime('%d %H:%M:%f', at / 1000.0, 'unixepoch'), f.reference, f.price, f.quantity, \
               f.notional, fee, fee_asset, timeframe, candle_open_time, is_ambiguous, is_coarse \
               FROM fills f JOIN orders o USING (order_id) ORDER BY at, f.order_id, part";
    world.query(sql)
}

fn every(recording: &Recording, length: &str, trail: &str, hours: i64) -> World {
    let world = bought(recording, length, trail);
    let is_due = |now: &UtcMillis| now.since_ms(recording.hours().next().expect("an hour")) % (hours * HOUR) == 0;
    recording.hours().skip(2).filter(is_due).for_each(|now| drop(recording.run(&world, now)));
    assert_sound(&world);
    world
}

/// However often it runs, a strategy that decides on candles of this length is stopped out for these reasons by the same
/// fills.
fn compare(length: &str, ways_out: &[(&str, &str)]) {
    let Some(recording) = Recording::unpack(FIRST, LAST, &["BTCUSDT", "ETHUSDT", "SOLUSDT"]) else { return };
    for (trail, reason) in ways_out {
        let [hourly, rarely, once] = [1, 4, 72].map(|hours| every(&recording, length, trail, hours));
        let expected = fills(&hourly);
        let by = expected.iter().filter(|fill| fill[2] == *reason).count();
        assert!(by > 0, "no {reason} was hit: {expected:#?}");
        for (name, world) in [("four-hourly", &rarely), ("once", &once)] {
            assert_eq!(fills(world), expected, "{name}, {reason}");
            assert_eq!(
                world.query("SELECT * FROM balances"),
                hourly.query("SELECT * FROM balances"),
                "{name}, {reason}"
            );
        }
    }
}

#[test]
fn hourly_and_four_hourly_runs_and_one_after_three_days_asleep_give_the_same_fills() {
    compare("1h", &[("0", "stop"), ("2", "trailing_stop")]);
}

#[test]
fn the_same_holds_between_decisions_on_candles_of_four_hours() {
    compare("4h", &[("2", "trailing_stop")]);
}
