//! Every backtest that was ever run (`trials`): how many were tried decides how much to believe of the best of them.

use rusqlite::params;

use super::{Store, StoreError, Write};
use crate::statistics::{PeriodSharpe, TrackRecord};
use crate::unit::UtcMillis;

impl Store {
    /// The daily Sharpe ratios of all trials, the oldest first; those that had none are left out.
    pub fn trials(&self) -> Result<Vec<PeriodSharpe>, StoreError> {
        let mut statement =
            self.connection.prepare("SELECT sharpe FROM trials WHERE sharpe IS NOT NULL ORDER BY id")?;
        let sharpes = statement.query_map([], |r| r.get::<_, f64>(0))?.collect::<Result<Vec<_>, _>>()?;
        Ok(sharpes.into_iter().filter_map(PeriodSharpe::new).collect())
    }
}

impl Write<'_> {
    /// Keeps a trial. The same manifest gives the same result, so it counts once.
    pub fn add_trial(
        &self,
        at: UtcMillis,
        (hash, manifest): (&str, &str),
        record: Option<&TrackRecord>,
    ) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO trials (at, manifest_hash, manifest, days, sharpe, skewness, kurtosis)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                at.get(),
                hash,
                manifest,
                record.map(|record| i64::try_from(record.n).unwrap_or(i64::MAX)),
                record.map(|record| record.sharpe.value()),
                record.map(|record| record.skewness),
                record.map(|record| record.kurtosis)
            ])?;
        Ok(())
    }
}
