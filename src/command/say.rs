//! What a command has to say, and saying it: data on stdout, nothing else.

use std::io::{self, Write};

use anyhow::Context;

use crate::exit::Exit;
use crate::report::{Format, Table};

/// What a command says on stdout, and how the program ends.
#[derive(Debug)]
pub struct Output {
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

impl Output {
    /// Says this and ends well.
    pub fn ok(text: impl Into<String>) -> Self {
        Self { text: text.into(), exit: Exit::Ok }
    }

    /// Says rows in the chosen format and ends well.
    pub fn table<N: AsRef<str>>(table: &Table<N>, style: Style) -> Self {
        Self::ok(match style.format {
            Format::Json => crate::report::to_json(table, style.pretty),
            Format::Csv => table.to_csv(),
            Format::Table => super::drawing::drawn(table),
        })
    }
}

/// Writes to stdout. A reader that went away is no error.
pub fn say(said: &Output) -> anyhow::Result<()> {
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
