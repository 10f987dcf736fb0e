//! When jobs run, and how that is said to cron, systemd and launchd; and which backups a rotation keeps.
//!
//! Uses `unit` and `market`. A plan goes in, text comes out: whoever installs it lives elsewhere. This room never runs anything,
//! and never writes or reads a schedule of its own accord.

mod block;
mod cron;
mod difference;
mod job;
mod keeping;
mod launchd;
mod plan;
mod rotation;
mod systemd;
mod word;

pub use block::{BEGIN, Crontab, Torn, is_ours, runs_a_cycle};
pub use cron::{COMMAND_MAX, crontab, system_crontab};
pub use difference::difference;
pub use keeping::Kept;
pub use launchd::agents;
pub use plan::{Every, Made, Plan, jitter_s};
pub use rotation::{Backup, Rotation};
pub use systemd::units;
pub use word::Unspeakable;

/// A file of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleFile {
    /// Its name, without a folder.
    pub name: String,
    /// All of it.
    pub text: String,
}
