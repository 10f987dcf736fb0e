//! Precedence, refusals and the template.

use super::*;

fn paths() -> Paths {
    Paths::from_environment(&[("HOME".to_owned(), "/nowhere".to_owned())])
}

fn load(text: &str, environment: &[(&str, &str)], flags: Flags) -> Result<Settings, SettingsError> {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config.toml");
    std::fs::write(&config, text).unwrap();
    let environment: Vec<(String, String)> =
        environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Settings::load(&Flags { config: Some(config), ..flags }, &environment, &paths())
}

#[test]
fn the_template_says_just_what_the_defaults_say() {
    let (template, plain) = (load(TEMPLATE, &[], Flags::default()).unwrap(), load("", &[], Flags::default()).unwrap());
    assert_eq!(template.strategy, plain.strategy);
    assert_eq!(template.exchange, plain.exchange);
    assert_eq!((template.pairs, template.timeframes, template.db), (plain.pairs, plain.timeframes, plain.db));
    assert_eq!((template.log, template.summary_file), (plain.log, plain.summary_file));
    let table: toml::Table = toml::from_str(TEMPLATE).unwrap();
    let defaults = toml::Table::try_from(FileSettings::default()).unwrap();
    assert_eq!(template.trading, plain.trading);
    for section in ["exchange", "strategy", "account", "risk", "costs", "exits", "forecast", "metrics", "log"] {
        let keys = |t: &toml::Table| t[section].as_table().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&table), keys(&defaults), "[{section}] names every key");
    }
}

#[test]
fn a_flag_wins_over_the_environment_the_environment_over_the_file_and_the_file_over_the_default() {
    let deadline = |text, environment: &[(&str, &str)]| {
        load(text, environment, Flags::default()).unwrap().exchange.deadline_ms.get()
    };
    assert_eq!(deadline("", &[]), 60_000);
    assert_eq!(deadline("[exchange]\ndeadline_ms = 5000", &[]), 5000);
    assert_eq!(deadline("[exchange]\ndeadline_ms = 5000", &[("TRADER_EXCHANGE_DEADLINE_MS", "7000")]), 7000);
    let flags = Flags { pairs: Some(vec!["ETH/USDT".parse().unwrap()]), ..Flags::default() };
    let settings = load("pairs = [\"BTC/USDT\"]", &[("TRADER_PAIRS", "SOL/USDT")], flags).unwrap();
    assert_eq!(settings.pairs[0].as_str(), "ETH/USDT");
    let settings = load("pairs = [\"BTC/USDT\"]", &[("TRADER_PAIRS", "SOL/USDT, ETHUSDT")], Flags::default()).unwrap();
    assert_eq!(settings.pairs.iter().map(Symbol::as_str).collect::<Vec<_>>(), ["SOL/USDT", "ETH/USDT"]);
    let settings = load("db = \"/a\"", &[("TRADER_DB", "/b")], Flags::default()).unwrap();
    assert_eq!(settings.db, PathBuf::from("/b"));
}

#[test]
fn what_cannot_be_used_is_refused_with_key_value_range_and_line() {
    for (text, environment, words) in [
        ("\n[exchange]\ndeadlin_ms = 5", vec![], vec!["config.toml", "line 3", "deadlin_ms"]),
        (
            "[exchange]\ndeadline_ms = 5",
            vec![],
            vec!["config.toml", "line 2", "deadline_ms", "5 is out of range: 50 to 600000"],
        ),
        ("[risk]\nwarning_drawdown_pct = 25", vec![], vec!["risk.warning_drawdown_pct", "25 is out of range: below"]),
        ("[risk]\nper_trade_pct = 0", vec![], vec!["risk.per_trade_pct", "0 is out of range: above 0"]),
        ("[risk]\nper_trade_pct = 11", vec![], vec!["line 2", "per_trade_pct", "11 is out of range: 0 to 10"]),
        ("[costs]\nparticipation_pct = 0", vec![], vec!["costs.participation_pct", "above 0"]),
        ("[costs.half_spread_bps_of]\nnonsense = 1", vec![], vec!["costs.half_spread_bps_of", "nonsense"]),
        ("[account]\nasset = \"us dollar\"", vec![], vec!["line 2", "asset", "names no asset"]),
        ("[strategy]\nbuy_score = 101", vec![], vec!["line 2", "buy_score", "101 is out of range: 1 to 100"]),
        ("[strategy]\nbuy_score = \"high\"", vec![], vec!["line 2", "buy_score", "number"]),
        ("pairs = 3", vec![], vec!["line 1", "pairs"]),
        ("pairs = []", vec![], vec!["pairs", "at least one"]),
        ("pairs = [\"BTC\"]", vec![], vec!["pairs", "BTC", "slash"]),
        ("[strategy.weights]\nluck = 3", vec![], vec!["line 2", "luck", "ema_trend"]),
        ("[strategy]\nname = \"magic\"", vec![], vec!["line 2", "name", "magic", "classic"]),
        ("", vec![("TRADER_EXCHANGE_MAX_ATTEMPTS", "99")], vec!["TRADER_EXCHANGE_MAX_ATTEMPTS=99", "1 to 10"]),
        ("", vec![("TRADER_STRATEGY_MAX_AGE_S", "soon")], vec!["TRADER_STRATEGY_MAX_AGE_S=soon"]),
    ] {
        let error = load(text, &environment, Flags::default()).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "`{word}` is missing in: {error}");
        }
    }
}

