//! Stored decisions, asked again of the stored candles.

use std::collections::BTreeMap;

use crate::backtest::{Break, Check, Finding, Gauge, Verified, decision_in_words};
use crate::decision::{Action, Gate, Outlook, decide, opinions};
use crate::market::{Candle, Depth, Series, SeriesKey, Standing, View};
use crate::settings::Strategy;
use crate::signal::{Analyst, Score};
use crate::store::{DecisionOnRecord, Store, StoreError};
use crate::unit::{Timeframe, UtcMillis};

/// Asks every stored decision again. What rests on candles that were told differently, or only came, after it was made is
/// excused, and what was decided by rules of another version cannot be asked.
pub(super) fn live_parity(store: &Store) -> Result<Verified, StoreError> {
    let check = Check::LiveParity;
    let _at_one_moment = store.snapshot()?;
    let decisions = store.all_decisions()?;
    if decisions.is_empty() {
        return Ok(Verified::skipped(check, "no decision is stored: no cycle has run on this database"));
    }
    let mut tally = Tally::default();
    let mut strategies: BTreeMap<String, Option<Strategy>> = BTreeMap::new();
    for same_series in decisions.chunk_by(|a, b| (&a.symbol, a.timeframe) == (&b.symbol, b.timeframe)) {
        tally.series(store, same_series, &mut strategies)?;
    }
    Ok(tally.verified(decisions.len()))
}

#[derive(Debug, Default)]
struct Tally {
    same: u64,
    /// Other than they were, but for candles that came later.
    excused: u64,
    /// Decided by rules of another version.
    unasked: u64,
    /// Their candles were deleted because nobody wanted to keep them.
    pruned: u64,
    different: u64,
    broken: Option<Break>,
}

impl Tally {
    /// The decisions on candles of one pair and length, the oldest first.
    fn series(
        &mut self,
        store: &Store,
        decisions: &[DecisionOnRecord],
        strategies: &mut BTreeMap<String, Option<Strategy>>,
    ) -> Result<(), StoreError> {
        let (Some(first), Some(last)) = (decisions.first(), decisions.last()) else { return Ok(()) };
        let (symbol, timeframe) = (first.symbol.clone(), first.timeframe);
        let mut depth = Depth::PLAIN;
        for hash in decisions.iter().map(|decision| &decision.strategy_hash) {
            if !strategies.contains_key(hash) {
                strategies
                    .insert(hash.clone(), store.strategy_parameters(hash)?.and_then(|text| Strategy::stored(&text)));
            }
            let own = strategies[hash].as_ref().map_or(Depth::PLAIN, |strategy| strategy.analyst.depth(timeframe));
            depth = if own.candles() > depth.candles() { own } else { depth };
        }
        let key = SeriesKey { symbol, timeframe };
        let begins = depth.first(timeframe, timeframe.step(first.candle, 1));
        let candles = store.plain(&key, begins, timeframe.step(last.candle, 1))?;
        let series = Series::new(timeframe, candles).map_err(|e| StoreError::BadRow(e.to_string()))?;
        for decision in decisions {
            match &strategies[&decision.strategy_hash] {
                Some(strategy) => self.decision(store, (&key, &series), decision, strategy)?,
                None => self.unasked += 1,
            }
        }
        Ok(())
    }

