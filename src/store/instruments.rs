//! What the exchange says of pairs: the tables `symbols` (a day's cache) and `symbol_history` (every change).

use std::str::FromStr;

use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError, Write};
use crate::market::{Instrument, Status};
use crate::unit::{Decimal, Symbol, UtcMillis};

impl Store {
    /// What the exchange last said of a pair.
    pub fn instrument(&self, symbol: &Symbol) -> Result<Option<Instrument>, StoreError> {
        let sql = "SELECT status, tick_size, step_size, min_notional, fetched_at FROM symbols WHERE symbol = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let row = statement.query_row([symbol.as_str()], |r| {
            Ok(Instrument {
                symbol: symbol.clone(),
                status: Status::from_word(&r.get::<_, String>(0)?),
                tick_size: decimal(r.get(1)?),
                step_size: decimal(r.get(2)?),
                min_notional: decimal(r.get(3)?),
                fetched_at: UtcMillis::new(r.get(4)?),
            })
        });
        Ok(row.optional()?)
    }
}

impl Store {
    /// What the exchange had last said of a pair at an instant.
    pub fn status_at(&self, symbol: &Symbol, at: UtcMillis) -> Result<Option<Status>, StoreError> {
        let sql = "SELECT status FROM symbol_history WHERE symbol = ?1 AND since <= ?2 ORDER BY since DESC LIMIT 1";
        let row = self.connection.query_row(sql, params![symbol.as_str(), at.get()], |r| r.get::<_, String>(0));
        Ok(row.optional()?.map(|word| Status::from_word(&word)))
    }
}

fn decimal(text: Option<String>) -> Option<Decimal> {
    text.and_then(|t| Decimal::from_str(&t).ok())
}

impl Write<'_> {
    /// Stores what the exchange says of a pair; a change begins a new row of its history at `now`, the exchange's clock.
    pub fn set_instrument(&self, instrument: &Instrument, now: UtcMillis) -> Result<(), StoreError> {
        let text = |d: Option<Decimal>| d.map(|d| d.to_string());
        let Instrument { symbol, status, fetched_at, .. } = instrument;
        let (symbol, status) = (symbol.as_str(), status.to_string());
        let [tick, step, least] = [instrument.tick_size, instrument.step_size, instrument.min_notional].map(text);
        self.transaction.execute(
            "INSERT INTO symbol_history (symbol, since, status, tick_size, step_size, min_notional)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6
              WHERE NOT EXISTS (SELECT 1 FROM symbol_history h WHERE h.symbol = ?1 AND h.status = ?3
                                   AND h.tick_size IS ?4 AND h.step_size IS ?5 AND h.min_notional IS ?6
                                   AND h.since = (SELECT max(since) FROM symbol_history WHERE symbol = ?1 AND since <= ?2))
             ON CONFLICT DO UPDATE SET status = ?3, tick_size = ?4, step_size = ?5, min_notional = ?6",
            params![symbol, now.get(), status, tick, step, least],
        )?;
        self.transaction.execute(
            "INSERT INTO symbols (symbol, fetched_at, status, tick_size, step_size, min_notional)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET fetched_at = ?2, status = ?3, tick_size = ?4, step_size = ?5, min_notional = ?6",
            params![symbol, fetched_at.get(), status, tick, step, least],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Access, Contents};

    #[test]
    fn only_a_change_is_history_and_the_newest_word_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        let btc: Symbol = "BTC/USDT".parse().unwrap();
        assert_eq!(store.instrument(&btc).unwrap(), None);
        for (now, status, tick_size, changes) in [
            (10, "TRADING", "0.01", vec![10]),
            (11, "TRADING", "0.01", vec![10]),
            (12, "BREAK", "0.01", vec![10, 12]),
            (13, "BREAK", "0.10", vec![10, 12, 13]),
            (14, "BREAK", "", vec![10, 12, 13, 14]),
            (15, "BREAK", "", vec![10, 12, 13, 14]),
            (16, "TRADING", "0.01", vec![10, 12, 13, 14, 16]),
        ] {
            let instrument = Instrument {
                symbol: btc.clone(),
                status: Status::from_word(status),
                tick_size: tick_size.parse().ok(),
                step_size: None,
                min_notional: "5".parse().ok(),
                fetched_at: UtcMillis::new(now),
            };
            let write = store.write().unwrap();
            write.set_instrument(&instrument, UtcMillis::new(now)).unwrap();
            write.commit().unwrap();
            assert_eq!(store.instrument(&btc).unwrap(), Some(instrument));
            let mut statement = store.connection.prepare("SELECT since FROM symbol_history ORDER BY since").unwrap();
            let since: Vec<i64> = statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
            assert_eq!(since, changes, "at {now}");
        }
        for (at, status) in [(9, None), (10, Some("TRADING")), (11, Some("TRADING")), (12, Some("BREAK"))] {
            let told = store.status_at(&btc, UtcMillis::new(at)).unwrap();
            assert_eq!(told, status.map(Status::from_word), "at {at}");
        }
    }
}
