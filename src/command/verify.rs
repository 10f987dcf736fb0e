//! `trader verify`: whether what backtests say can be believed.

mod parity;

use self::parity::live_parity;
use super::backtest::{BacktestAsked, History, read, rules};
use super::progress::progress;
use super::say::{Output, Style};
use crate::backtest::{Break, Check, Finding, Subject, Tape, Verified};
use crate::exit::Exit;
use crate::ledger::Unbalanced;
use crate::report::{Cell, CheckReport, Format, StrategyReport, Table, VerifyDocument, to_json};
use crate::settings::Settings;
use crate::store::{Access, Store, StoreError};
use crate::unit::Symbol;

/// What is to be verified, beside the settings.
#[derive(Clone, Debug)]
pub struct VerifyAsked {
    /// Over which candles.
    pub stretch: BacktestAsked,
    /// How many places chance draws.
    pub cuts: usize,
    /// What it is seeded with.
    pub seed: u64,
    /// The checks that are made, in the order in which they are told.
    pub checks: Vec<Check>,
}

/// Makes the checks over stored candles and says what broke. It changes nothing.
pub fn verify(settings: &Settings, asked: &VerifyAsked, style: Style) -> anyhow::Result<Output> {
    let mut settings = settings.clone();
    settings.trading = settings.trading.at_costs(asked.stretch.costs);
    let settings = &settings;
    let store = Store::open(&settings.db, Access::Read)?;
    let history = History::open(settings, &store, &asked.stretch)?;
    let verified = checked(settings, &store, &history, asked)?;
    let is_broken = verified.iter().any(|v| matches!(v.finding, Finding::Failed(_)));
    let exit = if is_broken { Exit::Degraded } else { Exit::Ok };
    let document = document(settings, &history, asked, (&verified, exit));
    let text = match style.format {
        Format::Json => to_json(&document, style.pretty),
        Format::Csv => table(&document).to_csv(),
        Format::Table => story(&document, &verified, style),
    };
    Ok(Output { text, exit })
}

fn checked(
    settings: &Settings,
    store: &Store,
    history: &History,
    asked: &VerifyAsked,
) -> anyhow::Result<Vec<Verified>> {
    let bar = progress("checks", asked.checks.len() as u64);
    let (rules, read) = (rules(settings, history.delay_ms), |tapes: &[Tape]| read(settings, tapes));
    let unbalanced = |e: Unbalanced| StoreError::BadRow(e.to_string());
    let span = (history.span.from, history.span.to);
    let subject =
        Subject::new(&history.tapes, &rules, (&read, settings.strategy.depth().candles()), span).map_err(unbalanced)?;
    let mut all = Vec::new();
    for check in &asked.checks {
        let found = match (check, &subject) {
            (Check::LiveParity, _) => live_parity(store)?,
            (_, None) => Verified::skipped(*check, "there are no candles"),
            (_, Some(subject)) => {
                // The topmost byte is the number of the check: each draws its own places, whatever others are asked for.
                let mut chance = fastrand::Rng::with_seed(asked.seed ^ (u64::from(*check as u8) << 56));
                subject.check(*check, asked.cuts, &mut || chance.f64()).map_err(unbalanced)?
            }
        };
        all.push(found);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(all)
}

fn document(
    settings: &Settings,
    history: &History,
    asked: &VerifyAsked,
    (verified, exit): (&[Verified], Exit),
) -> VerifyDocument {
    let strategy = &settings.strategy;
    VerifyDocument {
        schema: "trader.verify.v1",
        status: exit.name(),
        exit_code: exit.code(),
        from: history.span.from,
        to: history.span.to,
        pairs: history.tapes.iter().map(|tape| tape.symbol.clone()).collect(),
        fine: history.tapes.iter().map(|tape| (tape.symbol.to_string(), tape.finest().name())).collect(),
        strategy: StrategyReport {
            name: strategy.name.to_owned(),
            timeframe: strategy.timeframe.name(),
            hash: strategy.hash.clone(),
        },
        cuts: asked.cuts,
        seed: asked.seed,
        checks: verified.iter().map(CheckReport::from).collect(),
    }
}

fn table(document: &VerifyDocument) -> Table {
    let row = |check: &CheckReport| {
        let comparisons = i64::try_from(check.comparisons).unwrap_or(i64::MAX);
        vec![
            Cell::Text(check.name.to_owned()),
            Cell::Text(check.result.to_owned()),
            Cell::Whole(comparisons),
            Cell::Text(check.text.clone()),
        ]
    };
    let columns = vec!["check", "result", "comparisons", "text"];
    Table { columns, rows: document.checks.iter().map(row).collect() }
}

/// For people: a tick or a cross for each check, and below what broke.
fn story(document: &VerifyDocument, verified: &[Verified], style: Style) -> String {
    let names: Vec<&str> = document.pairs.iter().map(Symbol::as_str).collect();
    let strategy = &document.strategy;
    let head = format!(
        "{} to {}: {} on {} candles of {}",
        document.from,
        document.to,
        strategy.name,
        strategy.timeframe,
        names.join(", ")
    );
    let row = |(check, verified): (&CheckReport, &Verified)| {
        let tick = match verified.finding {
            Finding::Passed => "✓",
            Finding::Failed(_) => "✗",
            Finding::Skipped => "–",
        };
        let comparisons = i64::try_from(check.comparisons).unwrap_or(i64::MAX);
        vec![Cell::Text(tick.to_owned()), Cell::Text(check.name.to_owned()), Cell::Whole(comparisons)]
    };
    let rows = document.checks.iter().zip(verified).map(row).collect();
    let ticks = Output::table(&Table { columns: vec!["", "check", "comparisons"], rows }, style).text;
    let mut lines = vec![head, ticks];
    lines.extend(document.checks.iter().map(|check| format!("{} ({}): {}", check.name, check.result, check.text)));
    lines.extend(verified.iter().filter_map(broke));
    lines.join("\n")
}

fn broke(verified: &Verified) -> Option<String> {
    let Finding::Failed(Break { symbol, at, expected, came }) = &verified.finding else { return None };
    let place: Vec<String> = symbol.iter().map(ToString::to_string).chain(at.iter().map(ToString::to_string)).collect();
    let place = if place.is_empty() { String::new() } else { format!(" {}", place.join(" ")) };
    Some(format!("✗ {}{place}\n    expected  {expected}\n    came      {came}", verified.check.name()))
}
