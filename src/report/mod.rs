//! What we say, as values: the JSON shapes (a promise to scripts), tables for people.
//!
//! Uses the pure rooms before it. The summaries and rows on stdout are these values. This room never writes anything
//! itself.

mod backtest;
mod care;
mod digest;
mod doctor;
mod explanation;
mod history;
mod json;
mod life;
mod measure;
mod metrics;
mod notice;
mod notify;
mod number;
mod outcomes;
mod page;
mod portfolio;
mod status;
mod summary;
mod sweep;
mod table;
mod verify;
mod walk_forward;

pub use backtest::{
    AccountReport, BacktestDocument, BaselineReport, CostReport, DecisionCounts, FigureReport, FiguresReport,
    LuckReport, Manifest, TradeReport, TradingReport,
};
pub use care::{
    Answer, BackupReport, ExportReport, InstalledSchedule, LastRun, PruneReport, PrunedPart, RotationReport,
    ScheduleChanged, ScheduleState, SchedulesReport, VacuumReport,
};
pub use digest::{
    Concern, DigestAccount, DigestBlocked, DigestConcern, DigestDecisions, DigestExit, DigestFill, DigestForecast,
    DigestGap, DigestGaps, DigestHolding, DigestMiss, DigestPosition, DigestReport, DigestRiskEvent, DigestRuns,
    DigestTrade, DigestVerdict, VerdictWord,
};
pub use doctor::{DoctorDocument, Part, PartOutcome};
pub use explanation::{Explanation, GateReport, Provenance, Recheck};
pub use history::{Failure, HistoryReport, Tally};
pub use json::{Shape, schema, to_json};
pub use life::{
    AgentHealth, BandReport, BrierReport, Bucket, DayOfRuns, Freshness, GroupReport, Judgement, LifeAccount, LifeDay,
    LifeDocument, LifeHorizon, LifeRuns, LifeSignals, LifeTrade, LifeTrades, PairQuality, ProbabilityGroup, RunFact,
};
pub use measure::{Measure, YardstickReport};
pub use metrics::{
    AccountMeasured, Decided, EndedRun, Kind, Limits, Measured, Metric, Observed, OutcomeSums, ResolvedPair, Total,
    told_success_at,
};
pub use notice::{Failing, Level, Notice, Topical};
pub use notify::{DeliveryReport, NotifyDocument, Sending};
pub use number::Number;
pub use outcomes::{
    BinReport, Counts, ErrorRate, Figure, HorizonScore, Judged, MissParts, MissReport, NEEDED_FOR_IC,
    NEEDED_FOR_PROBABILITIES, NEEDED_FOR_RATES, OutcomesDocument,
};
pub use page::{BacktestPage, LifePage};
pub use portfolio::{
    FillReport, ForecastReport, HorizonReport, LimitReport, OrderReport, PortfolioDocument, PortfolioReport,
    PositionReport, RiskDocument, exact, percent,
};
pub use status::{
    AccountStateReport, AgentReport, BanReport, DatabaseReport, Ending, FindingReport, LastRunReport, OutboxReport,
    ScheduleReport, SeriesReport, StatusDocument, SuccessReport, plugin_failure, plugin_line,
};
pub use summary::{
    Agent, AgentName, AgentStatus, Blocked, Collected, Cycle, Pair, PairReport, PairStatus, Problem, ReasonReport,
    StrategyReport, Warning,
};
pub use sweep::{
    DaysReport, Drawn, NeighboursReport, OverfittingReport, Shard, ShardDocument, SweepDocument, SweepFigures,
    SweepHead, SweepLine, SweepRow, TopReport,
};
pub use table::{Cell, Format, Table};
pub use verify::{BreakReport, CheckReport, GaugeReport, VerifyDocument};
pub use walk_forward::{CurveReport, DriftReport, WalkDocument, WalkHead, WalkReport, WindowReport, WindowRow};
