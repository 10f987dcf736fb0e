//! Settings: flags, environment and file become one typed, validated value.
//!
//! Uses the pure rooms. Precedence is flag, environment, file, default. Unknown keys and values out of range are refused
//! with the key, the value, the allowed range, the file and the line. This room never touches anything but the
//! configuration file.

mod bounded;
mod digest;
mod environment;
mod error;
mod file;
mod metrics;
mod nearest;
mod health;
mod notify;
mod paths;
mod retention;
mod spelled;
mod strategy;
mod trading;
mod trend;
mod variation;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use digest::digest;
pub use environment::{Environment, environment};
pub use error::SettingsError;
use file::FileSettings;
pub use file::{Color, ExchangeSettings, LogFormat, LogLevel, LogSettings, TEMPLATE, secrets_in};
pub use metrics::{Metrics, Push};
pub use notify::{
    ChannelSettings, MAIL, MailSettings, MailTls, Notify, PingSettings, SecretSource, Way, WebhookKind, WebhookSettings,
};
pub use paths::Paths;
pub use retention::Retention;
pub use spelled::{AtLeastOne, Spelled};
pub use strategy::{Strategy, StrategyName};
pub use trading::Trading;
pub use variation::Variations;

use crate::health::Limits;
use crate::journal;
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
    /// `--summary-file`.
    pub summary_file: Option<PathBuf>,
    /// `--strategy`.
    pub strategy: Option<StrategyName>,
}

/// Everything a command needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// The database of live data.
    pub db: PathBuf,
    /// Whether the user named that database.
    db_named: bool,
    /// Where the summary of a cycle is also written.
    pub summary_file: Option<PathBuf>,
    /// Where metrics go.
    pub metrics: Metrics,
    /// How to write the log.
    pub log: LogSettings,
    /// The pairs, none twice.
    pub pairs: Vec<Symbol>,
    /// The timeframes to collect, the shortest first.
    pub timeframes: Vec<Timeframe>,
    /// How to talk to the exchange.
    pub exchange: ExchangeSettings,
    /// What decides.
    pub strategy: Strategy,
    /// How money is handled.
    pub trading: Trading,
    /// How long rows are kept.
    pub retention: Retention,
    /// Who is told what happens.
    pub notify: Notify,
    /// What is taken for healthy.
    pub health: Limits,
    /// Environment variables that begin like ours and mean nothing to us.
    pub unknown_variables: Vec<String>,
    keys: FileSettings,
}

impl Settings {
    /// Reads the file and the environment, and lets the flags win.
    pub fn load(flags: &Flags, environment: &[(String, String)], paths: &Paths) -> Result<Self, SettingsError> {
        let path = flags.config.as_ref().or(paths.config.as_ref());
        let text = path.map(|path| read(path, flags.config.is_some())).transpose()?.flatten();
        let from_file = match (path, &text) {
            (Some(path), Some(text)) => file::parse(path, text)?,
            _ => FileSettings::default(),
        };
        let (keys, unknown_variables) = file::overlay(from_file, environment)?;
        let file = text.and(path.cloned());
        Self::settle(keys, flags, paths, file, unknown_variables)
    }

    fn settle(
        mut keys: FileSettings,
        flags: &Flags,
        paths: &Paths,
        file: Option<PathBuf>,
        unknown_variables: Vec<String>,
    ) -> Result<Self, SettingsError> {
        let spelled = |pairs: &Vec<Symbol>| AtLeastOne::from_vec(pairs.iter().cloned().map(Spelled).collect());
        keys.pairs = flags.pairs.as_ref().and_then(spelled).unwrap_or(keys.pairs);
        let spelled = |lengths: &Vec<Timeframe>| AtLeastOne::from_vec(lengths.iter().copied().map(Spelled).collect());
        keys.timeframes = flags.timeframes.as_ref().and_then(spelled).unwrap_or(keys.timeframes);
        keys.exchange.base_urls =
            flags.base_urls.clone().and_then(AtLeastOne::from_vec).unwrap_or(keys.exchange.base_urls);
        keys.exchange.base_urls.distinct().iter().for_each(|address| journal::hide_secrets_of(address));
        keys.db = flags.db.clone().or(keys.db);
        keys.summary_file = flags.summary_file.clone().or(keys.summary_file);
        keys.strategy.name = flags.strategy.unwrap_or(keys.strategy.name);
        let strategy = Strategy::from_keys(&keys.strategy, &keys.trend, &keys.trading())?;
        let trading = keys.trading().settle(&keys.account, strategy.timeframe)?;
        keys.retention.check()?;
        let (notify, metrics) = (keys.notify.settle()?, keys.metrics.settle()?);
        let mut unknown_variables = unknown_variables;
        // Their names are the user's own choice.
        let secrets: BTreeSet<&str> = notify.variables().into_iter().chain(metrics.variable()).collect();
        unknown_variables.retain(|name| !secrets.contains(name.as_str()));
        Ok(Self {
            file,
            db: keys.db.clone().or(paths.db.clone()).ok_or(SettingsError::NoHome)?,
            db_named: keys.db.is_some(),
            summary_file: keys.summary_file.clone(),
            metrics,
            log: keys.log,
            pairs: keys.pairs.distinct().into_iter().map(|pair| pair.0).collect(),
            timeframes: sorted(keys.timeframes.distinct().into_iter().map(|t| t.0)),
            exchange: keys.exchange.clone(),
            strategy,
            trading,
            retention: keys.retention,
            notify,
            health: keys.health.limits(),
            unknown_variables,
            keys,
        })
    }

    /// The database of a recording: the one the user named, or one of its own. Live and recorded candles are never mixed,
    /// and neither are two recordings.
    pub fn replay_db(&self, recording: &Path) -> PathBuf {
        if self.db_named { self.db.clone() } else { self.db.with_file_name(paths::replay_file(recording)) }
    }

    /// The timeframes of a cycle: those to collect, and the one that is decided on.
    pub fn cycle_timeframes(&self) -> Vec<Timeframe> {
        sorted(self.timeframes.iter().copied().chain([self.strategy.timeframe]))
    }

    /// The settings as a configuration file that would give them again, but for what is secret.
    pub fn to_toml(&self) -> Result<String, SettingsError> {
        let text = toml::to_string_pretty(&self.keys).map_err(|e| SettingsError::Print(e.to_string()))?;
        Ok(journal::redacted(&text).into_owned())
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
