//! How the answer is to look.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};

use crate::command::Style;
use crate::report::Format;

#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    /// How to write it [default: table on a terminal, json otherwise]
    #[arg(long, value_enum)]
    pub(super) format: Option<OutputFormat>,
    /// JSON on many lines (default on a terminal)
    #[arg(long)]
    pub(super) pretty: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum OutputFormat {
    Json,
    Csv,
    Table,
}

impl OutputArgs {
    pub(super) fn style(&self) -> Style {
        let terminal = std::io::stdout().is_terminal();
        let format = match self.format {
            Some(OutputFormat::Json) => Format::Json,
            Some(OutputFormat::Csv) => Format::Csv,
            None if !terminal => Format::Json,
            Some(OutputFormat::Table) | None => Format::Table,
        };
        Style { pretty: self.pretty || terminal, format }
    }
}
