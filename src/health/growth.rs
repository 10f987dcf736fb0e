//! How fast the database grows, and how long the disk has room for that.

use crate::unit::UtcMillis;

const DAY_MS: f64 = 86_400_000.0;

/// Bytes a day: the median of the growth from one noted day to the next, so that a backfill or a vacuum, which happen once,
/// say nothing of all days to come. None before there are two days.
pub fn daily_growth(sizes: &[(UtcMillis, i64)]) -> Option<f64> {
    let grown = |pair: &[(UtcMillis, i64)]| {
        let days = pair[1].0.since_ms(pair[0].0) as f64 / DAY_MS;
        (days > 0.0).then(|| (pair[1].1 - pair[0].1) as f64 / days)
    };
    let mut growths: Vec<f64> = sizes.windows(2).filter_map(grown).collect();
    growths.sort_by(f64::total_cmp);
    let middle = growths.len() / 2;
    let upper = *growths.get(middle)?;
    Some(if growths.len() % 2 == 1 { upper } else { f64::midpoint(growths[middle - 1], upper) })
}

/// Days until so many free bytes are used up; none where nothing grows.
pub fn days_until_full(free: u64, growth: f64) -> Option<f64> {
    (growth > 0.0).then(|| free as f64 / growth)
}
