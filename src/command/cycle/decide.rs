//! Deciding, after the opinions are there: a decision on each pair, exactly once for each candle.

use std::collections::BTreeMap;

use serde_json::Value;

use super::analyse::Judged;
use super::expect::Expectation;
use super::orders::Calls;
use super::{Cycle, Stop};
use crate::command::notes::About;
use crate::decision::{Action, Decision, Gate, Objection, Outlook, Refusal, decide, opinions};
use crate::market::Candle;
use crate::report::{Blocked, Number, Pair, PairReport, PairStatus, to_json};
use crate::signal::{AnalystName, Backing, Leaning, Score, Signal};
use crate::store::{DecisionIds, DecisionRow, SignalRow, Store, StoreError, Write};
use crate::unit::Symbol;

/// A decision that is not on record yet.
pub(super) struct Fresh {
    pub(super) judged: Judged,
    /// The candle before the one that is due: that one has not come, and this one is fresh enough.
    is_late: bool,
    pub(super) decision: Decision,
    pub(super) report: PairReport,
    /// What it expects.
    pub(super) expectation: Option<Expectation>,
}

impl Fresh {
    /// The pair.
    pub(super) const fn symbol(&self) -> &Symbol {
        self.judged.view.symbol()
    }

    /// How strong the opinion is.
    pub(super) const fn score(&self) -> Option<Score> {
        self.decision.score
    }

    /// The opinion it rests on, and what that is weighed by.
    pub(super) fn opinion(&self) -> Option<(Score, Backing)> {
        self.judged.signals.iter().flatten().map(|signal| (signal.score, signal.backing)).next()
    }

    /// What the account objects to is not done, and says why.
    pub(super) fn hold(&mut self, objection: &Objection) {
        self.decision.action = Action::Hold;
        self.report.decision = Some(Action::Hold.word());
        self.report.blocked_by = Some(Blocked { code: objection.code(), text: objection.to_string() });
    }
}

/// What becomes of a pair.
enum Verdict {
    /// It was decided on this candle before.
    Recorded(Pair),
    /// It is decided now.
    Fresh(Box<Fresh>),
    /// The candle to decide on has not come; what was decided on the one before is shown.
    Late { symbol: Symbol, pair: Pair },
    /// The candle to decide on could not be fetched.
    Failed(Box<PairReport>),
    /// There are no candles to decide on.
    Nothing(Symbol),
}

