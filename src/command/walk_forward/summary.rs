//! What a walk forward came to.

use std::collections::BTreeMap;

use crate::backtest::{Figure, Undefined, Walked, WalkedGrounds, chained, daily_sharpe, deflated, returns, yearly};
use crate::command::say::{Output, Style};
use crate::report::{
    Cell, CurveReport, DriftReport, Measure, Table, WalkDocument, WalkHead, WindowReport, WindowRow, YardstickReport,
};
use crate::statistics::{PeriodsPerYear, TrackRecord, Trials, max_drawdown, mean};
use crate::store::AllTrials;
use crate::unit::UtcMillis;

/// What is printed of these windows, beside the ratios of all trials that were ever run.
pub(super) fn document(
    head: &WalkHead,
    rows: &[WindowRow],
    all: &AllTrials,
    record: Option<TrackRecord>,
) -> WalkDocument {
    let (curve, configured) = (curve(rows), chained(rows.iter().map(|row| row.configured.as_slice())));
    let holding = chained(rows.iter().map(|row| row.holding.as_slice()));
    let trials = trials(head, rows, all);
    let deflated = deflated(record.as_ref(), Some(&trials));
    let grounds = WalkedGrounds {
        days: curve.len() - 1,
        total_return: total(&curve),
        sharpe: sharpe(&curve),
        holding: sharpe(&holding),
        configured: sharpe(&configured),
        deflated,
    };
    let mean_of = |sharpe: fn(&WindowRow) -> &Measure| {
        let known: Vec<f64> = rows.iter().filter_map(|row| sharpe(row).value).collect();
        Measure::known(mean(&known), "no window has one")
    };
    WalkDocument {
        schema: "trader.walk_forward.v1",
        manifest: head.manifest.clone(),
        walk: head.walk,
        grid: head.grid.clone(),
        random: head.random,
        tried: head.tried,
        verdict: Walked::of(&grounds).words(),
        trials: all.count + head.tried,
        deflated: Measure::plain(deflated),
        out_of_sample: curve_report(&curve),
        configured: curve_report(&configured),
        holding: curve_report(&holding),
        baselines: head.baselines.clone(),
        mean_train_sharpe: mean_of(|row| &row.train_sharpe),
        mean_test_sharpe: mean_of(|row| &row.test_sharpe),
        drift: head.grid.iter().map(|axis| drift(&axis.key, rows)).collect(),
        windows: rows.iter().map(window_report).collect(),
        curve,
    }
}

/// All trials that were ever run and every combination that this walk tried, spread as widely as the wider of them.
fn trials(head: &WalkHead, rows: &[WindowRow], all: &AllTrials) -> Trials {
    let of_trainings: Vec<f64> = rows.iter().filter_map(|row| row.train_variance).collect();
    let spread = mean(&of_trainings).unwrap_or_default();
    let variance = all.tried().map_or(spread, |stored| stored.variance.max(spread));
    Trials { count: (all.count + head.tried) as f64, variance }
}

fn curve(rows: &[WindowRow]) -> Vec<f64> {
    chained(rows.iter().map(|row| row.days.as_slice()))
}

/// Whether the curves of these windows can be told in numbers.
pub(super) fn is_finite(rows: &[WindowRow]) -> bool {
    let configured = chained(rows.iter().map(|row| row.configured.as_slice()));
    let holding = chained(rows.iter().map(|row| row.holding.as_slice()));
    curve(rows).iter().chain(&configured).chain(&holding).all(|value| value.is_finite())
}

/// What inference knows of the tests' days.
pub(super) fn record(rows: &[WindowRow]) -> Option<TrackRecord> {
    returns(&curve(rows)).ok().and_then(|daily| TrackRecord::of(&daily))
}

/// The Sharpe ratio of a test's days.
pub(super) fn sharpe_of(days: &[f64]) -> Measure {
    Measure::plain(sharpe(days))
}

fn sharpe(curve: &[f64]) -> Figure {
    returns(curve).and_then(|daily| daily_sharpe(&daily))
}

fn total(curve: &[f64]) -> Figure {
    curve.last().map(|last| last - 1.0).filter(|_| curve.len() > 1).ok_or(Undefined::TooFew)
}

fn curve_report(curve: &[f64]) -> CurveReport {
    let days = curve.len() - 1;
    CurveReport {
        days,
        total_return_pct: Measure::percent(total(curve)),
        cagr_pct: Measure::percent(total(curve).and_then(|total| yearly(total, days, PeriodsPerYear::DAILY))),
        sharpe_daily: Measure::plain(sharpe(curve)),
        max_drawdown_days_pct: Measure::percent(max_drawdown(curve).ok_or(Undefined::AccountLost)),
    }
}

