//! `trader import`: files of the exchange's public archive, each in one transaction. Importing twice changes nothing.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::history_run::HistoryRun;
use super::notes::About;
use super::progress::progress;
use super::{Output, usage};
use crate::exchange::{Archive, ArchiveError};
use crate::market::{Batch, Sifter, Source, Stretch};
use crate::report::Tally;
use crate::store::{Origin, Store, StoreError, Write};

/// Candles that are held in memory at a time.
const CHUNK: usize = 4096;

/// Why a file was not imported.
enum Failed {
    File(ArchiveError),
    Store(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Imports files. One that is not there is a slip of the pen: nothing is imported then.
pub fn import(db: &Path, files: &[PathBuf], pretty: bool) -> anyhow::Result<Output> {
    if let Some(missing) = files.iter().find(|file| matches!(file.try_exists(), Ok(false))) {
        return Err(usage(format!("there is no file {}; nothing was imported", missing.display())));
    }
    Ok(HistoryRun::begin("import").run(db, pretty, |run, store| {
        let bar = progress("files", files.len() as u64);
        for file in files {
            bar.inc(1);
            match one(run, store, file) {
                Ok(()) => run.had_something = true,
                Err(Failed::Store(error)) => return Err(error),
                Err(Failed::File(error)) => {
                    let remedy = "nothing of this file was imported";
                    run.notes.complain("file", About::Run, error.to_string(), remedy);
                }
            }
        }
        bar.finish_and_clear();
        Ok(())
    }))
}

fn one(run: &mut HistoryRun, store: &mut Store, file: &Path) -> Result<(), Failed> {
    let archive = Archive::open(file).map_err(Failed::File)?;
    let origin = Origin {
        run_id: run.run_id().to_owned(),
        source: Source::Archive,
        origin: archive.name(),
        sha256: Some(archive.sha256.clone()),
        fetched_at: run.now,
    };
    let write = store.write()?;
    let (tally, rest) = pour(&write, &archive, &origin)?;
    believe(&archive, &tally, &rest)?;
    write.commit()?;
    run.files += 1;
    run.notes.batch(&archive.key, &rest);
    run.add(About::Series(&archive.key), tally);
    Ok(())
}

/// Refuses a file that holds nothing, or mostly nonsense: then its name tells what it is not. Nothing of it stays, since
/// its transaction is given up.
fn believe(archive: &Archive, tally: &Tally, odd: &Batch) -> Result<(), Failed> {
    let good = tally.added + tally.revised + tally.unchanged + tally.not_believed;
    let text = match odd.bad_rows.first() {
        None if good == 0 => "it holds not a single candle".to_owned(),
        Some(first) if odd.bad >= good => {
            let rows = odd.bad + good;
            format!(
                "{} of {rows} rows are bad (row {}: {}); is the file named right?",
                odd.bad, first.number, first.flaw
            )
        }
        _ => return Ok(()),
    };
    Err(Failed::File(archive.refused(text)))
}

/// Pours the file's candles into the transaction, a chunk at a time. Gives the sums, and what was odd.
fn pour(write: &Write<'_>, archive: &Archive, origin: &Origin) -> Result<(Tally, Batch), Failed> {
    let ingest = write.add_ingest(origin)?;
    let mut sifter = Sifter::new(archive.key.timeframe, None, origin.fetched_at);
    let mut tally = Tally::default();
    let mut odd = Batch::default();
    let mut failed = None;
    let mut empty = |sifter: &mut Sifter| -> Result<(), StoreError> {
        let mut batch = sifter.take();
        tally += write.add_candles(&archive.key, ingest, &batch.candles)?;
        write.note_gaps(&archive.key, &batch.gaps, origin.fetched_at)?;
        if let Some((first, last)) = batch.candles.first().zip(batch.candles.last()) {
            let stretch = Stretch { from: first.open_time(), to: last.open_time() };
            write.settle_gaps(&archive.key, stretch, origin.fetched_at)?;
        }
        batch.candles.clear();
        odd.append(archive.key.timeframe, batch);
        Ok(())
    };
    let read = archive.rows(|row| {
        sifter.push(row);
        let full = sifter.len() >= CHUNK;
        match if full { empty(&mut sifter) } else { Ok(()) } {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    if let Some(error) = failed {
        return Err(Failed::Store(error));
    }
    read.map_err(Failed::File)?;
    empty(&mut sifter)?;
    tally.bad = odd.bad;
    Ok((tally, odd))
}
