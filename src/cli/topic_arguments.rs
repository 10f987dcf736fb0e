//! Names that are typed: what is shown, and of which document the schema is printed.

use clap::ValueEnum;

use crate::report::Shape;
use crate::store::Topic;

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

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum SchemaOf {
    Cycle,
    History,
    Explain,
    Portfolio,
    Risk,
    Outcomes,
    Backtest,
    Sweep,
    Verify,
    WalkForward,
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
            SchemaOf::Backtest => Self::Backtest,
            SchemaOf::Sweep => Self::Sweep,
            SchemaOf::Verify => Self::Verify,
            SchemaOf::WalkForward => Self::WalkForward,
        }
    }
}
