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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Candle, Source};
    use crate::store::{Access, Contents, Origin};

    fn at(text: &str) -> UtcMillis {
        text.parse().unwrap()
    }

    fn pair() -> Symbol {
        "BTC/USDT".parse().unwrap()
    }

    /// A store with these candles of a pair: length, opening and close.
    fn stored(all: &[(Timeframe, &str, f64)]) -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        let write = store.write().unwrap();
        for (timeframe, open, close) in all {
            let candle = Candle::from_parts(at(open), [*close; 4], 1.0, None).unwrap();
            let origin = Origin {
                run_id: "r".to_owned(),
                source: Source::Archive,
                origin: "o".to_owned(),
                sha256: None,
                fetched_at: at("2024-04-01"),
            };
            let key = SeriesKey { symbol: pair(), timeframe: *timeframe };
            write.add_candles(&key, write.add_ingest(&origin).unwrap(), &[candle]).unwrap();
        }
        write.commit().unwrap();
        (folder, store)
    }

    #[test]
    fn days_close_with_their_daily_candle_or_else_with_the_last_one_that_is_decided_on() {
        use Timeframe::{D1, H1};
        let (_folder, store) = stored(&[
            (D1, "2024-03-01", 1.0),
            (H1, "2024-03-01T23:00", 99.0),
            (H1, "2024-03-02T22:00", 20.0),
            (H1, "2024-03-02T23:00", 2.0),
            (D1, "2024-03-04", 4.0),
        ]);
        assert_eq!(of_pair(&store, &pair(), H1, at("2024-03-06")).unwrap(), [1.0, 2.0, 4.0]);
        assert_eq!(of_pair(&store, &"ETH/USDT".parse().unwrap(), H1, at("2024-03-06")).unwrap(), [] as [f64; 0]);
    }

    #[test]
    fn the_day_that_the_first_midnight_closes_and_all_later_ones_are_not_seen() {
        let days = ["2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04"];
        let all: Vec<_> =
            days.iter().zip([1.0, 2.0, 3.0, 4.0]).map(|(day, close)| (Timeframe::D1, *day, close)).collect();
        let (_folder, store) = stored(&all);
        // Midnight of the 4th sees the close of the 3rd by itself; from noon on, the first midnight is that of the 5th.
        for (from, closes) in
            [("2024-03-04", &[1.0, 2.0][..]), ("2024-03-04T12:00", &[1.0, 2.0, 3.0]), ("2024-03-01", &[])]
        {
            assert_eq!(of_pair(&store, &pair(), Timeframe::H1, at(from)).unwrap(), closes, "{from}");
        }
    }

    #[test]
    fn no_more_days_are_read_than_the_longest_average_takes() {
        let first = at("2023-01-01");
        let days: Vec<String> = (0..300).map(|day| Timeframe::D1.step(first, day).to_string()).collect();
        let all: Vec<_> = days.iter().map(|day| (Timeframe::D1, day.as_str(), 1.0)).collect();
        let (_folder, store) = stored(&all);
        let closes = of_pair(&store, &pair(), Timeframe::H1, Timeframe::D1.step(first, 300)).unwrap();
        assert_eq!(closes.len(), 200);
    }
}
