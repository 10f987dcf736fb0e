//! The configuration file and the environment, key by key.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::SettingsError;
use super::bounded::{Real, Whole};
use super::health::HealthSettings;
use super::metrics::{self, MetricsSettings};
use super::notify::{NotifyKeys, WITHOUT_DEFAULT};
use super::retention::Retention;
use super::spelled::{AtLeastOne, Spelled};
use super::strategy::StrategySettings;
use super::trading::{AccountSettings, CostSettings, ExitSettings, ForecastSettings, RiskSettings, TradingKeys};
use super::trend::TrendSettings;
use crate::journal;
use crate::unit::{Symbol, Timeframe};

/// A commented configuration that says just what the defaults say; a test holds it to that.
pub const TEMPLATE: &str = include_str!("template.toml");

/// Every key of the configuration file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileSettings {
    /// The database of live data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub db: Option<PathBuf>,
    /// Where the summary of a cycle is also written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary_file: Option<PathBuf>,
    /// The pairs.
    pub pairs: AtLeastOne<Spelled<Symbol>>,
    /// The timeframes to collect.
    pub timeframes: AtLeastOne<Spelled<Timeframe>>,
    /// How to talk to the exchange.
    pub exchange: ExchangeSettings,
    /// What decides.
    pub strategy: StrategySettings,
    /// What the strategy `trend` goes by.
    pub trend: TrendSettings,
    /// Whose money.
    pub account: AccountSettings,
    /// How much of it may be lost.
    pub risk: RiskSettings,
    /// What trading costs.
    pub costs: CostSettings,
    /// How positions end.
    pub exits: ExitSettings,
    /// What is forecast.
    pub forecast: ForecastSettings,
    /// How long rows are kept.
    pub retention: Retention,
    /// Where metrics go.
    pub metrics: MetricsSettings,
    /// Who is told what happens.
    pub notify: NotifyKeys,
    /// What is taken for healthy.
    pub health: HealthSettings,
    /// How to write the log.
    pub log: LogSettings,
}

impl FileSettings {
    /// The sections that say how money is handled.
    pub(super) fn trading(&self) -> TradingKeys<'_> {
        TradingKeys { costs: &self.costs, exits: &self.exits, forecast: &self.forecast, risk: &self.risk }
    }
}

/// How to write the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// What is told.
    pub level: LogLevel,
    /// In which form.
    pub format: LogFormat,
    /// In colours or not.
    pub color: Color,
}

/// What the log tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What went wrong.
    Error,
    /// And what deserves a look.
    #[default]
    Warn,
    /// And what was done.
    Info,
    /// And every request.
    Debug,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

/// Colours in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

impl Default for FileSettings {
    fn default() -> Self {
        let pair = |coin| Symbol::new(coin, "USDT").expect("our own coins are pairs");
        let others = ["ETH", "SOL", "AVAX", "POL"].map(|coin| Spelled(pair(coin)));
        Self {
            db: None,
            summary_file: None,
            pairs: AtLeastOne::of(Spelled(pair("BTC")), others),
            timeframes: AtLeastOne::of(Spelled(Timeframe::M1), Timeframe::ALL.map(Spelled).into_iter().skip(1)),
            exchange: ExchangeSettings::default(),
            strategy: StrategySettings::default(),
            trend: TrendSettings::default(),
            account: AccountSettings::default(),
            risk: RiskSettings::default(),
            costs: CostSettings::default(),
            exits: ExitSettings::default(),
            forecast: ForecastSettings::default(),
            retention: Retention::default(),
            metrics: MetricsSettings::default(),
            notify: NotifyKeys::default(),
            health: HealthSettings::default(),
            log: LogSettings::default(),
        }
    }
}

/// How to talk to the exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExchangeSettings {
    /// Tried in order.
    pub base_urls: AtLeastOne<String>,
    /// Everything a run asks of the exchange ends within this.
    pub deadline_ms: Whole<50, 600_000>,
    /// To open a connection.
    pub connect_timeout_ms: Whole<10, 60_000>,
    /// Without a byte arriving.
    pub read_timeout_ms: Whole<10, 120_000>,
    /// For one request, body included.
    pub request_timeout_ms: Whole<10, 300_000>,
    /// Attempts at a request that may be tried again.
    pub max_attempts: Whole<1, 10>,
    /// The first pause between attempts; it doubles, and a random part of it is waited.
    pub retry_base_ms: Whole<0, 60_000>,
    /// Requests on their way at the same time.
    pub max_concurrent: Whole<1, 64>,
    /// The largest answer that is read, unpacked.
    pub max_response_bytes: Whole<1024, 67_108_864>,
    /// The share of the exchange's request weight that we use, in percent.
    pub weight_share_pct: Real<1, 100>,
}

impl ExchangeSettings {
    /// For a look: one attempt at each request, and all of them within so many milliseconds.
    pub fn hurry(&mut self, within_ms: i64) {
        let within = within_ms.clamp(50, 60_000);
        self.deadline_ms = Whole::new(self.deadline_ms.get().min(within));
        self.connect_timeout_ms = Whole::new(self.connect_timeout_ms.get().min(within));
        self.read_timeout_ms = Whole::new(self.read_timeout_ms.get().min(within));
        self.request_timeout_ms = Whole::new(self.request_timeout_ms.get().min(within));
        self.max_attempts = Whole::new(1);
    }

