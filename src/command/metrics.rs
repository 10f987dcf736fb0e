//! `trader metrics`, and the text that is written after each run.

use std::path::Path;

use super::Output;
use crate::report::{EndedRun, Measured, Observed};
use crate::settings::Settings;
use crate::store::{Access, Store, StoreError, files_of};

/// Prints what the database says.
pub fn metrics(settings: &Settings) -> anyhow::Result<Output> {
    let measured = measure(&settings.db, settings)?;
    Ok(Output::ok(text(settings, Some(&measured), None, None)))
}

/// What a database says.
pub(super) fn measure(db: &Path, settings: &Settings) -> Result<Measured, StoreError> {
    let store = Store::open(db, Access::Read)?;
    let measured = store.measured(&settings.pairs, &settings.cycle_timeframes(), settings.strategy.timeframe)?;
    Ok(Measured { bytes: bytes(db), ..measured })
}

/// The size of the file and of its log.
fn bytes(db: &Path) -> Option<u64> {
    let sizes = files_of(db).into_iter().filter_map(|file| std::fs::metadata(file).ok()).map(|found| found.len());
    sizes.reduce(|all, size| all + size)
}

/// The text; of a run that has just ended, as far as it is told.
pub(super) fn text(
    settings: &Settings,
    measured: Option<&Measured>,
    run: Option<EndedRun>,
    told_success_at: Option<f64>,
) -> String {
    let strategy = &settings.strategy;
    let observed = Observed {
        version: env!("CARGO_PKG_VERSION"),
        strategy: (strategy.name, strategy.timeframe, &strategy.hash),
        pairs: &settings.pairs,
        run,
        told_success_at,
        measured,
    };
    observed.text()
}
