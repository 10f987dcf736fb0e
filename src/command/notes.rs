//! What a run has to tell besides its results: warnings and errors, each with its place.

use crate::exchange::Fault;
use crate::market::{Batch, SeriesKey};
use crate::report::{Problem, Warning};
use crate::store::StoreError;
use crate::unit::{Symbol, Timeframe};

/// Warnings and errors, in the order they came up.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) warnings: Vec<Warning>,
    pub(super) errors: Vec<Problem>,
}

/// What a note is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum About<'a> {
    Run,
    Pair(&'a Symbol),
    Series(&'a SeriesKey),
}

impl About<'_> {
    fn symbol(self) -> Option<Symbol> {
        match self {
            Self::Run => None,
            Self::Pair(symbol) => Some(symbol.clone()),
            Self::Series(key) => Some(key.symbol.clone()),
        }
    }

    fn timeframe(self) -> Option<&'static str> {
        match self {
            Self::Run | Self::Pair(_) => None,
            Self::Series(key) => Some(Timeframe::name(key.timeframe)),
        }
    }

    fn prefix(self) -> String {
        match self {
            Self::Run => String::new(),
            Self::Pair(symbol) => format!("{symbol}: "),
            Self::Series(key) => format!("{key}: "),
        }
    }

    /// Writes it to the log, with what it is about for whoever filters it.
    fn log(self, level: log::Level, code: &str, text: &str) {
        let (prefix, symbol) = (self.prefix(), self.symbol());
        match (symbol.as_ref().map(Symbol::as_str), self.timeframe()) {
            (None, _) => log::log!(level, code = code; "{prefix}{text}"),
            (Some(symbol), None) => log::log!(level, code = code, symbol = symbol; "{prefix}{text}"),
            (Some(symbol), Some(timeframe)) => {
                log::log!(level, code = code, symbol = symbol, timeframe = timeframe; "{prefix}{text}");
            }
        }
    }
}

impl Notes {
    pub(super) fn warn(&mut self, code: &'static str, about: About<'_>, text: String) {
        about.log(log::Level::Warn, code, &text);
        self.warnings.push(Warning { code, symbol: about.symbol(), timeframe: about.timeframe(), text });
    }

    pub(super) fn complain(&mut self, code: &'static str, about: About<'_>, text: String, remedy: &str) {
        about.log(log::Level::Error, code, &format!("{text} ({remedy})"));
        let (symbol, timeframe, remedy) = (about.symbol(), about.timeframe(), remedy.to_owned());
        self.errors.push(Problem { code, symbol, timeframe, text, remedy });
    }

    pub(super) fn fault(&mut self, about: About<'_>, fault: &Fault) {
        let text = fault.to_string();
        let told = matches!(about, About::Run) && self.errors.iter().any(|e| e.symbol.is_none() && e.text == text);
        if !told {
            self.complain(fault.code(), about, text, fault.remedy());
        }
    }

    /// Whether such a fault was told of the whole run.
    pub(super) fn blames_everything_on(&self, fault: &Fault) -> bool {
        self.errors.iter().any(|e| e.symbol.is_none() && e.code == fault.code())
    }

    pub(super) fn store(&mut self, error: &StoreError) {
        self.complain(error.code(), About::Run, error.to_string(), error.remedy());
    }

    /// What a batch of candles left out.
    pub(super) fn bad_rows(&mut self, key: &SeriesKey, batch: &Batch) {
        if let Some(text) = left_out(batch) {
            self.complain("bad_rows", About::Series(key), text, "nothing to do: what is left out is asked for again");
        }
    }

    /// The same of a series that nothing of this run rests on.
    pub(super) fn bad_rows_aside(&mut self, key: &SeriesKey, batch: &Batch) {
        if let Some(text) = left_out(batch) {
            self.warn("bad_rows", About::Series(key), text);
        }
    }

    /// What a batch of candles left out or lacks.
    pub(super) fn batch(&mut self, key: &SeriesKey, batch: &Batch) {
        self.bad_rows(key, batch);
        self.lacks(key, batch);
    }

    /// What a batch of candles lacks.
    pub(super) fn lacks(&mut self, key: &SeriesKey, batch: &Batch) {
        if let Some(first) = batch.gaps.first() {
            let missing: i64 = batch.gaps.iter().map(|g| g.candles(key.timeframe)).sum();
            let text = format!("{missing} candles missing, the first at {}", first.from);
            self.warn("gap", About::Series(key), text);
        }
        if batch.ended_early > 0 {
            let text = format!("{} candles ended before their time, as before an outage", batch.ended_early);
            self.warn("ended_early", About::Series(key), text);
        }
    }
}

fn left_out(batch: &Batch) -> Option<String> {
    let first = batch.bad_rows.first()?;
    let when = first.open_time.map(|t| format!(" ({t})")).unwrap_or_default();
    Some(format!("{} bad rows left out; the first is row {}{when}: {}", batch.bad, first.number, first.flaw))
}