fn drift(key: &str, rows: &[WindowRow]) -> DriftReport {
    let values: Vec<&String> = rows.iter().filter_map(|row| row.values.get(key)).collect();
    let mut chosen = BTreeMap::new();
    for value in &values {
        *chosen.entry((*value).clone()).or_insert(0) += 1;
    }
    DriftReport { key: key.to_owned(), changes: values.windows(2).filter(|pair| pair[0] != pair[1]).count(), chosen }
}

fn window_report(row: &WindowRow) -> WindowReport {
    WindowReport {
        train_from: row.train.0,
        train_to: row.train.1,
        test_from: row.test.0,
        test_to: row.test.1,
        values: row.values.clone(),
        train_sharpe: row.train_sharpe.clone(),
        test_sharpe: row.test_sharpe.clone(),
        test_return_pct: Measure::percent(total(&row.days)),
        trades: row.trades,
    }
}

/// For people.
pub(super) fn story(document: &WalkDocument, style: Style) -> String {
    let walk = &document.walk;
    let how = if walk.anchored { "anchored" } else { "rolling" };
    let curve = |name: &str, curve: &CurveReport| {
        format!(
            "  {name}: {} % in {} days, Sharpe ratio {}, drawdown {} %",
            curve.total_return_pct.told(),
            curve.days,
            curve.sharpe_daily.told(),
            curve.max_drawdown_days_pct.told()
        )
    };
    let mut lines = vec![
        format!(
            "{} windows, {how}: {} days of training, {} left out, {} of test; {} combinations",
            document.windows.len(),
            walk.train_days,
            walk.purge_days + walk.embargo_days,
            walk.test_days,
            document.tried
        ),
        document.verdict.to_owned(),
        curve("out of sample", &document.out_of_sample),
        curve("configured values", &document.configured),
        curve("holding at equal parts", &document.holding),
        "  each test begins with a fresh account: drawdowns and halts of the one before are forgotten".to_owned(),
        format!("  deflated Sharpe ratio, of {} trials: {}", document.trials, document.deflated.told()),
        format!(
            "  mean Sharpe ratio of the chosen: {} in training, {} in test",
            document.mean_train_sharpe.told(),
            document.mean_test_sharpe.told()
        ),
    ];
    lines.extend(document.drift.iter().map(drifted));
    lines.push(Output::table(&table(document), style).text);
    lines.push(Output::table(&YardstickReport::table(&document.baselines), style).text);
    lines.join("\n")
}

fn drifted(drift: &DriftReport) -> String {
    let chosen: Vec<String> = drift.chosen.iter().map(|(value, times)| format!("{value} × {times}")).collect();
    format!("  {} changed {} times: {}", drift.key, drift.changes, chosen.join(", "))
}

/// The windows, a row each.
pub(super) fn table(document: &WalkDocument) -> Table<String> {
    let mut columns: Vec<String> = ["train_from", "train_to", "test_from", "test_to"].map(str::to_owned).to_vec();
    columns.extend(document.grid.iter().map(|axis| axis.key.clone()));
    columns.extend(["train_sharpe", "test_sharpe", "test_return_pct", "trades"].map(str::to_owned));
    let day = |instant: UtcMillis| Cell::Text(instant.to_string().chars().take(10).collect());
    let row = |window: &WindowReport| {
        let mut cells = [window.train_from, window.train_to, window.test_from, window.test_to].map(day).to_vec();
        let value = |key: &String| Cell::Text(window.values.get(key).cloned().unwrap_or_default());
        cells.extend(document.grid.iter().map(|axis| value(&axis.key)));
        cells.extend([&window.train_sharpe, &window.test_sharpe, &window.test_return_pct].map(Cell::thousandths));
        cells.push(Cell::Text(window.trades.to_string()));
        cells
    };
    Table { columns, rows: document.windows.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(window: usize, value: &str) -> WindowRow {
        let at = UtcMillis::new(0);
        let values = BTreeMap::from([("k".to_owned(), value.to_owned())]);
        let none = Measure::none("");
        WindowRow {
            window,
            train: (at, at),
            test: (at, at),
            number: 0,
            values,
            train_sharpe: none.clone(),
            test_sharpe: none,
            trades: 0,
            days: vec![1.0],
            configured: vec![1.0],
            holding: vec![1.0],
            train_variance: None,
        }
    }

    #[test]
    fn drift_counts_how_often_another_value_was_chosen() {
        let rows: Vec<WindowRow> = (1..).zip(["2", "2", "3", "2"]).map(|(window, value)| row(window, value)).collect();
        let drift = drift("k", &rows);
        assert_eq!((drift.changes, drift.chosen), (2, BTreeMap::from([("2".to_owned(), 3), ("3".to_owned(), 1)])));
    }
}
