//! What is asked of a schedule.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::global_arguments::Global;
use super::output::OutputArgs;
use crate::command::{Consent, ScheduleAsked, With};
use crate::schedule::Every;

#[derive(Debug, Subcommand)]
pub(super) enum ScheduleCommand {
    /// Print the jobs as text
    Print(PlanArgs),
    /// Install the jobs, or bring those that are installed up to date; shows what will change, and asks
    Install {
        #[command(flatten)]
        plan: PlanArgs,
        #[command(flatten)]
        consent: ConsentArgs,
        /// Although something else runs cycles already
        #[arg(long)]
        anyway: bool,
    },
    /// Take out what `install` brought, and nothing else
    Remove {
        #[command(flatten)]
        place: PlaceArgs,
        #[command(flatten)]
        consent: ConsentArgs,
    },
    /// What is installed, whether it is up to date, the next run and the last one; exit 3 where it is not as it should be
    Status {
        #[command(flatten)]
        plan: PlanArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct ConsentArgs {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// JSON on many lines (default on a terminal)
    #[arg(long)]
    pub(super) pretty: bool,
}

/// Where it lies.
#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    /// By what jobs are started [default: cron, on macOS launchd; status: all]
    #[arg(long, value_enum)]
    with: Option<WithArg>,
    /// For the whole system, with jobs under this account
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "user")]
    system: Option<String>,
    /// For this user (the default)
    #[arg(long)]
    user: bool,
}

/// What it says.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// How often the cycle runs, by the UTC hour [default: 1h]
    #[arg(long, value_enum)]
    every: Option<EveryArg>,
    /// Seconds after the hour [default: 20 to 59, always the same on one machine]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=1799))]
    delay: Option<u32>,
    /// The program [default: this one]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// The folder of the logs [default: logs beside the database]
    #[arg(long, value_name = "FOLDER")]
    logs: Option<PathBuf>,
    /// The folder of the backups [default: backups beside the database]
    #[arg(long, value_name = "FOLDER")]
    backups: Option<PathBuf>,
    /// Who gets cron's mail; '' for nobody [default: what the crontab says]
    #[arg(long, value_name = "ADDRESS")]
    mailto: Option<String>,
    /// Also send again what could not be sent
    #[arg(long)]
    notify: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum WithArg {
    Cron,
    Systemd,
    Launchd,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EveryArg {
    #[value(name = "1h")]
    Hour,
    #[value(name = "4h")]
    FourHours,
    #[value(name = "1d")]
    Day,
}

impl PlaceArgs {
    /// What is asked for.
    pub(super) fn asked(&self, global: &Global) -> ScheduleAsked {
        let with = self.with.map(|with| match with {
            WithArg::Cron => With::Cron,
            WithArg::Systemd => With::Systemd,
            WithArg::Launchd => With::Launchd,
        });
        let (account, config, db) = (self.system.clone(), global.config.clone(), global.db.clone());
        ScheduleAsked { with, account, config, db, ..ScheduleAsked::default() }
    }
}

impl PlanArgs {
    /// What is asked for.
    pub(super) fn asked(&self, global: &Global) -> ScheduleAsked {
        let every = self.every.map(|every| match every {
            EveryArg::Hour => Every::Hour,
            EveryArg::FourHours => Every::FourHours,
            EveryArg::Day => Every::Day,
        });
        ScheduleAsked {
            every,
            delay_s: self.delay,
            program: self.program.clone(),
            logs: self.logs.clone(),
            backups: self.backups.clone(),
            mailto: self.mailto.clone(),
            notify: self.notify,
            ..self.place.asked(global)
        }
    }
}

impl ConsentArgs {
    /// How a change is agreed to.
    pub(super) const fn consent(&self, anyway: bool) -> Consent {
        Consent { is_given: self.yes, anyway }
    }
}
