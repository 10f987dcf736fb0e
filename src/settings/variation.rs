//! The same settings with other values of some keys: what a sweep tries.

use toml::{Table, Value};

use super::file::FileSettings;
use super::nearest::nearest;
use super::{Settings, SettingsError, Strategy, Trading};

/// Sections whose keys may be varied.
const SECTIONS: [&str; 5] = ["strategy", "trend", "risk", "costs", "exits"];
/// Keys that say which candles are looked at: other ones would be another market.
const FIXED: [&str; 2] = ["strategy.name", "strategy.timeframe"];
/// Keys that change what is read of the candles, and not only what follows from it.
const READINGS: [&str; 3] = ["strategy.weights.", "trend.weights.", "exits.timeframe"];

/// Settings to be varied.
#[derive(Clone, Debug)]
pub struct Variations {
    keys: Table,
}

impl Variations {
    /// Of these settings.
    pub fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let keys = Table::try_from(&settings.keys).map_err(|e| SettingsError::Print(e.to_string()))?;
        Ok(Self { keys })
    }

    /// Whether a key changes what is read of the candles.
    pub fn changes_readings(key: &str) -> bool {
        READINGS.iter().any(|readings| key.starts_with(readings))
    }

    /// Whether a key may be varied and the value is one that it may have; whether it goes with those of other keys is
    /// another question.
    pub fn check(&self, key: &str, value: &str) -> Result<(), SettingsError> {
        self.keys_with(&[(key, value)]).map(drop)
    }

    /// The strategy and the handling of money with these values of these keys, each held to what the file would be held to.
    pub fn with(&self, values: &[(&str, &str)]) -> Result<(Strategy, Trading), SettingsError> {
        let keys = self.keys_with(values)?;
        let strategy = Strategy::from_keys(&keys.strategy, &keys.trend, &keys.trading())?;
        let trading = keys.trading().settle(&keys.account, strategy.timeframe)?;
        Ok((strategy, trading))
    }

    fn keys_with(&self, values: &[(&str, &str)]) -> Result<FileSettings, SettingsError> {
        let mut table = self.keys.clone();
        for (key, text) in values {
            let is_read = is_read(&table, key);
            let place = place(&mut table, key).filter(|_| is_varied(key)).ok_or_else(|| self.unknown(key))?;
            is_read.map_err(|strategy| refused_unread(key, &strategy))?;
            *place = read(place, text).ok_or_else(|| refused(key, text, "is no value of this key"))?;
        }
        Value::Table(table).try_into().map_err(|e| blamed(values, &e))
    }
}

impl Variations {
    fn unknown(&self, key: &str) -> SettingsError {
        let (mut keys, sections, fixed) = (Vec::new(), SECTIONS.join("], ["), FIXED.join(", "));
        collect(&self.keys, "", &mut keys);
        keys.retain(|key| is_varied(key) && is_read(&self.keys, key).is_ok());
        let meant = nearest(key, &keys).map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
        let text = format!("is no key that can be tried{meant}\n  keys of [{sections}] can, but {fixed}");
        SettingsError::Value { key: key.to_owned(), text }
    }
}

/// The keys of a table that have values, in full.
fn collect(table: &Table, before: &str, keys: &mut Vec<String>) {
    for (key, value) in table {
        match value {
            Value::Table(inner) => collect(inner, &format!("{before}{key}."), keys),
            _ => keys.push(format!("{before}{key}")),
        }
    }
}

fn is_varied(key: &str) -> bool {
    let section = key.split('.').next().unwrap_or_default();
    SECTIONS.contains(&section) && !FIXED.contains(&key)
}

/// Whether the strategy that is configured reads a key; else its name. Copies of the same thing would count as trials, and
/// keep each other company.
fn is_read(table: &Table, key: &str) -> Result<(), String> {
    let strategy = table.get("strategy").and_then(|strategy| strategy.get("name")?.as_str()).unwrap_or_default();
    let of_classic =
        ["strategy.buy_score", "strategy.sell_score"].contains(&key) || key.starts_with("strategy.weights.");
    let is_foreign = match strategy {
        "trend" => of_classic,
        _ => key.starts_with("trend."),
    };
    if is_foreign { Err(strategy.to_owned()) } else { Ok(()) }
}

fn refused_unread(key: &str, strategy: &str) -> SettingsError {
    SettingsError::Value { key: key.to_owned(), text: format!("the strategy `{strategy}` does not read it") }
}

/// The value that stands at a key; none where there is none, or more than one.
fn place<'t>(table: &'t mut Table, key: &str) -> Option<&'t mut Value> {
    let (section, rest) = key.split_once('.')?;
    match (table.get_mut(section)?, rest.contains('.')) {
        (Value::Table(inner), true) => place(inner, rest),
        (Value::Table(inner), false) => inner.get_mut(rest).filter(|value| !value.is_table()),
        _ => None,
    }
}

/// The text as a value of the same kind.
fn read(like: &Value, text: &str) -> Option<Value> {
    match like {
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Float(_) => text.parse().ok().map(Value::Float),
        Value::String(_) => Some(Value::String(text.to_owned())),
        _ => None,
    }
}

