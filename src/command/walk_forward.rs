//! `trader walk-forward`: parameters chosen on one stretch of stored candles and judged on the one after it, again and again.

mod summary;

use std::collections::BTreeMap;
use std::iter;
use std::path::PathBuf;

use self::summary::{document, story, table};
use super::backtest::{History, manifest, yardsticks};
use super::in_order::in_order;
use super::merge::{Head, joined};
use super::progress::{progress, say_how_to_go_on};
use super::rows_file::{RowsFile, refuse_own_files};
use super::say::{Output, Style};
use super::sweep::{Field, TriesAsked, numbers, refuse_bad_values};
use super::trials::{Trial, kept};
use super::usage;
use crate::backtest::{Attempt, Grid, Leg, Walk, held_at_equal_parts, left_after_selling};
use crate::report::{Format, Measure, Shard, ShardDocument, WalkHead, WalkReport, WindowRow, to_json};
use crate::settings::{Settings, Trading, Variations};
use crate::statistics::{Training, Trials};
use crate::store::{Access, Store};
use crate::unit::{Timeframe, UtcMillis};

/// How the first line of a file of rows begins.
pub(super) const ROWS: &str = "trader.walk_forward.rows.v1";
/// The key that says how long a position may be held.
const HOLD: &str = "exits.hold_h";

/// What a walk forward is asked, beside the settings.
#[derive(Clone, Debug)]
pub struct WalkAsked {
    /// Which candles, and what is tried.
    pub tries: TriesAsked,
    /// Trainings grow from the first day.
    pub anchored: bool,
    /// What parameters are chosen on, in days.
    pub train_days: usize,
    /// How long what is open at the end of a training may last, in days; as long as a position may be held where there is none.
    pub purge_days: Option<usize>,
    /// Left out after that, in days.
    pub embargo_days: usize,
    /// What the choice is judged on, in days.
    pub test_days: usize,
}

/// Walks forward, and says what choosing was worth.
pub fn walk_forward(settings: &Settings, asked: &WalkAsked, style: Style) -> anyhow::Result<Output> {
    refuse_own_files(settings, asked.tries.out.as_ref())?;
    let grid = Grid::new(asked.tries.grid.clone(), Variations::changes_readings).map_err(|e| usage(e.to_string()))?;
    let store = Store::open(&settings.db, Access::Read)?;
    let history = History::open(settings, &store, &asked.tries.backtest)?;
    drop(store);
    let field = Field::new(settings, &history, asked.tries.backtest.costs, asked.tries.jobs)?;
    let numbers = numbers(&grid, asked.tries.random, None)?;
    refuse_bad_values(&field, &grid, &numbers)?;
    let (walk, report) = lengths(asked, longest_hold(&field, &grid)?);
    let legs = walk.legs(history.span.from, history.span.to);
    let (Some(first), Some(last)) = (legs.first(), legs.last()) else { return Err(too_short(&history, &report)) };
    let head = WalkHead {
        schema: ROWS.to_owned(),
        manifest: serde_json::to_value(manifest(settings, &history, asked.tries.backtest.costs))?,
        walk: report,
        grid: grid.axes().to_vec(),
        random: asked.tries.random,
        tried: numbers.len(),
        windows: legs.len(),
        baselines: yardsticks(settings, &history, asked.tries.backtest.costs, (first.test.0, last.test.1)),
        shard: asked.tries.shard,
    };
    let way = Way { field: &field, grid: &grid, numbers: &numbers, jobs: asked.tries.jobs };
    let (rows, found) = rows_of(asked, &head, &legs, &way)?;
    match (asked.tries.shard, &asked.tries.out) {
        (Some(shard), Some(out)) => {
            let file = out.display().to_string();
            let document = ShardDocument { schema: "trader.shard.v1", shard, file, rows: rows.len(), found };
            Ok(Output::ok(to_json(&document, style.pretty)))
        }
        _ => say(settings, &head, &rows, style),
    }
}

/// Joins the files that shards have written.
pub(super) fn merge(settings: &Settings, files: &[PathBuf], style: Style) -> anyhow::Result<Output> {
    let (head, rows) = joined::<WalkHead, WindowRow>(files)?;
    let grid = Grid::new(head.grid.clone(), Variations::changes_readings).map_err(|e| usage(e.to_string()))?;
    let is_next =
        |(row, window): (&WindowRow, usize)| row.window == window && makes_sense(row, &grid, head.walk.test_days);
    if rows.len() != head.windows || !rows.iter().zip(1..).all(is_next) || !summary::is_finite(&rows) {
        return Err(usage("the rows of the files are not those of their walk\n  remove the files"));
    }
    say(settings, &head, &rows, style)
}

