//! What a command has to say, and saying it: data on stdout, nothing else.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::exit::Exit;
use crate::report::{Format, Table};

/// What a command says on stdout, and how the program ends.
#[derive(Debug)]
pub struct Said {
    /// The text; empty when there is nothing to say.
    pub text: String,
    /// How the program ends.
    pub exit: Exit,
}

/// How stdout is to look.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// JSON on many lines.
    pub pretty: bool,
    /// How rows are written.
    pub format: Format,
}

impl Said {
    /// Says this and ends well.
    pub fn ok(text: impl Into<String>) -> Self {
        Self { text: text.into(), exit: Exit::Ok }
    }

    /// Says rows in the chosen format and ends well.
    pub fn table(table: &Table, style: Style) -> Self {
        Self::ok(match style.format {
            Format::Json => crate::report::to_json(table, style.pretty),
            Format::Csv => table.to_csv(),
            Format::Table => drawn(table),
        })
    }
}

/// A table for people, numbers to the right.
fn drawn(table: &Table) -> String {
    use comfy_table::{Cell, CellAlignment, ContentArrangement, presets};
    let mut drawing = comfy_table::Table::new();
    drawing.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    drawing.set_header(table.columns.iter());
    for row in &table.rows {
        let cells = row.iter().map(|cell| {
            let drawn = Cell::new(cell.text());
            if cell.is_number() { drawn.set_alignment(CellAlignment::Right) } else { drawn }
        });
        drawing.add_row(cells);
    }
    drawing.to_string()
}

/// Writes to stdout. A reader that went away is no error.
pub fn say(said: &Said) -> anyhow::Result<()> {
    if said.text.is_empty() {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    let end = if said.text.ends_with('\n') { "" } else { "\n" };
    match write!(stdout, "{}{end}", said.text).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to stdout"),
    }
}

/// Something is wrong with what was asked for: exit 2, before anything was touched.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(String);

/// That something is wrong with what was asked for.
pub fn usage(text: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(UsageError(text.into()))
}

/// A file that is written whole or not at all: whoever reads it finds all of it or the one before.
#[derive(Debug)]
pub(super) struct SummaryFile {
    path: PathBuf,
    part: NamedPart,
}

/// The file beside it that becomes it; removed when it does not.
#[derive(Debug)]
struct NamedPart(PathBuf);

impl Drop for NamedPart {
    fn drop(&mut self) {
        // After the renaming there is nothing left to remove.
        drop(std::fs::remove_file(&self.0));
    }
}

impl SummaryFile {
    /// Makes sure, before anything is done, that it can be written.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut part = path.as_os_str().to_owned();
        part.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(part);
        std::fs::File::create(&part).map_err(|e| usage(format!("cannot write {}: {e}", path.display())))?;
        Ok(Self { path: path.to_owned(), part: NamedPart(part) })
    }

    pub(super) fn write(self, text: &str) -> anyhow::Result<()> {
        std::fs::write(&self.part.0, format!("{text}\n"))
            .and_then(|()| std::fs::rename(&self.part.0, &self.path))
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}
