//! Daily closes from before the span, so that averages of days need not wait for as many days of it.

use std::collections::BTreeMap;

use crate::backtest::Tape;
use crate::market::SeriesKey;
use crate::settings::Settings;
use crate::store::{Store, StoreError};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// Days that are looked back on: as many as the longest average takes.
const DAYS: i64 = 200;

/// Of each pair, the daily closes before the first midnight of the span, the oldest first.
///
/// The first midnight sees the close of the day that ends with it by itself. Where no daily candle is stored, the last candle
/// of those that are decided on closes its day. Days without either are left out.
pub(super) fn earlier(
    settings: &Settings,
    store: &Store,
    tapes: &[Tape],
    from: UtcMillis,
) -> Result<Vec<Vec<f64>>, StoreError> {
    let _at_one_moment = store.snapshot()?;
    tapes.iter().map(|tape| of_pair(store, &tape.symbol, settings.strategy.timeframe, from)).collect()
}

fn of_pair(store: &Store, pair: &Symbol, decided_on: Timeframe, from: UtcMillis) -> Result<Vec<f64>, StoreError> {
    let end = Timeframe::D1.step(Timeframe::D1.ceil(from), -1);
    let begin = Timeframe::D1.step(end, -DAYS);
    let mut closes = BTreeMap::new();
    for timeframe in [decided_on, Timeframe::D1] {
        let key = SeriesKey { symbol: pair.clone(), timeframe };
        for candle in store.plain(&key, begin, end)? {
            closes.insert(Timeframe::D1.floor(candle.open_time()), candle.close());
        }
    }
    Ok(closes.into_values().collect())
}