impl Cycle<'_> {
    /// Decides on every pair. What an earlier run decided on the same candle stands.
    pub(super) fn decide(&mut self, store: &mut Store, judged: Vec<Judged>) -> Result<(), Stop> {
        let mut judged: BTreeMap<Symbol, Judged> = judged.into_iter().map(|j| (j.view.symbol().clone(), j)).collect();
        let mut verdicts = Vec::new();
        for symbol in &self.symbols {
            verdicts.push(match judged.remove(symbol) {
                Some(judged) => self.verdict(store, judged)?,
                None => Verdict::Nothing(symbol.clone()),
            });
        }
        for verdict in &verdicts {
            self.complain(verdict);
        }
        let mut fresh: Vec<&mut Fresh> = verdicts.iter_mut().filter_map(Verdict::fresh).collect();
        let calls = self.call(store, &mut fresh)?;
        self.expect(store, &mut fresh)?;
        if !self.options.dry_run {
            let facts = |write: &Write<'_>| self.store_decisions(write, &verdicts, &calls);
            self.record(store, facts, |write| self.tell_halt(write, &calls))?;
        }
        self.note_events(&calls.events);
        self.pairs = verdicts.into_iter().map(Pair::from).collect();
        Ok(())
    }

    fn verdict(&self, store: &Store, judged: Judged) -> Result<Verdict, StoreError> {
        let symbol = judged.view.symbol().clone();
        let newest = judged.view.series().newest().map(Candle::open_time);
        let is_late = newest < Some(self.timeframe().newest_closed(self.now));
        let policy = &self.strategy.policy;
        let decision = decide(&Outlook::of(&judged.view, policy), &opinions(&judged.signals), policy);
        let report = report(&judged, &decision);
        if is_late && judged.fetch_failed {
            return Ok(Verdict::Failed(Box::new(PairReport { status: PairStatus::Failed, decision: None, ..report })));
        }
        let is_stale = report.status == PairStatus::Stale;
        let recorded = match newest.filter(|_| !(is_late && is_stale)) {
            Some(candle) => self.recorded(store, &symbol, candle)?,
            None => None,
        };
        Ok(match recorded {
            Some(pair) if is_late => Verdict::Late { symbol, pair: pair.aged(report.data_age_s) },
            Some(pair) => Verdict::Recorded(pair),
            None => Verdict::Fresh(Box::new(Fresh { judged, is_late, decision, report, expectation: None })),
        })
    }

    /// Tells why a pair has no decision of its own today.
    fn complain(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Recorded(pair) => self.complain_again(pair),
            Verdict::Fresh(fresh) => {
                let symbol = fresh.judged.view.symbol();
                if let Some(refusal) = &fresh.decision.refusal {
                    let gate = refusal.gate();
                    self.notes.complain(gate.code(), About::Pair(symbol), refusal.to_string(), gate.remedy());
                } else if fresh.is_late {
                    self.complain_of_lateness(symbol, "decided on the one before");
                }
            }
            Verdict::Late { symbol, .. } => self.complain_of_lateness(symbol, "the decision before it is shown"),
            Verdict::Failed(report) => self.complain_of_nothing(&report.symbol),
            Verdict::Nothing(symbol) => self.complain_of_nothing(symbol),
        }
    }

    fn complain_of_lateness(&mut self, symbol: &Symbol, what_then: &str) {
        let due = self.timeframe().newest_closed(self.now);
        let text = format!("the candle that opened {due} has not come; {what_then}");
        self.notes.complain("late_candle", About::Pair(symbol), text, Gate::StaleData.remedy());
    }

    /// What held a recorded decision back holds still.
    pub(super) fn complain_again(&mut self, pair: &Pair) {
        let Pair::Recorded(pair) = pair else { return };
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let blocked = &pair["blocked_by"];
        let gate = Gate::ALL.into_iter().find(|gate| blocked["code"] == gate.code());
        if let (Some(gate), Ok(symbol)) = (gate, word(&pair["symbol"]).parse::<Symbol>()) {
            self.notes.complain(gate.code(), About::Pair(&symbol), word(&blocked["text"]), gate.remedy());
        }
    }

    /// The failed request has usually been reported already; it is not reported twice.
    fn complain_of_nothing(&mut self, symbol: &Symbol) {
        let told = self.notes.errors.iter().any(|e| e.symbol.as_ref().is_none_or(|about| about == symbol));
        if !told {
            let text = format!("not a single closed {} candle", self.timeframe());
            self.notes.complain("empty", About::Pair(symbol), text, Gate::StaleData.remedy());
        }
    }

    /// Stores each decision with the opinions it rests on, what it expects, and the orders it calls for.
    fn store_decisions(&self, write: &Write<'_>, verdicts: &[Verdict], calls: &Calls) -> Result<(), StoreError> {
        let mut ids = DecisionIds::new();
        let strategy = self.strategy;
        write.add_strategy(&strategy.hash, strategy.name, strategy.timeframe, &strategy.parameters, self.now)?;
        for verdict in verdicts {
            match verdict {
                Verdict::Fresh(fresh) if is_final(fresh.report.status) => {
                    for signal in fresh.judged.signals.iter().flatten() {
                        self.store_signal(write, fresh.judged.view.symbol(), signal)?;
                    }
                    if let Some(id) = self.store_decision(write, fresh)? {
                        let pair = fresh.symbol();
                        self.store_expectation(write, fresh, id, calls.bought.get(pair).copied())?;
                        ids.insert(pair.clone(), id);
                    }
                }
                Verdict::Fresh(_)
                | Verdict::Recorded(_)
                | Verdict::Late { .. }
                | Verdict::Failed(_)
                | Verdict::Nothing(_) => {}
            }
        }
        self.store_calls(write, calls, &ids)
    }

    fn store_signal(&self, write: &Write<'_>, symbol: &Symbol, signal: &Signal) -> Result<(), StoreError> {
        write.add_signal(&SignalRow {
            time: self.now,
            symbol,
            timeframe: self.timeframe(),
            candle: signal.candle,
            strategy_hash: &self.strategy.hash,
            agent_name: AnalystName::name(signal.analyst),
            signal: self.strategy.policy.thresholds.leaning(signal.score).word(),
            score: signal.score.get(),
            confidence_pct: signal.score.confidence_pct(),
            reasoning: &reasoning(signal),
            reasons: &to_json(&PairReport::reasons_of(signal), false),
            run_id: &self.begun.run_id,
        })
    }

    fn store_decision(&self, write: &Write<'_>, fresh: &Fresh) -> Result<Option<i64>, StoreError> {
        let Some(candle) = fresh.judged.view.series().newest() else { return Ok(None) };
        let price = candle.close_price().ok_or_else(|| StoreError::BadRow(format!("close {}", candle.close())))?;
        let blocked_by = fresh.report.blocked_by.as_ref().map(|b| to_json(b, false));
        let row = DecisionRow {
            timestamp: self.now,
            symbol: fresh.judged.view.symbol(),
            timeframe: self.timeframe(),
            candle: candle.open_time(),
            strategy_hash: &self.strategy.hash,
            decision: fresh.decision.action.word(),
            signal: fresh.decision.leaning.map(Leaning::word),
            score: fresh.decision.score.map(Score::get),
            confidence_pct: fresh.decision.score.map(Score::confidence_pct),
            price,
            blocked_by: blocked_by.as_deref(),
            pair: &to_json(&fresh.report, false),
            run_id: &self.begun.run_id,
        };
        write.add_decision(&row).map(Some)
    }
}

