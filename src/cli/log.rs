//! The log on stderr: text for people, JSON lines for collectors.

use std::io::Write;

use super::arguments::{Color, Global, LogFormat};

/// Starts the log.
pub(super) fn start_log(global: &Global) {
    use log::LevelFilter;
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::Error,
        (false, 0) => LevelFilter::Warn,
        (false, 1) => LevelFilter::Info,
        (false, _) => LevelFilter::Debug,
    };
    let mut builder = env_logger::Builder::new();
    // Other crates speak only when asked for by name in RUST_LOG.
    builder.filter_level(LevelFilter::Warn.min(level)).filter_module("trader", level).parse_default_env();
    builder.write_style(match global.color {
        Color::Auto => env_logger::WriteStyle::Auto,
        Color::Always => env_logger::WriteStyle::Always,
        Color::Never => env_logger::WriteStyle::Never,
    });
    match global.log_format {
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
