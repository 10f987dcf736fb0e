//! The recipes: one file for each subcommand, each in four beats: read, think, write, say. What several of them share
//! has files of its own: work in parallel (`in_order`, `merge`), files that are written (`rows_file`, `output_file`), what a
//! person sees (`drawing`, `progress`), and what is to be told besides results (`notes`).
//!
//! Uses every room before it. A command gives back what is to be said and how the program ends; only `say` writes to
//! stdout. Commands decide nothing that a pure room could decide.

mod account;
mod backfill;
mod backtest;
mod collect;
mod config;
mod cycle;
mod database;
mod digest;
mod doctor;
mod drawing;
mod errands;
mod explain;
mod export;
mod history_run;
mod import;
mod in_order;
mod intervene;
mod merge;
mod metrics;
mod notes;
mod notify;
mod outcomes;
mod output_file;
mod portfolio;
mod progress;
mod prune;
mod report;
mod rotate;
mod rows_file;
mod run;
mod say;
mod schedule;
mod scheduled;
mod show;
mod signs;
mod status;
mod sweep;
mod sweep_merge;
mod trials;
mod vacuum;
mod verify;
mod walk_forward;

pub use backfill::{Backfill, backfill};
pub use backtest::{BacktestAsked, Span, backtest, rules, tapes};
pub use config::{config_check, config_init, config_show};
pub use cycle::{CycleOptions, cycle};
pub use database::{db_backup, db_check, db_info, db_migrate};
pub use digest::{DigestFormat, digest};
pub use doctor::{DoctorFormat, doctor};
pub use errands::Errands;
pub use explain::explain;
pub use export::{ExportAsked, ExportFormat, db_export};
pub use import::import;
pub use intervene::{Which, close, pause, resume};
pub use metrics::metrics;
pub use notify::{notify_digest, notify_list, notify_send, notify_test};
pub use outcomes::{OutcomesAsked, outcomes};
pub use output_file::Unwritable;
pub use portfolio::{portfolio, risk};
pub use prune::db_prune;
pub use report::{ReportAsked, report};
pub use rotate::db_backup_into;
pub use rows_file::InUse;
pub use say::{Output, Style, UsageError, say, usage};
pub use schedule::{Consent, ScheduleAsked, With, schedule_install, schedule_print, schedule_remove, schedule_status};
pub use show::show;
pub use status::{StatusFormat, status};
pub use sweep::{SweepAsked, TriesAsked, sweep};
pub use sweep_merge::sweep_merge;
pub use vacuum::db_vacuum;
pub use verify::{VerifyAsked, verify};
pub use walk_forward::{WalkAsked, walk_forward};