impl Verdict {
    /// What is decided now, and will not be tried again.
    fn fresh(&mut self) -> Option<&mut Fresh> {
        match self {
            Self::Fresh(fresh) if is_final(fresh.report.status) => Some(fresh),
            Self::Fresh(_) | Self::Recorded(_) | Self::Late { .. } | Self::Failed(_) | Self::Nothing(_) => None,
        }
    }
}

impl From<Verdict> for Pair {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Recorded(pair) | Verdict::Late { pair, .. } => pair,
            Verdict::Fresh(fresh) => Self::Judged(Box::new(fresh.report)),
            Verdict::Failed(report) => Self::Judged(report),
            Verdict::Nothing(symbol) => failed(&symbol),
        }
    }
}

/// A pair that failed or was stale is tried again by the next run; every other decision is made once.
const fn is_final(status: PairStatus) -> bool {
    match status {
        PairStatus::Ok | PairStatus::Halted | PairStatus::NotReady => true,
        PairStatus::Stale | PairStatus::Failed => false,
    }
}

fn status_at(gate: Option<Gate>) -> PairStatus {
    match gate {
        None => PairStatus::Ok,
        Some(Gate::NotTrading) => PairStatus::Halted,
        Some(Gate::StatusUnknown) => PairStatus::Failed,
        Some(Gate::StaleData) => PairStatus::Stale,
        Some(Gate::NotReady | Gate::GapInWarmUp) => PairStatus::NotReady,
    }
}

