//! The log on stderr: text for people, JSON lines for collectors.

use std::io::Write;

use env_logger::WriteStyle;
use log::LevelFilter;

use crate::settings::{Color, LogFormat, LogLevel, LogSettings};

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
}

fn log_text(out: &mut env_logger::fmt::Formatter, record: &log::Record<'_>) -> std::io::Result<()> {
    let style = out.default_level_style(record.level());
    let level = record.level().as_str().to_lowercase();
    // One line for one message, whatever it carries.
    let message = record.args().to_string().replace(|c: char| c.is_control(), " ");
    writeln!(out, "{} {style}{level}{style:#} {message}", crate::clock::wall())
}

fn log_json(out: &mut env_logger::fmt::Formatter, record: &log::Record<'_>) -> std::io::Result<()> {
    let code = record.key_values().get(log::kv::Key::from("code")).map(|code| code.to_string());
    let line = serde_json::json!({
        "ts": crate::clock::wall(),
        "level": record.level().as_str().to_lowercase(),
        "code": code,
        "msg": record.args().to_string(),
    });
    writeln!(out, "{line}")
}
