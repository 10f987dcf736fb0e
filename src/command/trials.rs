//! Trials of a backtest, a sweep or a walk forward, which are kept when all of them are done: work is not lost because the
//! database cannot be written by then.

use std::path::Path;

use crate::clock;
use crate::exit::Exit;
use crate::settings::digest;
use crate::statistics::TrackRecord;
use crate::store::{Access, AllTrials, Store, StoreError};

/// A trial that is to be kept.
pub(super) struct Trial {
    /// All that it follows from.
    pub(super) manifest: String,
    /// What it came to; none where nothing was ever held.
    pub(super) record: Option<TrackRecord>,
}

/// Keeps these trials; all trials there ever were, those among them. Where they cannot be kept, people are told, all is counted
/// as if they were, and the program ends with what stands in the way. A database that is not there has no trials to count.
pub(super) fn kept<I: Iterator<Item = Trial>>(
    db: &Path,
    trials: impl Fn() -> I,
) -> Result<(AllTrials, Exit), StoreError> {
    match keep(db, trials()) {
        Ok(all) => Ok((all, Exit::Ok)),
        Err(error @ StoreError::Missing(_)) => Err(error),
        Err(error) => {
            let remedy = error.remedy();
            log::error!("{error}: the trials of this run are not recorded; {remedy}, and run it again");
            Ok((counted(db, &trials), Exit::from(&error)))
        }
    }
}

fn keep(db: &Path, trials: impl Iterator<Item = Trial>) -> Result<AllTrials, StoreError> {
    let mut store = Store::open(db, Access::Change)?;
    let (write, now) = (store.write()?, clock::wall());
    for Trial { manifest, record } in trials {
        write.add_trial(now, (&digest(manifest.as_bytes()), &manifest), record.as_ref())?;
    }
    write.commit()?;
    store.trials()
}

/// All that can be read, and these.
fn counted<I: Iterator<Item = Trial>>(db: &Path, trials: impl Fn() -> I) -> AllTrials {
    let sharpe = |trial: &Trial| trial.record.map(|record| record.sharpe);
    let named = trials().map(|trial| (digest(trial.manifest.as_bytes()), sharpe(&trial)));
    let read = Store::open(db, Access::Read).and_then(|store| store.trials_and(named));
    // What cannot even be read is not counted: the trials of this run are left.
    read.unwrap_or_else(|_| AllTrials::default().and(trials().map(|trial| sharpe(&trial))))
}