    fn decision(
        &mut self,
        store: &Store,
        (key, series): (&SeriesKey, &Series),
        decision: &DecisionOnRecord,
        strategy: &Strategy,
    ) -> Result<(), StoreError> {
        let status = store.status_at(&key.symbol, decision.decided_at)?;
        // What could not be had then is not had now either.
        let was_unknown = decision.blocked_by.as_deref() == Some(Gate::StatusUnknown.code());
        let standing = if was_unknown { Standing::Unknown } else { status.map_or(Standing::Assumed, Standing::Told) };
        let depth = strategy.analyst.depth(key.timeframe);
        let begins = depth.first(key.timeframe, key.timeframe.step(decision.candle, 1));
        if store.pruned_before(key)?.is_some_and(|kept| begins < kept) {
            self.pruned += 1;
            return Ok(());
        }
        let candles = known(series, decision.candle, depth);
        let view = View::new(key.symbol.clone(), decision.decided_at, standing, candles, depth);
        let Some(came) = parting(&view, decision, strategy) else {
            self.same += 1;
            return Ok(());
        };
        let first = view.series().candles().first().map_or(decision.candle, Candle::open_time);
        if store.came_since(key, first, decision.candle, decision.decided_at)? > 0 {
            self.excused += 1;
            return Ok(());
        }
        self.different += 1;
        let expected = decision_in_words(decision.action, decision.score, decision.blocked_by.as_deref());
        let (symbol, at) = (Some(key.symbol.clone()), Some(decision.candle));
        self.broken.get_or_insert(Break { symbol, at, expected, came });
        Ok(())
    }

    fn verified(self, decisions: usize) -> Verified {
        let asked = self.same + self.excused + self.different;
        let gauges = [
            ("decisions that are the same", self.same),
            ("excused: candles were revised or came later", self.excused),
            ("not asked: rules of another version", self.unasked),
            ("not asked: candles were pruned", self.pruned),
            ("decisions that are others", self.different),
        ];
        let gauges = gauges.map(|(name, n)| Gauge { name: name.to_owned(), value: n as f64, limit: None }).to_vec();
        let pruned = if self.pruned > 0 { format!(", {} pruned", self.pruned) } else { String::new() };
        let rest = format!("{} excused, {} of another version{pruned}", self.excused, self.unasked);
        let (finding, text) = match self.broken {
            _ if asked == 0 && self.pruned > 0 => {
                (Finding::Skipped, format!("none of {decisions} stored decisions can be asked again ({rest})"))
            }
            _ if asked == 0 => {
                (Finding::Skipped, format!("all {decisions} stored decisions were made by rules of another version"))
            }
            Some(broken) => (
                Finding::Failed(broken),
                format!("{} of {decisions} stored decisions are others today ({rest})", self.different),
            ),
            None => {
                (Finding::Passed, format!("{} of {decisions} stored decisions are the same today ({rest})", self.same))
            }
        };
        Verified { check: Check::LiveParity, finding, comparisons: asked, text, gauges }
    }
}

/// The candles up to one, as far back as a view may look.
fn known(series: &Series, newest: UtcMillis, depth: Depth) -> Series {
    let timeframe: Timeframe = series.timeframe();
    let (candles, first) = (series.candles(), depth.first(timeframe, timeframe.step(newest, 1)));
    let place = |at: UtcMillis| candles.partition_point(|c| c.open_time() < at);
    series.part(place(first)..place(timeframe.step(newest, 1)))
}

/// What is decided today, where that is something else.
fn parting(view: &View, stored: &DecisionOnRecord, strategy: &Strategy) -> Option<String> {
    let opinions = opinions(&[strategy.analyst.analyse(view)]);
    let today = decide(&Outlook::of(view, &strategy.policy), &opinions, &strategy.policy);
    let (score, gate) = (today.score.map(Score::get), today.refusal.as_ref().map(|r| r.gate().code()));
    let is_same_score = match (score, stored.score) {
        (Some(now), Some(then)) => (now - then).abs() < 1e-9,
        (None, None) => true,
        _ => false,
    };
    // What the account objected to is written down as a decision to hold.
    let is_objection = |code: &str| Gate::ALL.iter().all(|gate| gate.code() != code);
    let was_objected = stored.blocked_by.as_deref().is_some_and(is_objection);
    let is_same_gate = gate == stored.blocked_by.as_deref().filter(|_| !was_objected);
    let wanted = if was_objected { Action::Buy } else { stored.action };
    let is_same_action = today.action == wanted && (!was_objected || stored.action == Action::Hold);
    (!(is_same_score && is_same_gate && is_same_action)).then(|| decision_in_words(today.action, score, gate))
}