fn report(judged: &Judged, decision: &Decision) -> PairReport {
    let view = &judged.view;
    let status = status_at(decision.refusal.as_ref().map(Refusal::gate));
    let signal = judged.signals.iter().find_map(|s| s.as_ref().ok());
    let newest = view.series().newest();
    #[expect(clippy::cast_precision_loss, reason = "an age in milliseconds is far below 2^53")]
    let age_s = view.age_ms().and_then(|ms| Number::exact(ms as f64 / 1000.0));
    PairReport {
        symbol: view.symbol().clone(),
        status,
        price: newest.and_then(Candle::close_price),
        candle_open_time: newest.map(Candle::open_time),
        data_age_s: age_s,
        score: decision.score.and_then(|s| Number::exact(s.get())),
        confidence_pct: decision.score.and_then(|s| Number::exact(s.confidence_pct())),
        signal: decision.leaning.map(Leaning::word),
        decision: (status != PairStatus::Failed).then_some(decision.action.word()),
        reasons: signal.map(PairReport::reasons_of).unwrap_or_default(),
        blocked_by: decision.refusal.as_ref().map(Blocked::from),
        forecast: None,
        indicators: signal.map(|s| PairReport::indicators_of(&s.readings)).unwrap_or_default(),
    }
}

/// A pair of whose decision candles there are none.
pub(super) fn failed(symbol: &Symbol) -> Pair {
    Pair::Judged(Box::new(PairReport {
        symbol: symbol.clone(),
        status: PairStatus::Failed,
        price: None,
        candle_open_time: None,
        data_age_s: None,
        score: None,
        confidence_pct: None,
        signal: None,
        decision: None,
        reasons: Vec::new(),
        blocked_by: None,
        forecast: None,
        indicators: BTreeMap::new(),
    }))
}

/// The three strongest reasons in one line.
fn reasoning(signal: &Signal) -> String {
    let mut reasons: Vec<_> = signal.reasons.iter().filter_map(|r| Some((r.points?, &r.text))).collect();
    reasons.sort_by(|a, b| b.0.get().abs().total_cmp(&a.0.get().abs()));
    reasons.iter().take(3).map(|(points, text)| format!("{text} ({points})")).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicator::over;
    use crate::signal::{Points, Reason};
    use crate::unit::{Timeframe, UtcMillis};

    #[test]
    fn a_pair_fares_as_its_gate_says_and_one_that_failed_or_was_stale_is_tried_again() {
        for (gate, status, is_last) in [
            (None, PairStatus::Ok, true),
            (Some(Gate::StatusUnknown), PairStatus::Failed, false),
            (Some(Gate::NotTrading), PairStatus::Halted, true),
            (Some(Gate::StaleData), PairStatus::Stale, false),
            (Some(Gate::NotReady), PairStatus::NotReady, true),
            (Some(Gate::GapInWarmUp), PairStatus::NotReady, true),
        ] {
            assert_eq!((status_at(gate), is_final(status)), (status, is_last), "{gate:?}");
        }
    }

    #[test]
    fn the_three_strongest_reasons_are_told_the_strongest_first() {
        let open_time = UtcMillis::new(1_710_288_000_000);
        let candle = Candle::from_parts(open_time, [1.0; 4], 1.0, None).unwrap();
        let told = |reasons: &[(&str, Option<f64>)]| {
            let reason = |&(text, strength): &(&str, Option<f64>)| Reason {
                code: "rsi",
                points: strength.map(|strength| Points::of(10.0, strength)),
                text: text.to_owned(),
            };
            reasoning(&Signal {
                analyst: AnalystName::Technical,
                candle: open_time,
                score: Score::nearest(0.0),
                backing: Backing::default(),
                reasons: reasons.iter().map(reason).collect(),
                readings: over(Timeframe::H1, &[candle]).unwrap(),
            })
        };
        let five = [("a", Some(0.5)), ("b", None), ("c", Some(-1.0)), ("d", Some(-0.5)), ("e", Some(0.75))];
        assert_eq!(told(&five), "c (-10.0); e (+7.5); a (+5.0)");
        assert_eq!(told(&five[..2]), "a (+5.0)", "a rule that had nothing to read gives no reason");
        assert_eq!(told(&[]), "");
    }
}
