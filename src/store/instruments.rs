//! What the exchange says of pairs: the tables `symbols` (a day's cache) and `symbol_history` (every change).

use std::str::FromStr;

use rusqlite::{OptionalExtension, Row, params};

use super::{Store, StoreError, Write};
use crate::market::{Instrument, PriceFactors, Status};
use crate::unit::{Decimal, Symbol, UtcMillis};

impl Store {
    /// What the exchange last said of a pair.
    pub fn instrument(&self, symbol: &Symbol) -> Result<Option<Instrument>, StoreError> {
        let sql = "SELECT status, tick_size, step_size, min_notional, min_quantity, max_quantity, sell_down, sell_up,
                          fetched_at
                     FROM symbols WHERE symbol = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([symbol.as_str()], |row| read(symbol, row)).optional()?)
    }
}

fn read(symbol: &Symbol, row: &Row<'_>) -> rusqlite::Result<Instrument> {
    let factors = decimal(row.get(6)?).zip(decimal(row.get(7)?));
    Ok(Instrument {
        symbol: symbol.clone(),
        status: Status::from_word(&row.get::<_, String>(0)?),
        tick_size: decimal(row.get(1)?),
        step_size: decimal(row.get(2)?),
        min_notional: decimal(row.get(3)?),
        min_quantity: decimal(row.get(4)?),
        max_quantity: decimal(row.get(5)?),
        sell_price_factor: factors.map(|(down, up)| PriceFactors { down, up }),
        fetched_at: UtcMillis::new(row.get(8)?),
    })
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

/// Its limits as they are stored: tick, step, smallest order, smallest and largest quantity, factors of a sale's price.
fn limits(instrument: &Instrument) -> [Option<String>; 7] {
    let factors = instrument.sell_price_factor;
    [
        instrument.tick_size,
        instrument.step_size,
        instrument.min_notional,
        instrument.min_quantity,
        instrument.max_quantity,
        factors.map(|f| f.down),
        factors.map(|f| f.up),
    ]
    .map(|limit| limit.map(|d| d.to_string()))
}

impl Write<'_> {
    /// Stores what the exchange says of a pair; a change begins a new row of its history at `now`, the exchange's clock.
    pub fn set_instrument(&self, instrument: &Instrument, now: UtcMillis) -> Result<(), StoreError> {
        let (symbol, status) = (instrument.symbol.as_str(), instrument.status.to_string());
        let [tick, step, least, min, max, down, up] = limits(instrument);
        self.transaction.execute(
            "INSERT INTO symbol_history (symbol, since, status, tick_size, step_size, min_notional, min_quantity,
                                         max_quantity, sell_down, sell_up)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
              WHERE NOT EXISTS (SELECT 1 FROM symbol_history h WHERE h.symbol = ?1 AND h.status = ?3
                                   AND h.tick_size IS ?4 AND h.step_size IS ?5 AND h.min_notional IS ?6
                                   AND h.min_quantity IS ?7 AND h.max_quantity IS ?8
                                   AND h.sell_down IS ?9 AND h.sell_up IS ?10
                                   AND h.since = (SELECT max(since) FROM symbol_history WHERE symbol = ?1 AND since <= ?2))
             ON CONFLICT DO UPDATE SET status = ?3, tick_size = ?4, step_size = ?5, min_notional = ?6,
                                       min_quantity = ?7, max_quantity = ?8, sell_down = ?9, sell_up = ?10",
            params![symbol, now.get(), status, tick, step, least, min, max, down, up],
        )?;
        self.transaction.execute(
            "INSERT INTO symbols (symbol, fetched_at, status, tick_size, step_size, min_notional, min_quantity,
                                  max_quantity, sell_down, sell_up)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT DO UPDATE SET fetched_at = ?2, status = ?3, tick_size = ?4, step_size = ?5, min_notional = ?6,
                                       min_quantity = ?7, max_quantity = ?8, sell_down = ?9, sell_up = ?10",
            params![symbol, instrument.fetched_at.get(), status, tick, step, least, min, max, down, up],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Access, Contents};

    fn nothing_stored() -> (tempfile::TempDir, Store, Symbol) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        (folder, store, "BTC/USDT".parse().unwrap())
    }

    /// A pair of which little is told.
    fn told(symbol: &Symbol, at: i64) -> Instrument {
        Instrument {
            symbol: symbol.clone(),
            status: Status::Trading,
            tick_size: None,
            step_size: None,
            min_quantity: None,
            max_quantity: None,
            min_notional: "5".parse().ok(),
            sell_price_factor: None,
            fetched_at: UtcMillis::new(at),
        }
    }

    /// Stores it and reads it again; when changes were noted so far.
    fn since(store: &mut Store, instrument: &Instrument) -> Vec<i64> {
        let write = store.write().unwrap();
        write.set_instrument(instrument, instrument.fetched_at).unwrap();
        write.commit().unwrap();
        assert_eq!(store.instrument(&instrument.symbol).unwrap().as_ref(), Some(instrument));
        let mut statement = store.connection.prepare("SELECT since FROM symbol_history ORDER BY since").unwrap();
        statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn each_limit_is_kept_exactly_and_a_change_of_it_is_history() {
        let (_folder, mut store, btc) = nothing_stored();
        let limit = |text: &str| -> Option<Decimal> { Some(text.parse().unwrap()) };
        let factors =
            |down: &str, up: &str| Some(PriceFactors { down: down.parse().unwrap(), up: up.parse().unwrap() });
        let first = Instrument {
            step_size: limit("0.00001"),
            min_quantity: limit("0.00001"),
            max_quantity: limit("97.09521512"),
            sell_price_factor: factors("0.2", "5"),
            ..told(&btc, 10)
        };
        let at = |now| Instrument { fetched_at: UtcMillis::new(now), ..first.clone() };
        for (instrument, changes) in [
            (first.clone(), vec![10]),
            (at(11), vec![10]),
            (Instrument { min_quantity: limit("0.0001"), ..at(12) }, vec![10, 12]),
            (at(13), vec![10, 12, 13]),
            (Instrument { max_quantity: limit("88.09927941"), ..at(14) }, vec![10, 12, 13, 14]),
            (at(15), vec![10, 12, 13, 14, 15]),
            (Instrument { sell_price_factor: factors("0.5", "5"), ..at(16) }, vec![10, 12, 13, 14, 15, 16]),
            (at(17), vec![10, 12, 13, 14, 15, 16, 17]),
            (Instrument { sell_price_factor: factors("0.2", "2"), ..at(18) }, vec![10, 12, 13, 14, 15, 16, 17, 18]),
            (Instrument { sell_price_factor: None, ..at(19) }, vec![10, 12, 13, 14, 15, 16, 17, 18, 19]),
        ] {
            assert_eq!(since(&mut store, &instrument), changes, "at {}", instrument.fetched_at);
        }
    }

    #[test]
    fn only_a_change_is_history_and_the_newest_word_is_kept() {
        let (_folder, mut store, btc) = nothing_stored();
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
            let status = Status::from_word(status);
            let instrument = Instrument { status, tick_size: tick_size.parse().ok(), ..told(&btc, now) };
            assert_eq!(since(&mut store, &instrument), changes, "at {now}");
        }
        for (at, status) in [(9, None), (10, Some("TRADING")), (11, Some("TRADING")), (12, Some("BREAK"))] {
            let told = store.status_at(&btc, UtcMillis::new(at)).unwrap();
            assert_eq!(told, status.map(Status::from_word), "at {at}");
        }
    }
}