#[test]
fn a_variable_that_means_nothing_is_named() {
    let settings =
        load("", &[("TRADER_EXCHANGE_DEADLINE", "5"), ("TRADER_COLOR", "never"), ("HOME", "/")], Flags::default())
            .unwrap();
    assert_eq!(settings.unknown_variables, ["TRADER_EXCHANGE_DEADLINE"]);
}

#[test]
fn a_named_file_must_exist_and_an_unnamed_one_need_not() {
    let flags = Flags { config: Some("/nowhere/else.toml".into()), ..Flags::default() };
    assert!(Settings::load(&flags, &[], &paths()).unwrap_err().to_string().contains("/nowhere/else.toml"));
    assert!(Settings::load(&Flags::default(), &[], &paths()).is_ok());
}

#[test]
fn the_hash_names_all_that_is_decided_by_and_nothing_else() {
    let hash = |text: &str| load(text, &[], Flags::default()).unwrap().strategy.hash;
    let plain = hash("");
    assert_eq!(plain.len(), 16);
    assert_eq!(hash("pairs = [\"BTC/USDT\"]\n[exchange]\nmax_attempts = 1"), plain);
    for change in [
        "buy_score = 41",
        "sell_score = -41",
        "max_age_s = 5400",
        "max_missing = 1",
        "timeframe = \"4h\"",
        "[strategy.weights]\nrsi = 14",
    ] {
        let text = format!("[strategy]\n{change}");
        assert_ne!(hash(&text), plain, "{change}");
    }
}

#[test]
fn stored_parameters_give_the_same_strategy_again() {
    let strategy = load("[strategy.weights]\nrsi = 3.5", &[], Flags::default()).unwrap().strategy;
    assert_eq!(Strategy::stored(&strategy.parameters), Some(strategy));
    assert_eq!(Strategy::stored("{}"), None);
}

#[test]
fn the_decision_timeframe_is_always_collected_and_printed_settings_read_back() {
    let settings = load("timeframes = [\"1d\", \"1m\", \"1d\"]", &[], Flags::default()).unwrap();
    assert_eq!(settings.timeframes, [Timeframe::M1, Timeframe::D1]);
    assert_eq!(settings.cycle_timeframes(), [Timeframe::M1, Timeframe::H1, Timeframe::D1]);
    let again = load(&settings.to_toml().unwrap(), &[], Flags::default()).unwrap();
    assert_eq!((again.pairs, again.strategy, again.exchange), (settings.pairs, settings.strategy, settings.exchange));
}

#[test]
fn horizons_are_whole_candles() {
    let hours = |timeframe: &str| -> Vec<i64> {
        let file = format!("[strategy]\ntimeframe = \"{timeframe}\"\n[forecast]\nhorizons_h = [3, 6, 8, 30]");
        let settings = load(&file, &[], Flags::default()).unwrap();
        settings.trading.horizons_ms.iter().map(|ms| ms / 3_600_000).collect()
    };
    for (timeframe, horizons) in [("1h", vec![3, 6, 8, 30]), ("4h", vec![4, 8, 32]), ("1d", vec![24, 48])] {
        assert_eq!(hours(timeframe), horizons, "{timeframe}");
    }
}

#[test]
fn without_a_home_the_database_must_be_named() {
    let nowhere = Paths::from_environment(&[("HOME".to_owned(), "relative".to_owned())]);
    assert_eq!(nowhere, Paths::default());
    let error = Settings::load(&Flags::default(), &[], &nowhere).unwrap_err().to_string();
    assert!(error.contains("--db") && error.contains("HOME"), "{error}");
    let named = Flags { db: Some("x.db".into()), ..Flags::default() };
    let settings = Settings::load(&named, &[], &nowhere).unwrap();
    assert_eq!((&settings.db, settings.replay_db(Path::new("y"))), (&"x.db".into(), "x.db".into()));
}

#[test]
fn each_recording_has_a_database_of_its_own_unless_one_is_named() {
    let settings = load("", &[], Flags::default()).unwrap();
    let db = |folder: &str| settings.replay_db(Path::new(folder)).display().to_string();
    // The digits: printf '/nowhere/March 2024' | sha256sum | head -c 16
    assert_eq!(db("/nowhere/March 2024"), "/nowhere/.local/share/trader/replay-March-2024-e63828a1d045dc61.db");
    let long = "/x".repeat(500);
    for (one, other) in [("/nowhere/a", "/nowhere/b"), ("/nowhere/a-b", "/nowhere/a_b"), ("/nowhere/a", "/elsewhere/a")]
    {
        assert_ne!(db(one), db(other));
    }
    assert_ne!(db(&format!("/a{long}")), db(&format!("/b{long}")));
    assert!(db(&format!("/{}", "x".repeat(250))).len() < 200);
}
