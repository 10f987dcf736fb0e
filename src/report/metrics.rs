//! What the installation is measured by, as Prometheus reads it.

mod catalogue;
mod samples;
mod text;

pub use catalogue::{Kind, Metric};

use crate::decision::RiskState;
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// What is known when metrics are written.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// The version of the program.
    pub version: &'a str,
    /// Name, candles and hash of the strategy that is configured.
    pub strategy: (&'a str, Timeframe, &'a str),
    /// The pairs that are configured.
    pub pairs: &'a [Symbol],
    /// The run that has just ended, where one has; else the newest one on record counts.
    pub run: Option<EndedRun>,
    /// When a run last succeeded, where only an earlier text tells.
    pub told_success_at: Option<f64>,
    /// What the database says; none where it could not be read.
    pub measured: Option<&'a Measured>,
}

/// A run that has just ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedRun {
    /// How.
    pub exit_code: u8,
    /// When, where the run itself could not be recorded.
    pub unrecorded_at: Option<UtcMillis>,
}

/// What the database says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// Running totals.
    pub totals: Vec<Total>,
    /// The exchange's clock less this machine's at the last run, in milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// The newest candle of each series that is configured, by its close.
    pub newest: Vec<(Symbol, Timeframe, UtcMillis)>,
    /// Open gaps.
    pub gaps_open: u64,
    /// What the exchange said of limits.
    pub limits: Limits,
    /// The newest decision of each pair.
    pub decisions: Vec<Decided>,
    /// The newest resolved forecast of each pair and horizon.
    pub resolved: Vec<ResolvedPair>,
    /// Forecasts that wait, by their horizon in milliseconds.
    pub waiting: Vec<(i64, u64)>,
    /// Sums over resolved forecasts.
    pub outcomes: Vec<OutcomeSums>,
    /// The account as the last run left it.
    pub account: Option<AccountMeasured>,
    /// Messages that wait to be sent.
    pub unsent: u64,
    /// The size of the database with its log.
    pub bytes: Option<u64>,
}

/// A running total.
#[derive(Clone, Debug, PartialEq)]
pub struct Total {
    /// What is counted: `runs`, `executions`, `decisions` and so on.
    pub name: String,
    /// Its first label.
    pub subject: String,
    /// Its second label.
    pub kind: String,
    /// The total.
    pub total: f64,
    /// When something was last added.
    pub newest_at: UtcMillis,
    /// How long that took.
    pub newest_ms: Option<i64>,
}

/// What the exchange said of limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Request weight.
    pub weight: Option<i64>,
    /// When that was told.
    pub weight_at: Option<UtcMillis>,
    /// The end of a ban.
    pub banned_until: Option<UtcMillis>,
}

/// The newest decision of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The pair.
    pub symbol: Symbol,
    /// When.
    pub at: UtcMillis,
    /// BUY, SELL or HOLD.
    pub decision: String,
    /// From −100 to 100.
    pub score: Option<f64>,
    /// In percent.
    pub confidence_pct: Option<f64>,
    /// The close it was decided on.
    pub price: f64,
    /// Horizon in milliseconds, expected net return, probability of a gain.
    pub forecasts: Vec<(i64, Option<f64>, f64)>,
}

/// A forecast that was resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedPair {
    /// The pair.
    pub symbol: Symbol,
    /// Its horizon.
    pub horizon_ms: i64,
    /// What was expected.
    pub predicted: Option<f64>,
    /// What came.
    pub actual: f64,
}

/// Sums over the resolved forecasts of one kind, horizon and length of candles whose probability of a gain lies in one fifth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutcomeSums {
    /// `horizon`, `policy` or `trade`.
    pub kind: String,
    /// The horizon.
    pub horizon_ms: i64,
    /// The candles that were decided on.
    pub timeframe: String,
    /// How many.
    pub outcomes: u64,
    /// Expected returns.
    pub predicted: f64,
    /// Net returns.
    pub actual: f64,
    /// Distances of the two.
    pub missed: f64,
    /// Forecasts that named a direction.
    pub named: u64,
    /// Those that named the right one.
    pub hits: u64,
    /// Outcomes that gained.
    pub gained: u64,
    /// Probabilities.
    pub p_gain: f64,
    /// Their squared distances from what happened.
    pub squared: f64,
}

/// The account as a run left it.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountMeasured {
    /// It is kept in this.
    pub asset: String,
    /// Cash and coins.
    pub equity: f64,
    /// Money that is not in coins.
    pub cash: f64,
    /// The highest equity.
    pub peak: f64,
    /// In percent, as all that follow.
    pub drawdown_pct: f64,
    /// What today brought.
    pub day_pct: f64,
    /// What all stops would lose.
    pub heat_pct: f64,
    /// The same, as far as the coins move together.
    pub heat_correlated_pct: f64,
    /// Open positions.
    pub positions: u64,
    /// The state, if it is one that this version knows.
    pub state: Option<RiskState>,
}

impl Observed<'_> {
    /// The text, without the end of its last line.
    pub fn text(&self) -> String {
        samples::of(self).text()
    }
}

/// When a run last succeeded, as an earlier text tells.
pub fn told_success_at(text: &str) -> Option<f64> {
    let name = Metric::LastSuccessTimestamp.name();
    let told = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok());
    told.filter(|at: &f64| at.is_finite())
}
