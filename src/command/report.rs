//! `trader report`: what the paper account really did.

mod facts;
mod figures;
mod story;

use std::path::{Path, PathBuf};

use self::facts::document;
use self::figures::table;
use self::story::story;
use super::output_file::OutputFile;
use super::say::{Output, Style};
use super::usage;
use crate::report::{Format, LifePage, to_json};
use crate::settings::Settings;
use crate::store::{Access, Store, files_of};
use crate::unit::UtcMillis;

/// What is to be told.
#[derive(Clone, Debug, Default)]
pub struct ReportAsked {
    /// From this instant on.
    pub since: Option<UtcMillis>,
    /// And before this one.
    pub until: Option<UtcMillis>,
    /// On a page as well.
    pub html: Option<PathBuf>,
}

/// Tells what the account did, and draws it on a page where that is asked for.
pub fn report(settings: &Settings, asked: &ReportAsked, style: Style) -> anyhow::Result<Output> {
    if asked.since.zip(asked.until).is_some_and(|(since, until)| since >= until) {
        return Err(usage("--since lies not before --until"));
    }
    let page = asked.html.as_deref().map(|file| page_file(settings, file)).transpose()?;
    let store = Store::open(&settings.db, Access::Read)?;
    let told = {
        let _snapshot = store.snapshot()?;
        document(&store, settings, asked)?
    };
    if let Some(page) = page {
        let drawn = LifePage { document: &told.document, equity: &told.equity, judged: &told.judged };
        page.write(&drawn.html())?;
    }
    Ok(match style.format {
        Format::Json => Output::ok(to_json(&told.document, style.pretty)),
        Format::Csv => Output::table(&table(&told.document), style),
        Format::Table => Output::ok(story(&told.document, style)),
    })
}

/// A page never takes the place of a file that the program lives on.
fn page_file(settings: &Settings, file: &Path) -> anyhow::Result<OutputFile> {
    let ours: Vec<_> = files_of(&settings.db).into_iter().chain(settings.file.clone()).collect();
    OutputFile::open("the page", file, &ours)
}