/// Whether a row says what one of ours may say: it may come from anywhere.
fn makes_sense(row: &WindowRow, grid: &Grid, test_days: usize) -> bool {
    let values = grid.values(row.number).into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    let is_curve = |curve: &[f64]| {
        curve.len() == test_days + 1
            && curve[0].to_bits() == 1.0_f64.to_bits()
            && curve.iter().all(|value| value.is_finite() && *value >= 0.0)
    };
    row.number < grid.combinations()
        && row.values.iter().map(|(key, value)| (key.clone(), value.clone())).eq(values.collect::<BTreeMap<_, _>>())
        && is_curve(&row.days)
        && is_curve(&row.configured)
        && is_curve(&row.holding)
        && row.train_variance.is_none_or(|variance| variance.is_finite() && variance >= 0.0)
}

impl Head for WalkHead {
    fn shard(&self) -> Option<Shard> {
        self.shard
    }

    fn of_all(self) -> Self {
        Self { shard: None, ..self }
    }

    fn rows(&self) -> usize {
        self.windows
    }
}

/// The longest time that a position may be held under any of the combinations; one that may be held for ever is taken to last as
/// long as the longest forecast.
fn longest_hold(field: &Field<'_>, grid: &Grid) -> anyhow::Result<i64> {
    let mut longest = held(&field.variant(&[])?.trading);
    for axis in grid.axes().iter().filter(|axis| axis.key == HOLD) {
        for value in &axis.values {
            longest = longest.max(held(&field.variant(&[(HOLD, value)])?.trading));
        }
    }
    Ok(longest)
}

fn held(trading: &Trading) -> i64 {
    trading.exits.hold_ms.or(trading.horizons_ms.last().copied()).unwrap_or_default()
}

/// The lengths of the stretches, where a position may be held so long.
fn lengths(asked: &WalkAsked, hold_ms: i64) -> (Walk, WalkReport) {
    let days = usize::try_from((hold_ms + Timeframe::D1.ms() - 1) / Timeframe::D1.ms()).unwrap_or_default();
    let purge_days = asked.purge_days.unwrap_or(days);
    let WalkAsked { train_days, test_days, embargo_days, anchored, .. } = *asked;
    let training = if anchored { Training::Anchored } else { Training::Rolling };
    (
        Walk { training, train_days, gap_days: purge_days + embargo_days, test_days },
        WalkReport { anchored, train_days, purge_days, embargo_days, test_days },
    )
}

fn too_short(history: &History, walk: &WalkReport) -> anyhow::Error {
    let WalkReport { train_days, purge_days, embargo_days, test_days, .. } = walk;
    let needed = train_days + purge_days + embargo_days + test_days;
    usage(format!(
        "{} to {} is too short: {train_days} days of training, {purge_days} and {embargo_days} left out and {test_days} of test are {needed}\n  \
         name shorter ones with --train, --purge, --embargo and --test, or fetch more: trader backfill --from DATE",
        history.span.from, history.span.to
    ))
}

/// The rows of the windows, made or found in the file; and how many were found.
fn rows_of(asked: &WalkAsked, head: &WalkHead, legs: &[Leg], way: &Way<'_>) -> anyhow::Result<(Vec<WindowRow>, usize)> {
    let all: Vec<(usize, Leg)> = (1..).zip(legs.iter().copied()).collect();
    let mine = asked.tries.shard.map_or(&all[..], |shard| &all[shard.part(all.len())]);
    let opened = asked.tries.out.as_ref().map(|path| RowsFile::open::<WindowRow>(path, head)).transpose()?;
    let (mut file, mut rows) = opened.map_or((None, Vec::new()), |(file, rows)| (Some(file), rows));
    let found = rows.len();
    if !rows.iter().map(|row| row.window).eq(mine.iter().take(found).map(|(window, _)| *window)) {
        return Err(usage("the rows of the file are not those of this walk\n  remove the file"));
    }
    let bar = progress("combinations", (mine.len() * way.numbers.len()) as u64);
    bar.set_position((found * way.numbers.len()) as u64);
    say_how_to_go_on(&bar, asked.tries.out.as_deref());
    for (window, leg) in &mine[found..] {
        let row = way.window(*window, leg, &bar)?;
        file.as_mut().map_or(Ok(()), |file| file.add(&row))?;
        rows.push(row);
    }
    file.as_mut().map_or(Ok(()), RowsFile::keep)?;
    bar.finish_and_clear();
    Ok((rows, found))
}

