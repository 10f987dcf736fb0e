//! Choices: what follows from the opinions about a view, under a policy.
//!
//! Uses `unit`, `market`, `indicator`, `signal` and `ledger`. `decide` is one pure question; the cycle, a backtest and a
//! test all ask it; `approve_entry` is the second one, about money. What is not known is a refusal. This room never acts on
//! a decision.

mod approval;
mod entry;
mod follow;
mod heat;
mod objection;
mod refusal;
mod risk;
mod sizing;

pub use approval::{Approved, ExitPolicy, Room, TradePolicy, Wish, approve_entry, approve_exit};
pub use entry::{Edge, EdgeGate, EntryPolicy, VolatilityTarget};
pub use follow::{Call, Desk, Followed, follow};
pub use heat::{DailyReturns, correlated};
pub use objection::Objection;
pub use refusal::{Gate, Refusal};
pub use risk::{Floors, Limits, RiskState, Standings};
pub use sizing::{Allowance, size};

use crate::market::{Standing, Status, View};
use crate::signal::{Leaning, NotReady, Score, Signal, Thresholds};

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Enter.
    Buy,
    /// Leave.
    Sell,
    /// Neither.
    Hold,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Buy, Self::Sell, Self::Hold];

    /// The one with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }

    /// Its word in JSON and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
            Self::Hold => "HOLD",
        }
    }
}

/// When to act, and when not to believe what is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// From where on a score is acted on.
    pub thresholds: Thresholds,
    /// The newest closed candle must have ended less than this before `now`.
    pub max_age_ms: i64,
    /// More missing candles than this are a refusal.
    pub max_missing: usize,
    /// Closed candles that every analyst needs.
    pub warm_up: usize,
    /// Among so many of the newest candles those that are missing are counted.
    pub gap_window: usize,
}

/// A choice with its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// How strong the opinion is; none when there is no opinion.
    pub score: Option<Score>,
    /// Which way it leans; none when there is no opinion.
    pub leaning: Option<Leaning>,
    /// What stood in the way of having or following an opinion.
    pub refusal: Option<Refusal>,
}

/// What a decision looks at beside the opinions: what is known of the pair and of its candles.
#[derive(Clone, Copy, Debug)]
pub struct Outlook<'a> {
    /// What is known of the pair's state at the exchange.
    pub standing: &'a Standing,
    /// From the end of the newest candle to now, in milliseconds.
    pub age_ms: Option<i64>,
    /// Closed candles there are.
    pub candles: usize,
    /// Candles that are missing among the newest that the analysts need.
    pub missing: usize,
}

impl<'a> Outlook<'a> {
    /// Of a view.
    pub fn of(view: &'a View, policy: &Policy) -> Self {
        Self {
            standing: view.standing(),
            age_ms: view.age_ms(),
            candles: view.series().candles().len(),
            missing: view.series().missing_in_last(policy.gap_window),
        }
    }
}

/// The score of an analyst, or why there is none.
pub type Opinion = Result<Score, NotReady>;

/// The scores alone of what analysts said.
pub fn opinions(signals: &[Result<Signal, NotReady>]) -> Vec<Opinion> {
    signals.iter().map(|signal| signal.as_ref().map(|signal| signal.score).map_err(|not_ready| *not_ready)).collect()
}

/// Decides on one pair.
///
/// The gates come first, the gravest first; behind them the score alone counts. There is one analyst today: with more,
/// the mean of their scores will be one more step here.
pub fn decide(outlook: &Outlook<'_>, opinions: &[Opinion], policy: &Policy) -> Decision {
    let score = opinions.iter().find_map(|opinion| opinion.ok());
    let leaning = score.map(|score| policy.thresholds.leaning(score));
    let refusal = status_unknown(outlook)
        .or_else(|| not_trading(outlook))
        .or_else(|| stale(outlook, policy))
        .or_else(|| not_ready(outlook, opinions, policy))
        .or_else(|| gap(outlook, policy));
    let action = match (&refusal, leaning) {
        (Some(_), _) | (None, None | Some(Leaning::Neutral)) => Action::Hold,
        (None, Some(Leaning::Bullish)) => Action::Buy,
        (None, Some(Leaning::Bearish)) => Action::Sell,
    };
    Decision { action, score, leaning, refusal }
}

/// Every gate in the order in which they count, each with what it was closed by.
pub fn gates(outlook: &Outlook<'_>, opinions: &[Opinion], policy: &Policy) -> [(Gate, Option<Refusal>); 5] {
    [
        (Gate::StatusUnknown, status_unknown(outlook)),
        (Gate::NotTrading, not_trading(outlook)),
        (Gate::StaleData, stale(outlook, policy)),
        (Gate::NotReady, not_ready(outlook, opinions, policy)),
        (Gate::GapInWarmUp, gap(outlook, policy)),
    ]
}

fn status_unknown(outlook: &Outlook<'_>) -> Option<Refusal> {
    (*outlook.standing == Standing::Unknown).then_some(Refusal::StatusUnknown)
}

fn not_trading(outlook: &Outlook<'_>) -> Option<Refusal> {
    match outlook.standing {
        Standing::Told(Status::Stopped(word)) => Some(Refusal::NotTrading { status: word.clone() }),
        Standing::Told(Status::Trading) | Standing::Unknown | Standing::Assumed => None,
    }
}

