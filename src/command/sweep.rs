//! `trader sweep`: many combinations of parameters over the same stored candles, and what choosing the best is worth.

mod field;
mod shared;
mod summary;

use std::collections::BTreeMap;
use std::path::PathBuf;

use self::field::BLOCKS;
pub(super) use self::field::Field;
use self::summary::{document, story};
use super::backtest::{BacktestAsked, History, manifest, yardsticks};
use super::in_order::in_order;
use super::merge::{Head, joined};
use super::progress::{progress, say_how_to_go_on};
use super::rows_file::{RowsFile, refuse_own_files};
use super::say::{Output, Style};
use super::trials::{Trial, kept};
use super::usage;
use crate::backtest::{Axis, Grid, draw};
use crate::exit::Exit;
use crate::report::{Cell, Drawn, Format, Shard, ShardDocument, SweepHead, SweepRow, Table, to_json};
use crate::settings::{Settings, Variations, digest};
use crate::store::{Access, AllTrials, Store, StoreError};

/// More combinations than this are not tried in one run: each keeps 1.3 kilobytes until the end.
const MOST: u64 = 2_000_000;
/// How the first line of a file of rows begins.
pub(super) const ROWS: &str = "trader.sweep.rows.v1";

/// What a sweep is asked, beside the settings.
#[derive(Clone, Debug)]
pub struct SweepAsked {
    /// What is tried, and how the work is shared.
    pub tries: TriesAsked,
    /// How many of the best are told.
    pub top: usize,
}

/// What is tried, and how the work is shared.
#[derive(Clone, Debug)]
pub struct TriesAsked {
    /// Which candles, at which costs.
    pub backtest: BacktestAsked,
    /// What is varied.
    pub grid: Vec<Axis>,
    /// Combinations that are drawn by chance; all of them where there is none.
    pub random: Option<Drawn>,
    /// The part of the work that is done.
    pub shard: Option<Shard>,
    /// Where rows are written.
    pub out: Option<PathBuf>,
    /// Threads.
    pub jobs: usize,
}

/// Tries combinations, and says which were the best and what that is worth.
pub fn sweep(settings: &Settings, asked: &SweepAsked, style: Style) -> anyhow::Result<Output> {
    let SweepAsked { tries: asked, top } = asked;
    refuse_own_files(settings, asked.out.as_ref())?;
    let grid = Grid::new(asked.grid.clone(), Variations::changes_readings).map_err(|e| usage(e.to_string()))?;
    let numbers = numbers(&grid, asked.random, asked.shard)?;
    let store = Store::open(&settings.db, Access::Read)?;
    let history = History::open(settings, &store, &asked.backtest)?;
    drop(store);
    let field = Field::new(settings, &history, asked.backtest.costs, asked.jobs)?;
    refuse_bad_values(&field, &grid, &numbers)?;
    let head = SweepHead {
        schema: ROWS.to_owned(),
        manifest: serde_json::to_value(manifest(settings, &history, asked.backtest.costs))?,
        grid: grid.axes().to_vec(),
        random: asked.random,
        combinations: grid.combinations(),
        baselines: yardsticks(settings, &history, asked.backtest.costs, (history.span.from, history.span.to)),
        shard: asked.shard,
    };
    let (rows, found) = rows_of(asked, &head, (&grid, &numbers), |number| {
        let attempt = field.attempt(&grid.values(number), (history.span.from, history.span.to))?;
        Ok(SweepRow::of(number, &attempt))
    })?;
    match (asked.shard, &asked.out) {
        (Some(shard), Some(out)) => {
            let file = out.display().to_string();
            let document = ShardDocument { schema: "trader.shard.v1", shard, file, rows: rows.len(), found };
            Ok(Output::ok(to_json(&document, style.pretty)))
        }
        _ => say(settings, (&head, &grid), &rows, (*top, style)),
    }
}

/// Joins the files that shards of a sweep have written.
pub(super) fn merge(settings: &Settings, files: &[PathBuf], top: usize, style: Style) -> anyhow::Result<Output> {
    let (head, rows) = joined::<SweepHead, SweepRow>(files)?;
    let grid = Grid::new(head.grid.clone(), Variations::changes_readings).map_err(|e| usage(e.to_string()))?;
    let expected = numbers(&grid, head.random, None)?;
    if !rows.iter().map(|row| row.number).eq(expected.iter().copied()) {
        return Err(usage("the rows of the files are not those of their sweep\n  remove the files"));
    }
    say(settings, (&head, &grid), &rows, (top, style))
}

/// What the configuration would not take is refused before anything is run: every value of the grid by itself, and the
/// combinations that are tried, for some values do not go together.
pub(super) fn refuse_bad_values(field: &Field<'_>, grid: &Grid, numbers: &[u64]) -> anyhow::Result<()> {
    for axis in grid.axes() {
        for value in &axis.values {
            field.check(&axis.key, value)?;
        }
    }
    for number in numbers {
        let values = grid.values(*number);
        let told = || values.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ");
        field.variant(&values).map_err(|e| usage(format!("{e}\n  in the combination {}", told())))?;
    }
    Ok(())
}