    /// The same in a hurry, of one host alone.
    #[must_use]
    pub fn only(&self, base_url: &str, within_ms: i64) -> Self {
        let mut only = Self { base_urls: AtLeastOne::of(base_url.to_owned(), []), ..self.clone() };
        only.hurry(within_ms);
        only
    }
}

impl Default for ExchangeSettings {
    fn default() -> Self {
        Self {
            base_urls: AtLeastOne::of(
                "https://data-api.binance.vision".to_owned(),
                ["https://api.binance.com".to_owned()],
            ),
            deadline_ms: Whole::new(60_000),
            connect_timeout_ms: Whole::new(5_000),
            read_timeout_ms: Whole::new(10_000),
            request_timeout_ms: Whole::new(20_000),
            max_attempts: Whole::new(3),
            retry_base_ms: Whole::new(500),
            max_concurrent: Whole::new(60),
            max_response_bytes: Whole::new(8_388_608),
            weight_share_pct: Real::new(50.0),
        }
    }
}

/// The keys in a configuration's text that hold a secret, by what such keys are called. Values are never told.
pub fn secrets_in(text: &str) -> Vec<String> {
    const CALLED: [&str; 6] = ["password", "secret", "token", "webhook", "api_key", "credential"];
    fn below(table: &Table, prefix: &str, secrets: &mut Vec<String>) {
        for (key, value) in table {
            let path = format!("{prefix}{key}");
            match value {
                Value::Table(inner) => below(inner, &format!("{path}."), secrets),
                Value::String(text) if text.is_empty() => {}
                // These say where a secret is.
                _ if key.ends_with("_env") || key.ends_with("_file") => {}
                _ if CALLED.iter().any(|word| key.to_lowercase().contains(word)) => secrets.push(path),
                _ => {}
            }
        }
    }
    let mut secrets = Vec::new();
    below(&toml::from_str(text).unwrap_or_default(), "", &mut secrets);
    secrets
}

/// Reads a file's text. Errors of the TOML reader name line, column and key.
pub(super) fn parse(path: &Path, text: &str) -> Result<FileSettings, SettingsError> {
    let refused = |text: String| SettingsError::File { path: path.to_owned(), text };
    toml::from_str(text).map_err(|e| refused(told(&e, text)))
}

/// Keys that no section has, because what would stand there is nobody's business.
const SECRETS: [&str; 5] = ["password", "push_password", "url", "token", "secret"];

/// What the TOML reader says, with the line it is about, unless somebody wrote a secret there.
fn told(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = text.lines().nth(before.matches('\n').count()).unwrap_or_default();
    if let Some(key) = SECRETS.iter().find(|key| sets(line, key)) {
        let number = before.matches('\n').count() + 1;
        return format!(
            "line {number}: `{key}` is no key: secrets do not stand in the configuration; {key}_env names an environment \
             variable, {key}_file a file that nobody else may read"
        );
    }
    // The error shows the line, and a line may hold an address with a password.
    let shown = error.to_string();
    if holds_a_login(&shown) {
        let number = before.matches('\n').count() + 1;
        return format!(
            "line {number} is not understood, and not shown: it holds an address with a user or a password, which do not \
             stand in the configuration"
        );
    }
    journal::redacted(shown.trim_end()).into_owned()
}

/// Whether somebody wrote what may be a user or a password into an address. Where such an address ends cannot be told from a
/// slip: a password may hold any sign.
fn holds_a_login(text: &str) -> bool {
    text.lines().any(|line| line.split_once("://").is_some_and(|(_, rest)| rest.contains('@')))
}

/// Whether a line gives this key a value, in a table of its own or within braces.
fn sets(line: &str, key: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    line.match_indices(key).any(|(at, _)| {
        let rest = line[at + key.len()..].trim_start_matches(['"', '\'']).trim_start();
        rest.starts_with('=') && !line[..at].ends_with(is_part)
    })
}

/// Lays the environment over the file: `TRADER_EXCHANGE_DEADLINE_MS` sets `deadline_ms` in `[exchange]`.
///
/// Also gives the names of variables that begin with `TRADER_` and mean nothing to us.
pub(super) fn overlay(
    keys: FileSettings,
    environment: &[(String, String)],
) -> Result<(FileSettings, Vec<String>), SettingsError> {
    let mut table = Table::try_from(&keys).map_err(|e| SettingsError::Print(e.to_string()))?;
    // Keys without a default have no place in the table yet, but their variables have a meaning all the same.
    for key in ["db", "summary_file"] {
        table.entry(key).or_insert_with(|| Value::String(String::new()));
    }
    let unset = metrics::UNSET.map(|key| format!("metrics.{key}"));
    for path in WITHOUT_DEFAULT.iter().copied().chain(unset.iter().map(String::as_str)) {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        if !holds(&table, &path) {
            put(&mut table, &path, Value::String(String::new()));
        }
    }
    let mut keys = keys;
    let mut unknown_variables = Vec::new();
    for (name, value) in environment {
        let name = if name == "TRADER_BASE_URL" { "TRADER_EXCHANGE_BASE_URLS" } else { name };
        let Some(path) = key_of(&table, "TRADER", name) else {
            unknown_variables.extend((name.starts_with("TRADER_") && !FLAGS.contains(&name)).then(|| name.to_owned()));
            continue;
        };
        keys = with_variable(&keys, &path, name, value)?;
    }
    Ok((keys, unknown_variables))
}

