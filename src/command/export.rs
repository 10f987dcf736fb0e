//! `trader db export`: whole tables as CSV or Parquet, row after row, into a file that appears whole or not at all.

mod columnar;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use self::columnar::Columnar;
use super::database::answer;
use super::output_file::Unwritable;
use super::output_file::place_of;
use super::progress::progress;
use super::show::refuse_what_does_not_apply;
use super::{Output, usage};
use crate::exit::Exit;
use crate::file::{Part, is_taken, resolved};
use crate::report::ExportReport;
use crate::settings::Settings;
use crate::store::{Access, Column, ColumnKind, Extent, Field, Store, StoreError, Topic, files_of};
use crate::unit::UtcMillis;

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values with a header; instants as RFC 3339.
    Csv,
    /// Apache Parquet: columns with real types.
    Parquet,
}

impl ExportFormat {
    const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct ExportAsked {
    /// Which rows.
    pub topic: Topic,
    /// Of them, which.
    pub extent: Extent,
    /// As what.
    pub format: ExportFormat,
    /// The file.
    pub out: PathBuf,
}

/// What may go wrong on the way of a row.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// Writes rows to a file that is not there yet.
pub fn db_export(settings: &Settings, asked: &ExportAsked, pretty: bool) -> anyhow::Result<Output> {
    refuse_what_does_not_apply(asked.topic, asked.extent.symbol.as_ref(), asked.extent.timeframe)?;
    let place = free_place(settings, &asked.out)?;
    let store = Store::open(&settings.db, Access::Read)?;
    // What is counted is what is written, whatever a run does meanwhile.
    let _at_one_moment = store.snapshot()?;
    let bar = progress("rows", store.count_of(asked.topic, &asked.extent)?);
    let written = write(&store, asked, &place, || bar.inc(1));
    bar.finish_and_clear();
    match written {
        Ok(rows) => {
            let bytes = std::fs::metadata(&place).map(|file| file.len()).unwrap_or_default();
            let told = ExportReport { file: asked.out.display().to_string(), format: asked.format.word(), rows, bytes };
            Ok(answer("trader.db_export.v1", Exit::Ok, told, pretty))
        }
        Err(Broken::Store(error)) => Err(error.into()),
        Err(Broken::Write(cause)) => Err(Unwritable::new(place, cause).into()),
    }
}

/// Nothing is written over, least of all what the program lives on.
fn free_place(settings: &Settings, out: &Path) -> anyhow::Result<PathBuf> {
    let refused = |text: &str| usage(format!("cannot write an export to {}: {text}", out.display()));
    let place = place_of(out).map_err(|text| refused(&text))?;
    if files_of(&settings.db).into_iter().chain(settings.file.clone()).any(|file| resolved(&file) == place) {
        return Err(refused("it is the database, the configuration or a file beside them"));
    }
    if is_taken(&place) { Err(refused("it exists; an export never overwrites anything")) } else { Ok(place) }
}

fn write(store: &Store, asked: &ExportAsked, place: &Path, told: impl Fn()) -> Result<u64, Broken> {
    let part = Part::beside(place)?;
    let file = BufWriter::new(File::options().write(true).truncate(true).open(part.path())?);
    let columns = store.columns_of(asked.topic)?;
    let mut rows = 0;
    match asked.format {
        ExportFormat::Csv => {
            let mut table = csv::Writer::from_writer(file);
            table.write_record(columns.iter().map(|column| &column.name)).map_err(io::Error::from)?;
            store.export(asked.topic, &asked.extent, |fields| {
                let cells = fields.iter().zip(&columns).map(|(field, column)| cell(field, column));
                table.write_record(cells).map_err(io::Error::from)?;
                rows += 1;
                told();
                Ok::<(), Broken>(())
            })?;
            table.into_inner().map_err(|e| io::Error::other(e.to_string()))?.flush()?;
        }
        ExportFormat::Parquet => {
            let mut table = Columnar::begin(file, &columns)?;
            store.export(asked.topic, &asked.extent, |fields| {
                table.add(fields)?;
                rows += 1;
                told();
                Ok::<(), Broken>(())
            })?;
            table.end()?;
        }
    }
    part.take_free_place()?;
    Ok(rows)
}

/// A field as people and scripts read it: instants as RFC 3339, what is unknown as nothing.
fn cell(field: &Field, column: &Column) -> String {
    match field {
        Field::Null => String::new(),
        Field::Text(text) => text.clone(),
        Field::Whole(ms) if column.kind == ColumnKind::Instant => UtcMillis::new(*ms).to_string(),
        Field::Whole(n) => n.to_string(),
        Field::Real(x) => x.to_string(),
    }
}
