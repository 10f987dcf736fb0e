//! Settings: flags, environment and file become one typed, validated value.
//!
//! Uses the pure rooms. Precedence is flag, environment, file, default. Unknown keys and values out of range are refused
//! with the key, the value, the allowed range, the file and the line. This room never touches anything but the
//! configuration file.

mod bounded;
mod error;
mod file;
mod paths;
mod spelled;
mod strategy;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use error::SettingsError;
pub use file::{ExchangeSettings, FileSettings, TEMPLATE};
pub use paths::Paths;
pub use spelled::{AtLeastOne, Spelled};
pub use strategy::Strategy;

use crate::unit::{Symbol, Timeframe};

/// What the command line says; `None` where it says nothing.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--db`.
    pub db: Option<PathBuf>,
    /// `--pairs`.
    pub pairs: Option<Vec<Symbol>>,
    /// `--timeframes`.
    pub timeframes: Option<Vec<Timeframe>>,
    /// `--base-url`.
    pub base_urls: Option<Vec<String>>,
}

/// Everything a command needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// The database of live data.
    pub db: PathBuf,
    /// Whether the user named that database (by flag, environment or file).
    pub db_named: bool,
    /// The pairs, none twice.
    pub pairs: Vec<Symbol>,
    /// The timeframes to collect, the shortest first.
    pub timeframes: Vec<Timeframe>,
    /// How to talk to the exchange.
    pub exchange: ExchangeSettings,
    /// What decides.
    pub strategy: Strategy,
    /// Environment variables that begin like ours and mean nothing to us.
    pub unknown_variables: Vec<String>,
    keys: FileSettings,
}

impl Settings {
    /// Reads the file and the environment, and lets the flags win.
    pub fn load(flags: &Flags, environment: &[(String, String)], paths: &Paths) -> Result<Self, SettingsError> {
        let named = flags.config.is_some();
        let path = flags.config.clone().unwrap_or_else(|| paths.config.clone());
        let text = read(&path, named)?;
        let from_file = file::parse(&path, text.as_deref().unwrap_or_default())?;
        let (keys, unknown_variables) = file::overlay(from_file, environment)?;
        let file = text.map(|_| path);
        Ok(Self::settle(keys, flags, paths, file, unknown_variables))
    }

    fn settle(
        mut keys: FileSettings,
        flags: &Flags,
        paths: &Paths,
        file: Option<PathBuf>,
        unknown_variables: Vec<String>,
    ) -> Self {
        if let Some(pairs) = &flags.pairs {
            keys.pairs = AtLeastOne::new(pairs.iter().cloned().map(Spelled).collect());
        }
        if let Some(timeframes) = &flags.timeframes {
            keys.timeframes = AtLeastOne::new(timeframes.iter().copied().map(Spelled).collect());
        }
        if let Some(urls) = &flags.base_urls {
            keys.exchange.base_urls = AtLeastOne::new(urls.clone());
        }
        if let Some(db) = flags.db.clone() {
            keys.db = Some(db);
        }
        let strategy = Strategy::from_keys(&keys.strategy);
        Self {
            file,
            db_named: keys.db.is_some(),
            db: keys.db.clone().unwrap_or_else(|| paths.db.clone()),
            pairs: keys.pairs.distinct().into_iter().map(|pair| pair.0).collect(),
            timeframes: sorted(keys.timeframes.distinct().into_iter().map(|t| t.0)),
            exchange: keys.exchange.clone(),
            strategy,
            unknown_variables,
            keys,
        }
    }

    /// The timeframes of a cycle: those to collect, and the one that is decided on.
    pub fn cycle_timeframes(&self) -> Vec<Timeframe> {
        sorted(self.timeframes.iter().copied().chain([self.strategy.timeframe]))
    }

    /// The settings as a configuration file that would give them again.
    pub fn to_toml(&self) -> Result<String, SettingsError> {
        let keys = FileSettings { db: Some(self.db.clone()), ..self.keys.clone() };
        toml::to_string_pretty(&keys).map_err(|e| SettingsError::Print(e.to_string()))
    }
}

fn read(path: &Path, named: bool) -> Result<Option<String>, SettingsError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !named => Ok(None),
        Err(cause) => Err(SettingsError::Read { path: path.to_owned(), cause }),
    }
}

fn sorted(timeframes: impl Iterator<Item = Timeframe>) -> Vec<Timeframe> {
    timeframes.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests;
