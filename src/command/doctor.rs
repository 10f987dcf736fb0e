//! `trader doctor`: tries each real part of the installation and says what is right, what is not, and the way out.
//!
//! Every trial works on a thread of its own and is given up after five seconds. Trials change nothing that lasts: what is
//! written is taken back, and no lock is taken that a cycle may want.

mod configuration;
mod database;
mod exchange;
mod machine;
mod messages;
mod monitoring;
mod outside;
pub(super) mod trial;

use self::trial::{Trial, run_all};
use super::say::Output;
use super::signs::{Sign, Signed, lines};
use crate::exit::Exit;
use crate::report::{DoctorDocument, Part, PartOutcome, to_json};
use crate::settings::Settings;

/// How the answer is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoctorFormat {
    /// `trader.doctor.v1`, on many lines or on one.
    Json {
        /// On many lines.
        pretty: bool,
    },
    /// Lines for people, with or without colours.
    Table {
        /// With colours.
        colour: bool,
    },
}

/// Everything that is tried, in the order in which it is told. Whoever adds a part to the installation adds its trial here.
fn trials(settings: &Settings, offline: bool) -> Vec<Trial> {
    let mut trials = vec![configuration::trial(settings), database::trial(settings)];
    trials.extend(exchange::trials(settings, offline));
    trials.extend(machine::trials(settings));
    trials.extend(messages::trials(settings));
    trials.extend(monitoring::trials(settings));
    trials
}

/// Tries everything.
pub fn doctor(settings: &Settings, offline: bool, format: DoctorFormat) -> Output {
    let mut parts = run_all(trials(settings, offline), offline);
    exchange::excuse(&mut parts);
    let is_failed = |part: &&Part| part.outcome == PartOutcome::Failed;
    let exit = match parts.iter().find(is_failed) {
        None => Exit::Ok,
        Some(_) if parts.iter().filter(is_failed).any(|part| part.name == database::NAME) => Exit::Storage,
        Some(_) => Exit::Degraded,
    };
    let text = match format {
        DoctorFormat::Json { pretty } => to_json(&document(parts, offline, exit), pretty),
        DoctorFormat::Table { colour } => story(&parts, exit, colour),
    };
    Output { text, exit }
}

fn document(parts: Vec<Part>, offline: bool, exit: Exit) -> DoctorDocument {
    DoctorDocument {
        schema: "trader.doctor.v1",
        status: exit.name(),
        exit_code: exit.code(),
        version: env!("CARGO_PKG_VERSION"),
        offline,
        parts,
    }
}

fn story(parts: &[Part], exit: Exit, colour: bool) -> String {
    let of = |outcome| parts.iter().filter(|part| part.outcome == outcome).count();
    let head = format!(
        "{}: {} work, {} deserve a look, {} do not work, {} were not tried",
        exit.name(),
        of(PartOutcome::Ok),
        of(PartOutcome::Warning),
        of(PartOutcome::Failed),
        of(PartOutcome::Skipped)
    );
    let signed = parts.iter().map(|part| Signed {
        sign: match part.outcome {
            PartOutcome::Ok => Sign::Good,
            PartOutcome::Warning => Sign::Doubtful,
            PartOutcome::Failed => Sign::Bad,
            PartOutcome::Skipped => Sign::Skipped,
        },
        name: part.name.clone(),
        text: part.text.clone(),
        remedy: part.remedy.clone(),
    });
    format!("{head}\n{}", lines(&signed.collect::<Vec<_>>(), colour))
}
