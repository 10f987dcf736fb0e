//! Every backtest that was ever run (`trials`): how many were tried decides how much to believe of the best of them.

use std::collections::BTreeSet;

use rusqlite::params;

use super::{Store, StoreError, Write};
use crate::statistics::{PeriodSharpe, TrackRecord, Trials};
use crate::unit::UtcMillis;

impl Store {
    /// All trials that were ever run.
    pub fn trials(&self) -> Result<AllTrials, StoreError> {
        let mut statement = self.connection.prepare("SELECT sharpe FROM trials ORDER BY id")?;
        let sharpes = statement.query_map([], |r| r.get::<_, Option<f64>>(0))?.collect::<Result<Vec<_>, _>>()?;
        let known = sharpes.iter().copied().flatten().filter_map(PeriodSharpe::new);
        Ok(AllTrials { count: sharpes.len(), sharpes: known.collect() })
    }

    /// What [`Self::trials`] would give once these were kept as well, each by the hash of its manifest.
    pub fn trials_and(
        &self,
        others: impl Iterator<Item = (String, Option<PeriodSharpe>)>,
    ) -> Result<AllTrials, StoreError> {
        let mut statement = self.connection.prepare("SELECT manifest_hash FROM trials")?;
        let mut known = statement.query_map([], |r| r.get(0))?.collect::<Result<BTreeSet<String>, _>>()?;
        let new = others.filter_map(|(hash, sharpe)| known.insert(hash).then_some(sharpe));
        Ok(self.trials()?.and(new))
    }
}

/// All trials that were ever run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AllTrials {
    /// How many, those that never held anything among them.
    pub count: usize,
    /// The Sharpe ratios of their days, of those that have one.
    pub sharpes: Vec<PeriodSharpe>,
}

impl AllTrials {
    /// Beside others that came after them.
    #[must_use]
    pub fn and(mut self, others: impl Iterator<Item = Option<PeriodSharpe>>) -> Self {
        for sharpe in others {
            self.count += 1;
            self.sharpes.extend(sharpe);
        }
        self
    }

    /// What the deflated Sharpe ratio takes of them; none where none has a ratio.
    pub fn tried(&self) -> Option<Trials> {
        Trials::of(&self.sharpes).map(|trials| Trials { count: self.count as f64, ..trials })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Access, Contents};

    #[test]
    fn others_count_as_if_they_were_kept_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        let record =
            |sharpe| TrackRecord { n: 90, sharpe: PeriodSharpe::new(sharpe).unwrap(), skewness: 0.0, kurtosis: 3.0 };
        let others = [("a", Some(0.1)), ("b", None), ("c", Some(0.3)), ("c", Some(0.3))];
        let keep = |store: &mut Store, trials: &[(&str, Option<f64>)]| {
            let write = store.write().unwrap();
            for (hash, sharpe) in trials {
                write.add_trial(UtcMillis::new(0), (hash, "{}"), sharpe.map(record).as_ref()).unwrap();
            }
            write.commit().unwrap();
        };
        keep(&mut store, &[("x", Some(0.2)), ("a", Some(0.1))]);
        let told = others.map(|(hash, sharpe)| (hash.to_owned(), sharpe.and_then(PeriodSharpe::new)));
        let as_if = store.trials_and(told.into_iter()).unwrap();
        keep(&mut store, &others);
        assert_eq!((as_if.count, &as_if), (4, &store.trials().unwrap()));
    }
}
