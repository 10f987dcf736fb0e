//! What is asked of the configuration and of the database.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Write a commented configuration with every default
    Init,
    /// Show what is in force
    Show,
    /// Read it and say whether it can be used
    Check,
}

#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    /// Examine the file, its references and our own rules
    Check,
    /// Copy the database to a new file, also while a run writes
    Backup {
        /// The new file
        file: PathBuf,
    },
    /// Facts about it
    Info,
}
