//! What can be typed about reports.

use clap::{Args, ValueEnum};

use crate::command::DigestFormat;
use crate::unit::UtcMillis;

#[derive(Debug, Args)]
pub(super) struct DigestArgs {
    /// The day, in UTC [default: the one that ended last; of a recording its newest]
    #[arg(long, value_name = "DAY")]
    pub(super) date: Option<UtcMillis>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = DigestOutput::Text)]
    pub(super) format: DigestOutput,
    /// JSON on many lines (default on a terminal)
    #[arg(long)]
    pub(super) pretty: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum DigestOutput {
    Text,
    Html,
    Json,
}

impl From<DigestOutput> for DigestFormat {
    fn from(output: DigestOutput) -> Self {
        match output {
            DigestOutput::Text => Self::Text,
            DigestOutput::Html => Self::Html,
            DigestOutput::Json => Self::Json,
        }
    }
}