/// Variables that the command line reads itself.
const FLAGS: [&str; 8] = [
    "TRADER_CONFIG",
    "TRADER_DB",
    "TRADER_PAIRS",
    "TRADER_TIMEFRAMES",
    "TRADER_BASE_URL",
    "TRADER_LOG_FORMAT",
    "TRADER_COLOR",
    "TRADER_SUMMARY_FILE",
];

/// The path of the key that a variable sets.
fn key_of(table: &Table, prefix: &str, name: &str) -> Option<Vec<String>> {
    table.iter().find_map(|(key, value)| {
        let ours = format!("{prefix}_{}", key.to_uppercase());
        match value {
            Value::Table(inner) => key_of(inner, &ours, name).map(|rest| [vec![key.clone()], rest].concat()),
            _ => (ours == name).then(|| vec![key.clone()]),
        }
    })
}

fn with_variable(keys: &FileSettings, path: &[String], name: &str, text: &str) -> Result<FileSettings, SettingsError> {
    let value = if holds_a_login(text) { "***" } else { text };
    let refused =
        |reason: String| SettingsError::Variable { name: name.to_owned(), value: value.to_owned(), text: reason };
    let mut table = Table::try_from(keys).map_err(|e| SettingsError::Print(e.to_string()))?;
    put(&mut table, path, value_of(text, path));
    Value::Table(table).try_into().map_err(|e: toml::de::Error| refused(e.message().to_owned()))
}

/// What a variable's text means: a list where the key holds one, else TOML, else plain text.
fn value_of(text: &str, path: &[String]) -> Value {
    let key = path.last().map_or("", String::as_str);
    let parsed = |text: &str| toml::from_str::<Table>(&format!("x = {text}")).ok().and_then(|mut t| t.remove("x"));
    let plain = |text: &str| Value::String(text.to_owned());
    let parts = text.split(',').map(str::trim);
    match key {
        "pairs" | "timeframes" | "base_urls" | "to" if !text.starts_with('[') => {
            Value::Array(parts.map(plain).collect())
        }
        "horizons_h" if !text.starts_with('[') => {
            Value::Array(parts.map(|part| parsed(part).unwrap_or_else(|| plain(part))).collect())
        }
        _ => parsed(text).unwrap_or_else(|| plain(text)),
    }
}

fn holds(table: &Table, path: &[String]) -> bool {
    match path {
        [] => false,
        [key] => table.contains_key(key),
        [key, rest @ ..] => table.get(key).and_then(Value::as_table).is_some_and(|inner| holds(inner, rest)),
    }
}

fn put(table: &mut Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [key] => {
            table.insert(key.clone(), value);
        }
        [key, rest @ ..] => {
            if let Some(Value::Table(inner)) = table.get_mut(key) {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_sets_the_key_it_spells() {
        let table = Table::try_from(FileSettings::default()).unwrap();
        for (name, path) in [
            ("TRADER_PAIRS", "pairs"),
            ("TRADER_EXCHANGE_DEADLINE_MS", "exchange.deadline_ms"),
            ("TRADER_STRATEGY_WEIGHTS_EMA_200", "strategy.weights.ema_200"),
            ("TRADER_LOG_LEVEL", "log.level"),
            ("TRADER_STRATEGY_WEIGHTS", ""),
            ("TRADER_DEADLINE_MS", ""),
            ("TRADER_pairs", ""),
            ("PAIRS", ""),
        ] {
            assert_eq!(key_of(&table, "TRADER", name).unwrap_or_default().join("."), path, "{name}");
        }
    }

    #[test]
    fn a_variables_text_is_a_list_where_the_key_holds_one_else_toml_else_plain() {
        let (text, list) = (|t: &str| Value::from(t), |parts: &[&str]| Value::from(parts.to_vec()));
        for (key, said, meant) in [
            ("deadline_ms", "5000", Value::from(5000)),
            ("rsi", "1.5", Value::from(1.5)),
            ("timeframe", "4h", text("4h")),
            ("timeframe", "\"4h\"", text("4h")),
            ("db", "/var/lib/a b.db", text("/var/lib/a b.db")),
            ("db", "", text("")),
            ("pairs", "BTC/USDT, ETHUSDT", list(&["BTC/USDT", "ETHUSDT"])),
            ("timeframes", "1h", list(&["1h"])),
            ("horizons_h", "4, 24", Value::from(vec![4, 24])),
            ("base_urls", "[\"https://a\", \"https://b\"]", list(&["https://a", "https://b"])),
        ] {
            assert_eq!(value_of(said, &["section".to_owned(), key.to_owned()]), meant, "{key}: {said}");
        }
    }
}
