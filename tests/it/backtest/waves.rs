//! Hourly candles of a pair that rises and falls in waves, imported as an archive file.

use std::fmt::Write;

use crate::world::World;

/// 2024-01-01T00:00:00Z.
const NEW_YEAR: i64 = 1_704_067_200_000;
const HOUR: i64 = 3_600_000;

/// A price at the beginning of an hour: slow waves, quicker ones, and noise of its own (Steele, Lea & Flood, *`SplitMix`*, 2014).
fn price(hour: i64) -> f64 {
    let wave = |period: f64, height: f64| height * (hour as f64 / period * std::f64::consts::TAU).sin();
    let mut z = hour.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let noise = (z >> 40) as f64 / f64::from(1 << 24) - 0.5;
    100.0 * (wave(611.0, 0.25) + wave(97.0, 0.06) + wave(1733.0, 0.2) + 0.012 * noise).exp()
}

/// So many hours as an archive file; from one of them on, prices are many times as high.
fn file(hours: i64, poisoned_from: i64) -> String {
    let at = |hour: i64| price(hour) * if hour >= poisoned_from { 1000.0 } else { 1.0 };
    (0..hours).fold(String::new(), |mut text, hour| {
        let factor = if hour >= poisoned_from { 1000.0 } else { 1.0 };
        let (open, close) = (at(hour), price(hour + 1) * factor);
        let (high, low) = (open.max(close) * 1.002, open.min(close) * 0.998);
        let opens = NEW_YEAR + hour * HOUR;
        let (closes, volume) = (opens + HOUR - 1, 50_000.0);
        writeln!(text, "{opens},{open:.4},{high:.4},{low:.4},{close:.4},{volume},{closes},{},9,1,1,0", volume * close)
            .unwrap();
        text
    })
}

/// A world with so many hours of one pair, from 2024 on.
pub(super) fn world(hours: i64) -> World {
    poisoned(hours, hours)
}

/// The same whose prices are a thousand times as high from one of the hours on.
pub(super) fn poisoned(hours: i64, from: i64) -> World {
    let world = World::new().with("TRADER_PAIRS", "BTC/USDT");
    let path = world.path("BTCUSDT-1h-waves.csv");
    std::fs::write(&path, file(hours, from)).unwrap();
    world.run(&["import", &path.display().to_string()]).expect(0);
    std::fs::remove_file(path).unwrap();
    world
}

/// The hour that begins at an instant, counted from 2024 on.
pub(super) fn hour_of(instant: &str) -> i64 {
    (instant.parse::<trader::unit::UtcMillis>().unwrap().get() - NEW_YEAR) / HOUR
}
