//! The log on stderr: text for people, JSON lines for collectors. Whatever goes through here loses its secrets.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;

use env_logger::WriteStyle;
use log::kv::Key;
use log::{LevelFilter, Record};
use serde_json::{Map, Value};

use crate::journal;
use crate::settings::{Color, LogFormat, LogLevel, LogSettings};

/// What a line may carry besides its text, in the order of the JSON keys; `run_id` comes before them.
const KEYS: [&str; 4] = ["agent", "symbol", "timeframe", "code"];

/// Starts the log.
pub(super) fn start_log(settings: LogSettings) {
    let level = match settings.level {
        LogLevel::Error => LevelFilter::Error,
        LogLevel::Warn => LevelFilter::Warn,
        LogLevel::Info => LevelFilter::Info,
        LogLevel::Debug => LevelFilter::Debug,
    };
    let mut builder = env_logger::Builder::new();
    // Other crates speak only when asked for by name in RUST_LOG.
    builder.filter_level(LevelFilter::Warn.min(level)).filter_module("trader", level).parse_default_env();
    builder.write_style(match settings.color {
        Color::Auto => WriteStyle::Auto,
        Color::Always => WriteStyle::Always,
        Color::Never => WriteStyle::Never,
    });
    match settings.format {
        LogFormat::Text => builder.format(log_text),
        LogFormat::Json => builder.format(log_json),
    };
    builder.init();
    // A bug is a line of the log like any other, without secrets.
    std::panic::set_hook(Box::new(|panic| {
        let trace = Backtrace::capture();
        let trace = if trace.status() == BacktraceStatus::Captured { format!("\n{trace}") } else { String::new() };
        log::error!(code = "panic"; "a bug, please report it: {panic}{trace}");
    }));
}

/// What a line carries under a key.
fn carried(record: &Record<'_>, key: &str) -> Option<String> {
    let told = record.key_values().get(Key::from(key)).map(|value| value.to_string());
    let of_all = if key == "agent" { journal::at_work().map(str::to_owned) } else { None };
    told.or(of_all).map(|value| journal::redacted(&value).into_owned())
}

/// One line for one message, whatever it carries. For people the pair stands in the text already.
fn log_text(out: &mut env_logger::fmt::Formatter, record: &Record<'_>) -> std::io::Result<()> {
    let style = out.default_level_style(record.level());
    let level = record.level().as_str().to_lowercase();
    let plain = |text: &str| journal::redacted(text).replace(|c: char| c.is_control(), " ");
    let message = plain(&record.args().to_string());
    let tags =
        ["agent", "code"].into_iter().filter_map(|key| carried(record, key).map(|value| format!("{key}: {value}")));
    let tags: Vec<String> = tags.chain(journal::run().map(|run| format!("run: {run}"))).collect();
    let tags = if tags.is_empty() { String::new() } else { plain(&format!(" [{}]", tags.join(", "))) };
    writeln!(out, "{} {style}{level}{style:#} {message}{tags}", crate::clock::wall())
}

/// `ts, level, run_id, agent, symbol, timeframe, code, msg`: those that are not known are null.
fn log_json(out: &mut env_logger::fmt::Formatter, record: &Record<'_>) -> std::io::Result<()> {
    let mut line = Map::new();
    line.insert("ts".to_owned(), crate::clock::wall().to_string().into());
    line.insert("level".to_owned(), record.level().as_str().to_lowercase().into());
    line.insert("run_id".to_owned(), journal::run().into());
    for key in KEYS {
        line.insert(key.to_owned(), carried(record, key).into());
    }
    line.insert("msg".to_owned(), journal::redacted(&record.args().to_string()).into());
    writeln!(out, "{}", Value::Object(line))
}