/// What is tried in each window.
struct Way<'a> {
    field: &'a Field<'a>,
    grid: &'a Grid,
    numbers: &'a [u64],
    jobs: usize,
}

impl Way<'_> {
    /// Chooses on the training, and judges on the test.
    fn window(&self, window: usize, leg: &Leg, bar: &indicatif::ProgressBar) -> anyhow::Result<WindowRow> {
        let Chosen { number, sharpe: train_sharpe, variance: train_variance } = self.choose(leg, bar)?;
        let values = self.grid.values(number);
        let tested = self.test(&values, leg.test)?;
        let told = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Ok(WindowRow {
            window,
            train: leg.train,
            test: leg.test,
            number,
            values: values.iter().map(told).collect(),
            train_sharpe,
            test_sharpe: summary::sharpe_of(&tested.days),
            trades: tested.trades,
            days: tested.days,
            configured: self.test(&[], leg.test)?.days,
            holding: self.held(leg.test)?,
            train_variance,
        })
    }

    /// The combination with the highest Sharpe ratio over the training, of equals the first.
    fn choose(&self, leg: &Leg, bar: &indicatif::ProgressBar) -> anyhow::Result<Chosen> {
        let mut best: Option<(u64, Measure)> = None;
        let mut sharpes = Vec::with_capacity(self.numbers.len());
        let try_out = |number: &u64| -> anyhow::Result<(u64, Attempt)> {
            Ok((*number, self.field.attempt(&self.grid.values(*number), leg.train)?))
        };
        let score = |measure: &Measure| measure.value.unwrap_or(f64::NEG_INFINITY);
        in_order(self.numbers, self.jobs, try_out, |(number, attempt)| {
            bar.inc(1);
            sharpes.extend(attempt.record.map(|record| record.sharpe));
            let sharpe = Measure::plain(attempt.sharpe);
            if best.as_ref().is_none_or(|(_, best)| score(&sharpe) > score(best)) {
                best = Some((number, sharpe));
            }
            Ok(())
        })?;
        let (number, sharpe) = best.ok_or_else(|| usage("there is nothing to try"))?;
        let variance = Trials::of(&sharpes).filter(|_| sharpes.len() > 1).map(|trials| trials.variance);
        Ok(Chosen { number, sharpe, variance })
    }

    /// All pairs, held at equal parts over a test, at the configured costs.
    fn held(&self, span: (UtcMillis, UtcMillis)) -> anyhow::Result<Vec<f64>> {
        Ok(held_at_equal_parts(&self.field.tapes(&self.field.variant(&[])?), span))
    }

    /// Replays values over a test, with an account that begins with nothing but its money.
    fn test(&self, values: &[(&str, &str)], span: (UtcMillis, UtcMillis)) -> anyhow::Result<Tested> {
        let (tapes, days, replayed) = self.field.replayed(values, span)?;
        let left = left_after_selling(&tapes, &replayed);
        Ok(Tested { days: days.curve(left), trades: replayed.trades.len() })
    }
}

/// What was chosen in a training: its number, its Sharpe ratio, and the variance of those of days among all that were tried.
struct Chosen {
    number: u64,
    sharpe: Measure,
    variance: Option<f64>,
}

struct Tested {
    days: Vec<f64>,
    trades: usize,
}

/// Keeps the walk as one trial, and says what it came to beside all trials there ever were.
fn say(settings: &Settings, head: &WalkHead, rows: &[WindowRow], style: Style) -> anyhow::Result<Output> {
    let record = summary::record(rows);
    let manifest = to_json(&head.clone().of_all(), false);
    // The walk is one trial: what was tried in its trainings never saw its tests.
    let (trials, exit) = kept(&settings.db, || iter::once(Trial { manifest: manifest.clone(), record }))?;
    let document = document(head, rows, &trials, record);
    let said = match style.format {
        Format::Json => Output::ok(to_json(&document, style.pretty)),
        Format::Csv => Output::table(&table(&document), style),
        Format::Table => Output::ok(story(&document, style)),
    };
    Ok(Output { exit, ..said })
}
