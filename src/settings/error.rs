//! What can be wrong with the settings. All of it ends in exit code 2, before anything was touched.

use std::path::PathBuf;

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {cause}\n  write one with `trader config init`, or name another with --config", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file does not say what a configuration may say.
    #[error("{}: {text}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Line, key, value and what is allowed.
        text: String,
    },
    /// An environment variable does not say what its key may say.
    #[error("environment variable {name}={value}: {text}")]
    Variable {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
        /// What is wrong.
        text: String,
    },
    /// A value that is not one.
    #[error("{key}: {text}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong.
        text: String,
    },
    /// Nobody says where the database is.
    #[error("neither HOME nor XDG_DATA_HOME is set to an absolute path: name the database with --db or TRADER_DB")]
    NoHome,
    /// Nobody says where the configuration is to be written.
    #[error("neither HOME nor XDG_CONFIG_HOME is set to an absolute path: name the file with --config")]
    NoConfigHome,
    /// The settings cannot be printed.
    #[error("the settings cannot be written as TOML: {0}")]
    Print(String),
}
