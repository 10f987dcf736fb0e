//! What can be typed about messages.

use clap::Subcommand;

use super::output::OutputArgs;
use crate::unit::UtcMillis;

#[derive(Debug, Subcommand)]
pub(super) enum NotifyCommand {
    /// Send a test message now and tell what became of it on each channel
    Test {
        /// Over this channel only: mail, or the name of a webhook
        #[arg(long, value_name = "NAME")]
        channel: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Send what waits, as a cycle does at its end; for a cron line of its own
    Send {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Send the daily page now
    Digest {
        /// The day, in UTC [default: the one that ended last]
        #[arg(long, value_name = "DAY")]
        date: Option<UtcMillis>,
        /// Show it and send nothing
        #[arg(long)]
        print: bool,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show what waits and what was not sent
    List {
        #[command(flatten)]
        output: OutputArgs,
    },
}
