//! What a sweep came to: the best, their neighbours, and what choosing the best is worth.

use super::BLOCKS;
use crate::backtest::{Choice, ChoiceGrounds, Grid, deflated};
use crate::command::say::{Output, Style};
use crate::report::{
    Cell, Measure, NeighboursReport, OverfittingReport, SweepDocument, SweepHead, SweepRow, Table, TopReport,
    YardstickReport,
};
use crate::statistics::{Overfitting, Score, overfitting_of_blocks};
use crate::store::AllTrials;

/// What is printed of these rows, beside the ratios of all trials that were ever run.
pub(super) fn document(
    (head, grid): (&SweepHead, &Grid),
    rows: &[SweepRow],
    trials: &AllTrials,
    top: usize,
) -> SweepDocument {
    let mut ranked: Vec<&SweepRow> = rows.iter().collect();
    // The sort is stable: of equals the one with the lower number comes first.
    ranked.sort_by(|a, b| b.score().total_cmp(&a.score()));
    let best = ranked.first().copied().filter(|best| best.figures.sharpe_daily.value.is_some());
    let deflated = deflated(best.and_then(SweepRow::record).as_ref(), trials.tried().as_ref());
    let overfitting = overfitting(rows);
    let around = |row: &SweepRow| neighbours(row, &grid.neighbours(row.number), rows);
    let grounds = ChoiceGrounds {
        days: rows.first().map_or(0, SweepRow::day_count),
        trades: best.map_or(0, |best| best.figures.trades),
        sharpe: best.and_then(|best| best.figures.sharpe_daily.value),
        deflated,
        overfitting: overfitting.as_ref().map(|o| o.probability),
        kept: best.and_then(|best| around(best).kept.value),
    };
    SweepDocument {
        schema: "trader.sweep.v1",
        manifest: head.manifest.clone(),
        grid: head.grid.clone(),
        random: head.random,
        combinations: head.combinations,
        tried: rows.len(),
        verdict: Choice::of(&grounds).words(),
        trials: trials.count,
        deflated: Measure::plain(deflated),
        overfitting: overfitting_report(overfitting.as_ref()),
        baselines: head.baselines.clone(),
        top: ranked.into_iter().take(top).map(|row| top_report(row, grid, around(row))).collect(),
    }
}

fn overfitting(rows: &[SweepRow]) -> Option<Overfitting> {
    let are_cut = rows.iter().all(|row| row.blocks.len() == BLOCKS);
    let sum = |row: usize, block: usize| rows[row].block_sum(block).unwrap_or_default();
    are_cut.then(|| overfitting_of_blocks((rows.len(), BLOCKS), sum, Score::Sharpe)).flatten()
}

fn overfitting_report(overfitting: Option<&Overfitting>) -> OverfittingReport {
    let why = "one combination, under two days for each block, or returns that are all the same";
    let measure = |of: fn(&Overfitting) -> Option<f64>| Measure::known(overfitting.and_then(of), why);
    let middle = |overfitting: &Overfitting| {
        let mut logits = overfitting.logits.clone();
        logits.sort_by(f64::total_cmp);
        median(&logits)
    };
    OverfittingReport {
        blocks: BLOCKS,
        probability: measure(|o| Some(o.probability)),
        probability_of_loss: measure(|o| Some(o.probability_of_loss)),
        median_logit: measure(middle),
        degradation: measure(|o| Some(o.degradation?.slope)),
    }
}

fn top_report(row: &SweepRow, grid: &Grid, neighbours: NeighboursReport) -> TopReport {
    let values = grid.values(row.number).into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    TopReport { number: row.number, values: values.collect(), figures: row.figures.clone(), neighbours }
}

/// The rows stand in the order of their numbers.
fn neighbours(row: &SweepRow, around: &[u64], rows: &[SweepRow]) -> NeighboursReport {
    let row_of = |number: &u64| rows.binary_search_by_key(number, |row| row.number).ok().map(|place| &rows[place]);
    let tried: Vec<&SweepRow> = around.iter().filter_map(row_of).collect();
    // A neighbour that never held anything has earned nothing: it keeps nothing of a peak.
    let mut sharpes: Vec<f64> = tried.iter().map(|row| row.figures.sharpe_daily.value.unwrap_or_default()).collect();
    sharpes.sort_by(f64::total_cmp);
    let median = median(&sharpes);
    let kept =
        median.zip(row.figures.sharpe_daily.value).filter(|(_, own)| *own > 0.0).map(|(median, own)| median / own);
    NeighboursReport {
        count: around.len(),
        tried: tried.len(),
        median_sharpe: Measure::known(median, "none was tried"),
        worst_sharpe: Measure::known(sharpes.first().copied(), "none was tried"),
        kept: Measure::known(kept, "none was tried, or its own is not above 0"),
    }
}

/// Of numbers in order.
fn median(sorted: &[f64]) -> Option<f64> {
    let (low, high) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some(f64::midpoint(*low, *high))
}

/// For people.
pub(super) fn story(document: &SweepDocument, style: Style) -> String {
    let tried = format!("{} of {} combinations", document.tried, document.combinations);
    let axes: Vec<String> = document.grid.iter().map(ToString::to_string).collect();
    let lines = [
        format!("{tried} of {}", axes.join(" ")),
        document.verdict.to_owned(),
        format!("  deflated Sharpe ratio of the best, of {} trials: {}", document.trials, document.deflated.told()),
        format!("  probability of overfitting: {}", document.overfitting.probability.told()),
        format!("  the best of one half loses in the other: {}", document.overfitting.probability_of_loss.told()),
        Output::table(&best(document), style).text,
        Output::table(&YardstickReport::table(&document.baselines), style).text,
    ];
    lines.join("\n")
}

fn best(document: &SweepDocument) -> Table<String> {
    let mut columns: Vec<String> = document.grid.iter().map(|axis| axis.key.clone()).collect();
    let told = ["sharpe", "return_pct", "drawdown_pct", "trades", "closed_pct", "neighbours", "worst", "kept"];
    columns.extend(told.map(str::to_owned));
    let row = |top: &TopReport| {
        let (f, n) = (&top.figures, &top.neighbours);
        let values = document.grid.iter().map(|axis| top.values.get(&axis.key).cloned().unwrap_or_default());
        let mut cells: Vec<Cell> = values.map(Cell::Text).collect();
        cells.extend([&f.sharpe_daily, &f.total_return_pct, &f.max_drawdown_days_pct].map(Cell::thousandths));
        cells.push(Cell::Text(f.trades.to_string()));
        cells.push(Cell::thousandths(&f.days_without_entries_pct));
        cells.extend([&n.median_sharpe, &n.worst_sharpe, &n.kept].map(Cell::thousandths));
        cells
    };
    Table { columns, rows: document.top.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two() {
        assert_eq!((median(&[]), median(&[3.0])), (None, Some(3.0)));
        assert_eq!((median(&[1.0, 5.0]), median(&[1.0, 2.0, 9.0])), (Some(3.0), Some(2.0)));
    }
}
