//! How the installation is looked at: `status` and `doctor`.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};

use crate::command::{DoctorFormat, StatusFormat};
use crate::unit::UtcMillis;

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// How to write it; nagios: one line, exit 0, 1, 2 or 3 [default: table on a terminal, json otherwise]
    #[arg(long, value_enum)]
    format: Option<StatusFormatArg>,
    /// JSON on many lines (default on a terminal)
    #[arg(long)]
    pretty: bool,
    /// Judge at this instant [default: now; the newest run of a recording]
    #[arg(long, value_name = "INSTANT")]
    pub(super) now: Option<UtcMillis>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StatusFormatArg {
    Json,
    Table,
    Nagios,
}

impl StatusArgs {
    pub(super) fn style(&self) -> StatusFormat {
        let terminal = std::io::stdout().is_terminal();
        match self.format {
            Some(StatusFormatArg::Nagios) => StatusFormat::Nagios,
            Some(StatusFormatArg::Json) => StatusFormat::Json { pretty: self.pretty || terminal },
            None if !terminal => StatusFormat::Json { pretty: self.pretty },
            Some(StatusFormatArg::Table) | None => StatusFormat::Table { colour: is_coloured() },
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Leave out what needs the network
    #[arg(long)]
    pub(super) offline: bool,
    /// How to write it [default: table on a terminal, json otherwise]
    #[arg(long, value_enum)]
    format: Option<DoctorFormatArg>,
    /// JSON on many lines (default on a terminal)
    #[arg(long)]
    pretty: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DoctorFormatArg {
    Json,
    Table,
}

impl DoctorArgs {
    pub(super) fn style(&self) -> DoctorFormat {
        let terminal = std::io::stdout().is_terminal();
        match self.format {
            Some(DoctorFormatArg::Json) => DoctorFormat::Json { pretty: self.pretty || terminal },
            None if !terminal => DoctorFormat::Json { pretty: self.pretty },
            Some(DoctorFormatArg::Table) | None => DoctorFormat::Table { colour: is_coloured() },
        }
    }
}

/// Colours are for a terminal whose user has not asked for none (<https://no-color.org>).
fn is_coloured() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|word| word.is_empty())
}
