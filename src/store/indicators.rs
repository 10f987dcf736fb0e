//! Readings: the table `technical_indicators`.

use rusqlite::{ToSql, params_from_iter};

use super::{Store, StoreError, Write};
use crate::indicator::{Indicator, Readings};
use crate::market::SeriesKey;
use crate::unit::UtcMillis;

impl Store {
    /// The newest candle of a series whose readings are stored.
    pub fn newest_readings(&self, key: &SeriesKey) -> Result<Option<UtcMillis>, StoreError> {
        let sql = "SELECT max(open_time) FROM technical_indicators WHERE symbol = ?1 AND timeframe = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let newest =
            statement.query_row([key.symbol.as_str(), key.timeframe.name()], |r| r.get::<_, Option<i64>>(0))?;
        Ok(newest.map(UtcMillis::new))
    }
}

impl Write<'_> {
    /// Stores the readings of a candle, unless they are stored.
    pub fn add_readings(&self, key: &SeriesKey, readings: &Readings) -> Result<(), StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO technical_indicators VALUES
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
             ON CONFLICT DO NOTHING",
        )?;
        let (open_time, candles) = (readings.open_time().get(), i64::try_from(readings.candles()).unwrap_or(i64::MAX));
        let (symbol, timeframe) = (key.symbol.as_str(), key.timeframe.name());
        let values = Indicator::SHOWN.map(|i| readings.get(i));
        let named: [&dyn ToSql; 4] = [&symbol, &timeframe, &open_time, &candles];
        statement.execute(params_from_iter(named.into_iter().chain(values.iter().map(|v| v as &dyn ToSql))))?;
        Ok(())
    }
}
