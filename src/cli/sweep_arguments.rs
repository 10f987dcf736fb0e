//! What a sweep is asked.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::{Args, Subcommand};

use super::backtest_arguments::StretchArgs;
use super::output::OutputArgs;
use crate::backtest::Axis;
use crate::command::{SweepAsked, TriesAsked};
use crate::report::{Drawn, Shard};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct SweepArgs {
    #[command(subcommand)]
    pub(super) command: Option<SweepCommand>,
    #[command(flatten)]
    pub(super) stretch: StretchArgs,
    #[command(flatten)]
    pub(super) tries: TriesArgs,
    #[command(flatten)]
    pub(super) top: TopArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum SweepCommand {
    /// Join the files that shards have written
    #[command(after_help = "Example:
  trader sweep merge rows-*.jsonl")]
    Merge {
        /// The files of all shards of a sweep, or of a walk forward
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        top: TopArgs,
    },
}

/// What is tried, and how the work is shared.
#[derive(Debug, Args)]
pub(super) struct TriesArgs {
    /// A key of the configuration and its values, like `exits.stop_atr=2..4:0.5` or `risk.per_trade_pct=1,2`; repeatable
    #[arg(long = "grid", value_name = "KEY=VALUES", required = true)]
    pub(super) grid: Vec<Axis>,
    /// Try so many combinations, drawn by chance, instead of all
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) random: Option<u64>,
    /// What chance begins with
    #[arg(long, value_name = "NUMBER", default_value = "1", requires = "random")]
    pub(super) seed: u64,
    /// Do one part of the work, like 3/8, and write its rows to the file that --out names
    #[arg(long, value_name = "I/N", value_parser = shard, requires = "out")]
    pub(super) shard: Option<Shard>,
    /// Write the rows here, one for each combination or window; the same command goes on with a run that was cut off, by
    /// Ctrl-C or a kill
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Threads [default: one for each core]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
}

#[derive(Debug, Args)]
pub(super) struct TopArgs {
    /// How many of the best are told
    #[arg(long, value_name = "COUNT", default_value = "10")]
    pub(super) top: usize,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

fn shard(text: &str) -> Result<Shard, String> {
    let numbers = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    let shard = numbers.map(|(number, of)| Shard { number, of });
    let is_one = |shard: &Shard| (1..=shard.of).contains(&shard.number);
    shard.filter(is_one).ok_or_else(|| format!("`{text}` is no part: write 3/8 for the third of eight"))
}

impl TriesArgs {
    pub(super) fn asked(&self, stretch: &StretchArgs) -> TriesAsked {
        TriesAsked {
            backtest: stretch.asked(),
            grid: self.grid.clone(),
            random: self.random(),
            shard: self.shard,
            out: self.out.clone(),
            jobs: self.jobs(),
        }
    }

    fn random(&self) -> Option<Drawn> {
        self.random.map(|count| Drawn { count, seed: self.seed })
    }

    fn jobs(&self) -> usize {
        self.jobs.map_or_else(|| available_parallelism().map_or(1, NonZeroUsize::get), usize::from)
    }
}

impl SweepArgs {
    pub(super) fn asked(&self) -> SweepAsked {
        SweepAsked { tries: self.tries.asked(&self.stretch), top: self.top.top }
    }
}
