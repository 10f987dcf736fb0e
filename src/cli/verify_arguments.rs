//! What is to be verified.

use clap::{Args, ValueEnum};

use super::backtest_arguments::StretchArgs;
use super::output::OutputArgs;
use crate::backtest::Check;
use crate::command::VerifyAsked;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    pub(super) stretch: StretchArgs,
    /// At how many places, drawn by chance, the candles are cut
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) cuts: u32,
    /// What chance begins with: the same number draws the same places
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// Make this check; repeatable [default: all]
    #[arg(long = "check", value_enum, value_name = "NAME")]
    pub(super) checks: Vec<CheckName>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckName {
    /// Later candles are taken away
    LookAhead,
    /// Later prices and volumes are multiplied by a thousand
    Poison,
    /// The data begin elsewhere
    WarmUp,
    /// The data end elsewhere
    Extension,
    /// Stored decisions are asked again
    LiveParity,
    /// Every opinion comes a candle later
    OneBarLate,
    /// Candles are drawn by chance
    Shuffle,
}

impl From<CheckName> for Check {
    fn from(name: CheckName) -> Self {
        match name {
            CheckName::LookAhead => Self::LookAhead,
            CheckName::Poison => Self::Poison,
            CheckName::WarmUp => Self::WarmUp,
            CheckName::Extension => Self::Extension,
            CheckName::LiveParity => Self::LiveParity,
            CheckName::OneBarLate => Self::OneBarLate,
            CheckName::Shuffle => Self::Shuffle,
        }
    }
}

impl VerifyArgs {
    pub(super) fn asked(&self) -> VerifyAsked {
        let is_asked =
            |check: &Check| self.checks.is_empty() || self.checks.iter().any(|name| Check::from(*name) == *check);
        VerifyAsked {
            stretch: self.stretch.asked(),
            cuts: usize::try_from(self.cuts).unwrap_or(usize::MAX),
            seed: self.seed,
            checks: Check::ALL.into_iter().filter(is_asked).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_can_be_asked_for_by_its_name() {
        let name = |name: &CheckName| name.to_possible_value().unwrap().get_name().to_owned();
        let told: Vec<_> = CheckName::value_variants().iter().map(|n| (name(n), Check::from(*n))).collect();
        assert_eq!(told, Check::ALL.map(|check| (check.name().to_owned(), check)));
    }
}
