//! Recorded months: one process an hour, as cron would start them, and what has to hold afterwards.

use std::io::Write;
use std::path::{Path, PathBuf};

use trader::unit::UtcMillis;

use super::assert_sound;
use crate::exchange_server::HOUR;
use crate::recorded_data::{at, cut, recordings};
use crate::world::{Run, World};

/// Recorded candles, unpacked, and the clock of the first and the last run over them.
pub(crate) struct Recording {
    pub(crate) folder: PathBuf,
    /// The folder belongs to it and goes away with it.
    _home: World,
    first: i64,
    pub(super) last: i64,
}

impl Recording {
    /// None, and saying so, where there are no recordings.
    pub(crate) fn unpack(first: &str, last: &str, symbols: &[&str]) -> Option<Self> {
        let klines = recordings("klines")?;
        let (home, first, last) = (World::new(), at(first), at(last));
        Some(Self { folder: cut::recording(&klines, &home, first, last, symbols), _home: home, first, last })
    }

    /// The clocks of hourly runs.
    pub(crate) fn hours(&self) -> impl Iterator<Item = UtcMillis> {
        let step = usize::try_from(HOUR).expect("an hour is not negative");
        (self.first..=self.last).step_by(step).map(UtcMillis::new)
    }

    pub(crate) fn run(&self, world: &World, now: UtcMillis) -> Run {
        let run = replay(world, &self.folder, now);
        assert!(matches!(run.code, 0 | 6), "{now}: {run}");
        run
    }
}

fn replay(world: &World, folder: &Path, now: UtcMillis) -> Run {
    world.run(&["cycle", "--replay", &folder.display().to_string(), "--now", &now.to_string()])
}

/// A world for these pairs.
pub(crate) fn world_of(pairs: &str) -> World {
    World::new().with("TRADER_PAIRS", pairs)
}

/// Says it past the test harness, which hides what a passing test prints.
pub(super) fn report(text: &str) {
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Queries that find what must not be there: duplicates, orphans, forecasts that are missing or were forgotten.
fn faults(last: i64) -> [(&'static str, String); 8] {
    [
        (
            "an order that waits for more than six hours",
            format!(
                "SELECT order_id FROM orders WHERE order_id NOT IN (SELECT order_id FROM order_ends) AND placed_at < {last} - 21600000"
            ),
        ),
        (
            "a filled entry without position or trade",
            "SELECT order_id FROM fills WHERE side = 'BUY' \
            AND position_id NOT IN (SELECT position_id FROM positions UNION SELECT position_id FROM trades)"
                .into(),
        ),
        ("a position that is a trade too", "SELECT position_id FROM positions JOIN trades USING (position_id)".into()),
        (
            "a trade without a sale",
            "SELECT position_id FROM trades WHERE position_id NOT IN \
            (SELECT position_id FROM fills WHERE side = 'SELL')"
                .into(),
        ),
        (
            "an entry that was filled twice",
            "SELECT position_id FROM fills WHERE side = 'BUY' GROUP BY 1 HAVING count(*) > 1".into(),
        ),
        (
            "two decisions on a candle",
            "SELECT symbol FROM trading_decisions GROUP BY symbol, candle_open_time HAVING count(*) > 1".into(),
        ),
        (
            "a decision without its three forecasts",
            "SELECT id FROM trading_decisions d \
            WHERE (SELECT count(*) FROM forecasts f WHERE f.decision_id = d.id) <> 3"
                .into(),
        ),
        (
            "a forecast that is over and not resolved",
            format!(
                "SELECT f.decision_id, f.horizon_ms FROM forecasts f WHERE data_cutoff + horizon_ms <= {last} AND (SELECT count(*) \
             FROM outcomes o WHERE o.decision_id = f.decision_id AND o.horizon_ms = f.horizon_ms AND o.kind <> 'trade') <> 2"
            ),
        ),
    ]
}

/// The database is sound, and holds nothing twice and nothing that belongs to nothing.
#[track_caller]
pub(super) fn assert_whole(world: &World, last: i64) {
    assert_sound(world);
    world.assert_intact();
    for (fault, sql) in faults(last) {
        let found = world.query(&sql);
        assert!(found.is_empty(), "{} times {fault}: {:?}", found.len(), &found[..found.len().min(5)]);
    }
}
