//! What is to be shown: rows of the database, or the shape of a document.

use clap::{Args, ValueEnum};

use super::account_arguments::RowsArgs;
use crate::report::Shape;
use crate::store::{Filter, Topic};
use crate::unit::Timeframe;

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// What to show
    #[arg(value_enum)]
    pub(super) topic: ShowTopic,
    /// Of this timeframe only
    #[arg(long)]
    pub(super) timeframe: Option<Timeframe>,
    #[command(flatten)]
    pub(super) rows: RowsArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ShowTopic {
    Candles,
    Indicators,
    Signals,
    Decisions,
    Runs,
    Orders,
    Fills,
    Trades,
    Equity,
    Forecasts,
    Outcomes,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum SchemaOf {
    Cycle,
    History,
    Explain,
    Portfolio,
    Risk,
    Outcomes,
    Status,
    Doctor,
    Backtest,
    Sweep,
    Shard,
    WalkForward,
    Verify,
    Notify,
    Digest,
    Report,
    Schedule,
    ScheduleStatus,
    DbBackup,
    DbExport,
    DbPrune,
    DbVacuum,
}

impl ShowArgs {
    pub(super) fn filter(&self) -> Filter {
        Filter { timeframe: self.timeframe, ..self.rows.filter() }
    }
}

impl From<ShowTopic> for Topic {
    fn from(topic: ShowTopic) -> Self {
        match topic {
            ShowTopic::Candles => Self::Candles,
            ShowTopic::Indicators => Self::Indicators,
            ShowTopic::Signals => Self::Signals,
            ShowTopic::Decisions => Self::Decisions,
            ShowTopic::Runs => Self::Runs,
            ShowTopic::Orders => Self::Orders,
            ShowTopic::Fills => Self::Fills,
            ShowTopic::Trades => Self::Trades,
            ShowTopic::Equity => Self::Equity,
            ShowTopic::Forecasts => Self::Forecasts,
            ShowTopic::Outcomes => Self::Outcomes,
        }
    }
}

impl From<SchemaOf> for Shape {
    fn from(of: SchemaOf) -> Self {
        match of {
            SchemaOf::Cycle => Self::Cycle,
            SchemaOf::History => Self::History,
            SchemaOf::Explain => Self::Explanation,
            SchemaOf::Portfolio => Self::Portfolio,
            SchemaOf::Risk => Self::Risk,
            SchemaOf::Outcomes => Self::Outcomes,
            SchemaOf::Status => Self::Status,
            SchemaOf::Doctor => Self::Doctor,
            SchemaOf::Backtest => Self::Backtest,
            SchemaOf::Sweep => Self::Sweep,
            SchemaOf::Shard => Self::Shard,
            SchemaOf::WalkForward => Self::WalkForward,
            SchemaOf::Verify => Self::Verify,
            SchemaOf::Notify => Self::Notify,
            SchemaOf::Digest => Self::Digest,
            SchemaOf::Report => Self::Report,
            SchemaOf::Schedule => Self::Schedule,
            SchemaOf::ScheduleStatus => Self::ScheduleStatus,
            SchemaOf::DbBackup => Self::DbBackup,
            SchemaOf::DbExport => Self::DbExport,
            SchemaOf::DbPrune => Self::DbPrune,
            SchemaOf::DbVacuum => Self::DbVacuum,
        }
    }
}
