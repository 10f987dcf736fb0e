//! Whether a backtest can be believed: checks that a program which looks ahead, or whose answer hangs on where the data begin
//! or end, does not pass.
//!
//! The readings come from a closure that is given tapes, so that it can be asked what it would have said had the tapes been
//! others: cut, poisoned, begun elsewhere, drawn by chance. What is asked of stored runs (live parity) is asked where the
//! store is; here stands what it is called and how its answer looks.

mod bound;
mod foresight;
mod late;
mod shuffle;
mod tapes;
mod trail;
mod warm_up;

use self::trail::Trail;
use super::bar::Bar;
use super::replay::{Rules, replay};
use super::tape::Tape;
use crate::decision::Action;
use crate::ledger::Unbalanced;
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// What can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Candle by candle: without the candles that came later, the same opinion, decision, orders and equity.
    LookAhead,
    /// With all later prices and volumes times a thousand, the candle under way among them, still the same.
    Poison,
    /// Where the data begin does not matter once a view's worth of candles is there, and less than what is stated before.
    WarmUp,
    /// Day by day: a longer end leaves everything before it as it was.
    Extension,
    /// Stored decisions, asked again of the stored candles, are the decisions of then.
    LiveParity,
    /// The profit does not hang on acting in the very candle.
    OneBarLate,
    /// Where chance has drawn the candles there is nothing to earn.
    Shuffle,
}

impl Check {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 7] = [
        Self::LookAhead,
        Self::Poison,
        Self::WarmUp,
        Self::Extension,
        Self::LiveParity,
        Self::OneBarLate,
        Self::Shuffle,
    ];

    /// Its name on the command line and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LookAhead => "look-ahead",
            Self::Poison => "poison",
            Self::WarmUp => "warm-up",
            Self::Extension => "extension",
            Self::LiveParity => "live-parity",
            Self::OneBarLate => "one-bar-late",
            Self::Shuffle => "shuffle",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// Which check.
    pub check: Check,
    /// How it ended.
    pub finding: Finding,
    /// How many times something was held against something.
    pub comparisons: u64,
    /// What was done and found, in a sentence; where nothing was checked, why.
    pub text: String,
    /// The numbers behind it.
    pub gauges: Vec<Gauge>,
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Nothing broke.
    Passed,
    /// This broke first.
    Failed(Break),
    /// There was nothing to check; the sentence says why.
    Skipped,
}

/// What broke first.
#[derive(Clone, Debug, PartialEq)]
pub struct Break {
    /// The pair, where it is about one.
    pub symbol: Option<Symbol>,
    /// The candle, by its opening, or the moment where it is about the account; none where it is about a whole run.
    pub at: Option<UtcMillis>,
    /// What should have come.
    pub expected: String,
    /// What came.
    pub came: String,
}

/// A number behind a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// What it is, with its unit.
    pub name: String,
    /// The number.
    pub value: f64,
    /// What it may be at most, where that is so.
    pub limit: Option<f64>,
}

impl Gauge {
    fn of(name: impl Into<String>, value: f64) -> Self {
        Self { name: name.into(), value, limit: None }
    }

    fn limited(name: impl Into<String>, value: f64, limit: f64) -> Self {
        Self { name: name.into(), value, limit: Some(limit) }
    }
}

impl Verified {
    /// A check that had nothing to look at.
    pub fn skipped(check: Check, why: impl Into<String>) -> Self {
        Self { check, text: why.into(), finding: Finding::Skipped, comparisons: 0, gauges: Vec::new() }
    }
}

/// What could be known at the end of each candle of some tapes: the analyst under examination.
pub type Reader<'a> = dyn Fn(&[Tape]) -> Vec<Vec<Bar>> + 'a;

/// Numbers from 0 on and below 1, by chance.
pub type Uniform<'a> = dyn FnMut() -> f64 + 'a;

/// What is examined: a history, rules, an analyst, and what they came to.
#[expect(missing_debug_implementations, reason = "it holds a question")]
pub struct Subject<'a> {
    tapes: &'a [Tape],
    rules: &'a Rules,
    read: &'a Reader<'a>,
    /// The first moment that is decided at, and the last one.
    span: (UtcMillis, UtcMillis),
    timeframe: Timeframe,
    /// Candles that a view of the analyst holds at least.
    depth: i64,
    /// What was read of the whole history.
    bars: Vec<Vec<Bar>>,
    /// All that happened in it.
    trail: Trail,
}

impl<'a> Subject<'a> {
    /// Reads and replays the whole history once, for an analyst whose views hold at least `depth` candles. None without a tape.
    pub fn new(
        tapes: &'a [Tape],
        rules: &'a Rules,
        (read, depth): (&'a Reader<'a>, usize),
        (from, to): (UtcMillis, UtcMillis),
    ) -> Result<Option<Self>, Unbalanced> {
        let Some(timeframe) = tapes.first().map(|tape| tape.decided_on().timeframe()) else { return Ok(None) };
        let span = (timeframe.ceil(from), timeframe.floor(to));
        let bars = read(tapes);
        let mut trail = Trail::default();
        replay(tapes, &bars, rules, span, &mut trail)?;
        let depth = i64::try_from(depth).unwrap_or(i64::MAX / 2);
        Ok(Some(Self { tapes, rules, read, span, timeframe, depth, bars, trail }))
    }

    /// Makes a check, at `cuts` places that chance draws where it is made at many; live parity is asked of the store.
    pub fn check(&self, check: Check, cuts: usize, uniform: &mut Uniform<'_>) -> Result<Verified, Unbalanced> {
        match check {
            Check::LookAhead => foresight::look_ahead(self, cuts, uniform),
            Check::Poison => foresight::poison(self, cuts, uniform),
            Check::WarmUp => Ok(warm_up::warm_up(self, cuts, uniform)),
            Check::Extension => foresight::extension(self, uniform),
            Check::LiveParity => Ok(Verified::skipped(check, "it is asked of stored runs")),
            Check::OneBarLate => late::one_bar_late(self),
            Check::Shuffle => shuffle::shuffle(self, uniform),
        }
    }

    /// Candles that a view of the analyst holds at least.
    fn depth(&self) -> usize {
        usize::try_from(self.depth).unwrap_or(1).max(1)
    }

    /// What is replayed over some tapes, from one moment to another.
    fn replayed(&self, tapes: &[Tape], bars: &[Vec<Bar>], span: (UtcMillis, UtcMillis)) -> Result<Trail, Unbalanced> {
        let mut trail = Trail::default();
        replay(tapes, bars, self.rules, span, &mut trail)?;
        Ok(trail)
    }
}

/// A decision in words: what to do, how strong the opinion is (−100…+100), and the code of what stood in the way.
pub fn decision_in_words(action: Action, score: Option<f64>, held_back_by: Option<&str>) -> String {
    let score = score.map_or_else(|| "without a score".to_owned(), |score| format!("at {score}"));
    format!("{} {score}{}", action.word(), held_back_by.map(|code| format!(" ({code})")).unwrap_or_default())
}

/// A whole number below `count`, which is above 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "meant: the product is 0 to count")]
fn below(count: usize, uniform: &mut Uniform<'_>) -> usize {
    ((uniform() * count as f64) as usize).min(count.saturating_sub(1))
}
