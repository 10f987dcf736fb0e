//! What a walk forward is asked.

use clap::Args;

use super::backtest_arguments::StretchArgs;
use super::output::OutputArgs;
use super::sweep_arguments::TriesArgs;
use crate::command::WalkAsked;

#[derive(Debug, Args)]
pub(super) struct WalkArgs {
    #[command(flatten)]
    pub(super) stretch: StretchArgs,
    #[command(flatten)]
    pub(super) tries: TriesArgs,
    /// What parameters are chosen on, like 365d or 52w
    #[arg(long, value_name = "DAYS", default_value = "365d", value_parser = some_days)]
    pub(super) train: usize,
    /// What the choice is judged on
    #[arg(long, value_name = "DAYS", default_value = "90d", value_parser = some_days)]
    pub(super) test: usize,
    /// Left out after a training: what is open at its end may last so long [default: as long as a position may be held]
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub(super) purge: Option<usize>,
    /// Left out after that
    #[arg(long, value_name = "DAYS", default_value = "7d", value_parser = days)]
    pub(super) embargo: usize,
    /// Trainings grow from the first day instead of moving on
    #[arg(long)]
    pub(super) anchored: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// `90`, `90d` or `13w`.
fn days(text: &str) -> Result<usize, String> {
    let (number, unit) = text.strip_suffix('w').map_or((text.strip_suffix('d').unwrap_or(text), 1), |weeks| (weeks, 7));
    let days = number.parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
    days.filter(|days| *days <= 36_500).ok_or_else(|| format!("`{text}` is no time: write 90d or 13w"))
}

fn some_days(text: &str) -> Result<usize, String> {
    days(text)?.checked_sub(1).map(|less| less + 1).ok_or_else(|| format!("`{text}` is no time: a day at least"))
}

impl WalkArgs {
    pub(super) fn asked(&self) -> WalkAsked {
        WalkAsked {
            tries: self.tries.asked(&self.stretch),
            anchored: self.anchored,
            train_days: self.train,
            purge_days: self.purge,
            embargo_days: self.embargo,
            test_days: self.test,
        }
    }
}