/// The numbers of the combinations that are tried, in order.
pub(super) fn numbers(grid: &Grid, random: Option<Drawn>, shard: Option<Shard>) -> anyhow::Result<Vec<u64>> {
    let count = random.map_or(grid.combinations(), |drawn| drawn.count.min(grid.combinations()));
    if count > MOST {
        let text = format!(
            "{count} combinations are too many for one run, at most {MOST} are tried\n  draw some: --random {MOST}"
        );
        return Err(usage(text));
    }
    let mut numbers: Vec<u64> = match random {
        Some(Drawn { count, seed }) => {
            let mut chance = fastrand::Rng::with_seed(seed);
            draw(grid.combinations(), count, |below| chance.u64(..below))
        }
        None => (0..count).collect(),
    };
    if let Some(shard) = shard {
        let part = shard.part(numbers.len());
        numbers = numbers[part].to_vec();
    }
    Ok(numbers)
}

/// The rows of these combinations, made or found in the file; and how many were found.
fn rows_of(
    asked: &TriesAsked,
    head: &SweepHead,
    (grid, numbers): (&Grid, &[u64]),
    make: impl Fn(u64) -> anyhow::Result<SweepRow> + Sync,
) -> anyhow::Result<(Vec<SweepRow>, usize)> {
    let opened = asked.out.as_ref().map(|path| RowsFile::open::<SweepRow>(path, head)).transpose()?;
    let (mut file, mut rows) = opened.map_or((None, Vec::new()), |(file, rows)| (Some(file), rows));
    let found = rows.len();
    if !numbers.starts_with(&rows.iter().map(|row| row.number).collect::<Vec<u64>>()) {
        return Err(usage("the rows of the file are not those of this sweep\n  remove the file"));
    }
    rows.reserve_exact(numbers.len() - found);
    let bar = progress("combinations", numbers.len() as u64);
    bar.set_position(found as u64);
    say_how_to_go_on(&bar, asked.out.as_deref());
    in_order(
        &numbers[found..],
        asked.jobs,
        |number| make(*number),
        |row| {
            file.as_mut().map_or(Ok(()), |file| file.add(&row.line(grid.values(row.number))))?;
            rows.push(row);
            bar.inc(1);
            Ok(())
        },
    )?;
    file.as_mut().map_or(Ok(()), RowsFile::keep)?;
    bar.finish_and_clear();
    Ok((rows, found))
}

/// Keeps the trials, and says what the sweep came to beside all trials there ever were.
fn say(
    settings: &Settings,
    (head, grid): (&SweepHead, &Grid),
    rows: &[SweepRow],
    (top, style): (usize, Style),
) -> anyhow::Result<Output> {
    let (trials, exit) = keep_trials(settings, (head, grid), rows)?;
    let document = document((head, grid), rows, &trials, top);
    let said = match style.format {
        Format::Json => Output::ok(to_json(&document, style.pretty)),
        Format::Csv => Output::table(&table(grid, rows), style),
        Format::Table => Output::ok(story(&document, style)),
    };
    Ok(Output { exit, ..said })
}

/// Every combination is a trial; the same one under the same head counts once.
fn keep_trials(
    settings: &Settings,
    (head, grid): (&SweepHead, &Grid),
    rows: &[SweepRow],
) -> Result<(AllTrials, Exit), StoreError> {
    let name = digest(to_json(&head.clone().of_all(), false).as_bytes());
    let trial = |row: &SweepRow| {
        let values: BTreeMap<&str, &str> = grid.values(row.number).into_iter().collect();
        let (number, values) = (row.number, to_json(&values, false));
        let manifest = format!("{{\"sweep\":\"{name}\",\"number\":{number},\"values\":{values}}}");
        Trial { manifest, record: row.record() }
    };
    kept(&settings.db, || rows.iter().map(trial))
}

/// Every combination, a row each.
fn table(grid: &Grid, rows: &[SweepRow]) -> Table<String> {
    let figures = [
        "total_return_pct",
        "cagr_pct",
        "sharpe_daily",
        "max_drawdown_days_pct",
        "days_without_entries_pct",
        "trades",
        "profit_factor",
    ];
    let mut columns = vec!["number".to_owned()];
    columns.extend(grid.axes().iter().map(|axis| axis.key.clone()));
    columns.extend(figures.map(str::to_owned));
    let row = |row: &SweepRow| {
        let f = &row.figures;
        let mut cells = vec![Cell::Text(row.number.to_string())];
        cells.extend(grid.values(row.number).into_iter().map(|(_, value)| Cell::Text(value.to_owned())));
        cells.extend(
            [&f.total_return_pct, &f.cagr_pct, &f.sharpe_daily, &f.max_drawdown_days_pct, &f.days_without_entries_pct]
                .map(|m| Cell::from(m.value)),
        );
        cells.extend([Cell::Text(f.trades.to_string()), Cell::from(f.profit_factor.value)]);
        cells
    };
    Table { columns, rows: rows.iter().map(row).collect() }
}
