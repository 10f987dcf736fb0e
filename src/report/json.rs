//! One JSON document.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Answer, BacktestDocument, BackupReport, Cycle, DigestReport, DoctorDocument, Explanation, ExportReport,
    HistoryReport, LifeDocument, NotifyDocument, OutcomesDocument, PortfolioDocument, PruneReport, RiskDocument,
    ScheduleChanged, SchedulesReport, ShardDocument, StatusDocument, SweepDocument, VacuumReport, VerifyDocument,
    WalkDocument,
};

/// The document, on one line or, when `pretty`, on many. Our shapes have string keys and finite numbers, so this cannot
/// fail; if it ever does, the text says so instead of being empty.
pub fn to_json(value: &impl Serialize, pretty: bool) -> String {
    let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    text.unwrap_or_else(|e| format!("{{\"schema\":\"trader.bug.v1\",\"error\":{:?}}}", e.to_string()))
}

/// The documents that have a JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `trader.cycle.v1`.
    Cycle,
    /// `trader.history.v1`.
    History,
    /// `trader.explain.v1`.
    Explanation,
    /// `trader.portfolio.v1`.
    Portfolio,
    /// `trader.risk.v1`.
    Risk,
    /// `trader.outcomes.v1`.
    Outcomes,
    /// `trader.backtest.v1`.
    Backtest,
    /// `trader.status.v1`.
    Status,
    /// `trader.doctor.v1`.
    Doctor,
    /// `trader.sweep.v1`.
    Sweep,
    /// `trader.shard.v1`.
    Shard,
    /// `trader.verify.v1`.
    Verify,
    /// `trader.walk_forward.v1`.
    WalkForward,
    /// `trader.notify.v1`.
    Notify,
    /// `trader.digest.v1`.
    Digest,
    /// `trader.report.v1`.
    Report,
    /// `trader.schedule.v1`.
    Schedule,
    /// `trader.schedule_status.v1`.
    ScheduleStatus,
    /// `trader.db_backup.v1`.
    DbBackup,
    /// `trader.db_export.v1`.
    DbExport,
    /// `trader.db_prune.v1`.
    DbPrune,
    /// `trader.db_vacuum.v1`.
    DbVacuum,
}

/// The JSON Schema of a document, made from its type.
pub fn schema(of: Shape) -> schemars::Schema {
    match of {
        Shape::Cycle => schemars::schema_for!(Cycle),
        Shape::History => schemars::schema_for!(HistoryReport),
        Shape::Explanation => schemars::schema_for!(Explanation),
        Shape::Portfolio => schemars::schema_for!(PortfolioDocument),
        Shape::Risk => schemars::schema_for!(RiskDocument),
        Shape::Outcomes => schemars::schema_for!(OutcomesDocument),
        Shape::Backtest => schemars::schema_for!(BacktestDocument),
        Shape::Status => schemars::schema_for!(StatusDocument),
        Shape::Doctor => schemars::schema_for!(DoctorDocument),
        Shape::Sweep => schemars::schema_for!(SweepDocument),
        Shape::Shard => schemars::schema_for!(ShardDocument),
        Shape::Verify => schemars::schema_for!(VerifyDocument),
        Shape::WalkForward => schemars::schema_for!(WalkDocument),
        Shape::Notify => schemars::schema_for!(NotifyDocument),
        Shape::Report => schemars::schema_for!(LifeDocument),
        Shape::Digest => schemars::schema_for!(DigestReport),
        Shape::Schedule => answered::<ScheduleChanged>("trader.schedule.v1"),
        Shape::ScheduleStatus => answered::<SchedulesReport>("trader.schedule_status.v1"),
        Shape::DbBackup => answered::<BackupReport>("trader.db_backup.v1"),
        Shape::DbExport => answered::<ExportReport>("trader.db_export.v1"),
        Shape::DbPrune => answered::<PruneReport>("trader.db_prune.v1"),
        Shape::DbVacuum => answered::<VacuumReport>("trader.db_vacuum.v1"),
    }
}

/// The JSON Schema of an answer, under the name of its document.
fn answered<T: JsonSchema>(title: &str) -> schemars::Schema {
    let mut schema = schemars::schema_for!(Answer<T>);
    schema.insert("title".to_owned(), title.into());
    schema
}
