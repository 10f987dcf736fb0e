//! What can be typed about reports.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::output::OutputArgs;
use crate::command::{DigestFormat, ReportAsked};
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

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// From this instant on [default: the first run]
    #[arg(long, value_name = "INSTANT")]
    since: Option<UtcMillis>,
    /// And before this one [default: everything there is]
    #[arg(long, value_name = "INSTANT")]
    until: Option<UtcMillis>,
    /// Also write a page with charts, whole in itself
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl ReportArgs {
    pub(super) fn asked(&self) -> ReportAsked {
        ReportAsked { since: self.since, until: self.until, html: self.html.clone() }
    }
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