fn refused(key: &str, text: &str, why: &str) -> SettingsError {
    SettingsError::Value { key: key.to_owned(), text: format!("`{text}` {why}") }
}

/// Says which values it was; the message names the range.
fn blamed(values: &[(&str, &str)], error: &toml::de::Error) -> SettingsError {
    let keys: Vec<String> = values.iter().map(|(key, value)| format!("{key}={value}")).collect();
    SettingsError::Value { key: keys.join(" "), text: error.message().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::{Flags, Paths};
    use super::*;

    fn settings() -> Settings {
        let flags = Flags { db: Some("x.db".into()), ..Flags::default() };
        Settings::load(&flags, &[], &Paths::default()).unwrap()
    }

    #[test]
    fn values_mean_what_they_mean_in_the_file() {
        let settings = settings();
        let varied = Variations::of(&settings).unwrap();
        let values = [
            ("strategy.buy_score", "35"),
            ("strategy.weights.rsi", "0"),
            ("exits.stop_atr", "2.5"),
            ("exits.hold_h", "24"),
        ];
        let (strategy, trading) = varied.with(&values).unwrap();
        assert!((strategy.policy.thresholds.buy.get() - 35.0).abs() < 1e-12);
        assert_eq!((trading.exits.stop_atr, trading.exits.hold_ms), (2.5, Some(24 * 3_600_000)));
        let text = "[strategy]\nbuy_score = 35\n[strategy.weights]\nrsi = 0\n[exits]\nstop_atr = 2.5\nhold_h = 24\n";
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, text).unwrap();
        let flags = Flags { config: Some(file), db: Some("x.db".into()), ..Flags::default() };
        let from_file = Settings::load(&flags, &[], &Paths::default()).unwrap();
        assert_eq!((&strategy, &trading), (&from_file.strategy, &from_file.trading));
        assert_eq!(varied.with(&[]).unwrap().0.hash, settings.strategy.hash);
    }

    #[test]
    fn what_the_file_would_not_take_is_refused_with_the_key() {
        let varied = Variations::of(&settings()).unwrap();
        for (key, value, words) in [
            ("strategy.buy_score", "101", "strategy.buy_score=101"),
            ("strategy.buy_score", "much", "`much` is no value"),
            ("exits.hold_h", "1.5", "`1.5` is no value"),
            ("exits.timeframe", "7h", "exits.timeframe=7h"),
            ("strategy.name", "trend", "can be tried"),
            ("strategy.timeframe", "4h", "can be tried"),
            ("strategy.weights", "1", "can be tried"),
            ("account.start", "5", "can be tried"),
            ("risk.daily", "5", "can be tried"),
            ("trend.enter_score", "50", "the strategy `classic` does not read it"),
            ("buy_score", "5", "can be tried"),
            ("costs.half_spread_bps_of", "5", "can be tried"),
            ("risk.warning_drawdown_pct", "30", "risk.warning_drawdown_pct"),
        ] {
            let error = varied.with(&[(key, value)]).unwrap_err().to_string();
            assert!(error.contains(words), "{key}={value}: {error}");
        }
    }

    #[test]
    fn a_mistyped_key_is_told_what_it_may_have_meant() {
        let varied = Variations::of(&settings()).unwrap();
        for (key, meant) in [
            ("strategy.buy_scores", Some("strategy.buy_score")),
            ("strategy.weights.rsy", Some("strategy.weights.rsi")),
            ("exit.stop_atr", Some("exits.stop_atr")),
            ("stop_atr", Some("exits.stop_atr")),
            ("rsi", Some("strategy.weights.rsi")),
            ("strategy.name", None),
            ("pairs", None),
            ("", None),
        ] {
            let error = varied.check(key, "1").unwrap_err().to_string();
            assert_eq!(error.contains("did you mean"), meant.is_some(), "{key}: {error}");
            assert!(meant.is_none_or(|meant| error.contains(&format!("did you mean {meant}?"))), "{key}: {error}");
        }
    }

    #[test]
    fn a_value_by_itself_is_held_to_its_range_and_not_to_the_other_keys() {
        let varied = Variations::of(&settings()).unwrap();
        assert_eq!(varied.check("risk.warning_drawdown_pct", "30").map_err(|e| e.to_string()), Ok(()));
        for (key, value) in [("risk.warning_drawdown_pct", "101"), ("risk.warning", "30"), ("exits.stop_atr", "NaN")] {
            assert!(varied.check(key, value).is_err(), "{key}={value}");
        }
        let together = [("risk.warning_drawdown_pct", "30"), ("risk.emergency_drawdown_pct", "40")];
        assert!(varied.with(&together[..1]).is_err() && varied.with(&together).is_ok());
    }

    #[test]
    fn weights_and_the_candles_of_the_true_range_change_what_is_read() {
        let changing = ["strategy.weights.rsi", "trend.weights.tsmom", "exits.timeframe"];
        assert!(changing.into_iter().all(Variations::changes_readings));
        let following = ["strategy.buy_score", "trend.enter_score", "exits.stop_atr", "risk.heat_pct", "costs.fee_bps"];
        assert!(!following.into_iter().any(Variations::changes_readings));
    }
}