fn stale(outlook: &Outlook<'_>, policy: &Policy) -> Option<Refusal> {
    let age_ms = outlook.age_ms?;
    (age_ms >= policy.max_age_ms).then_some(Refusal::StaleData { age_ms, limit_ms: policy.max_age_ms })
}

fn not_ready(outlook: &Outlook<'_>, opinions: &[Opinion], policy: &Policy) -> Option<Refusal> {
    let few = NotReady { candles: outlook.candles, needed: policy.warm_up };
    let complaint = opinions.iter().find_map(|opinion| opinion.err());
    complaint.or((outlook.candles < policy.warm_up || opinions.is_empty()).then_some(few)).map(Refusal::NotReady)
}

fn gap(outlook: &Outlook<'_>, policy: &Policy) -> Option<Refusal> {
    let (missing, window, limit) = (outlook.missing, policy.gap_window, policy.max_missing);
    (missing > limit).then_some(Refusal::GapInWarmUp { missing, window, limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Candle, Depth, Series};
    use crate::signal::{Analyst, Technical, Weights};
    use crate::unit::{Timeframe, UtcMillis};

    const START: UtcMillis = UtcMillis::new(1_710_288_000_000);
    const POLICY: Policy = Policy {
        thresholds: Thresholds::DEFAULT,
        max_age_ms: 7_200_000,
        max_missing: 2,
        warm_up: 200,
        gap_window: 200,
    };

    /// Hourly candles that move by `step` each, without those at `left_out`.
    fn series(candles: i64, step: f64, left_out: &[i64]) -> Series {
        let candle = |i: i64| {
            let open = 1000.0 + step * i as f64;
            let close = open + step;
            Candle::from_parts(
                Timeframe::H1.step(START, i),
                [open, open.max(close) + 0.5, open.min(close) - 0.5, close],
                10.0,
                None,
            )
        };
        let kept = (0..candles).filter(|i| !left_out.contains(i));
        Series::new(Timeframe::H1, kept.map(|i| candle(i).unwrap()).collect()).unwrap()
    }

    fn check(series: Series, late_ms: i64, standing: Standing, action: Action, gate: Option<Gate>) {
        let now = series.end().unwrap_or(START).plus_ms(late_ms);
        let view = View::new("BTC/USDT".parse().unwrap(), now, standing, series, Depth::PLAIN);
        let signal = Technical::new(Weights::DEFAULT).analyse(&view);
        let decision = decide(&Outlook::of(&view, &POLICY), &opinions(&[signal]), &POLICY);
        assert_eq!((decision.action, decision.refusal.map(|r| r.gate())), (action, gate));
    }

    #[test]
    fn an_action_is_found_by_its_word() {
        for action in Action::ALL {
            assert_eq!(Action::from_word(action.word()), Some(action));
        }
        assert_eq!(Action::from_word("WAIT"), None);
    }

    #[test]
    fn the_gates_come_before_the_score_the_gravest_first() {
        let trading = || Standing::Told(Status::Trading);
        let halted = || Standing::Told(Status::from_word("BREAK"));
        check(series(300, 1.0, &[]), 30_000, trading(), Action::Buy, None);
        check(series(300, -1.0, &[]), 30_000, trading(), Action::Sell, None);
        check(series(300, 0.0, &[]), 30_000, trading(), Action::Hold, None);
        check(series(300, 1.0, &[]), 30_000, halted(), Action::Hold, Some(Gate::NotTrading));
        check(series(300, 1.0, &[]), 30_000, Standing::Unknown, Action::Hold, Some(Gate::StatusUnknown));
        check(series(300, 1.0, &[]), 30_000, Standing::Assumed, Action::Buy, None);
        check(series(300, 1.0, &[]), 7_200_000, trading(), Action::Hold, Some(Gate::StaleData));
        check(series(300, 1.0, &[]), 7_199_999, trading(), Action::Buy, None);
        check(series(199, 1.0, &[]), 30_000, trading(), Action::Hold, Some(Gate::NotReady));
        check(series(0, 1.0, &[]), 30_000, trading(), Action::Hold, Some(Gate::NotReady));
        check(series(300, 1.0, &[250, 251]), 30_000, trading(), Action::Buy, None);
        check(series(300, 1.0, &[250, 251, 252]), 30_000, trading(), Action::Hold, Some(Gate::GapInWarmUp));
        check(series(300, 1.0, &[50, 51, 52]), 30_000, trading(), Action::Buy, None);
        check(series(300, 1.0, &[250, 251, 252]), 7_200_000, halted(), Action::Hold, Some(Gate::NotTrading));
    }

    #[test]
    fn without_an_analyst_nothing_is_decided() {
        let (pair, standing) = ("BTC/USDT".parse().unwrap(), Standing::Told(Status::Trading));
        let view = View::new(pair, START, standing, series(0, 1.0, &[]), Depth::PLAIN);
        let decision = decide(&Outlook::of(&view, &POLICY), &[], &POLICY);
        assert_eq!((decision.action, decision.score), (Action::Hold, None));
        assert_eq!(decision.refusal.unwrap().gate(), Gate::NotReady);
    }
}
