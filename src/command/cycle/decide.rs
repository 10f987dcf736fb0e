//! The third stage: a decision on each pair, exactly once for each candle.

use std::collections::BTreeMap;

use super::analyse::Judged;
use super::{Cycle, Stop};
use crate::command::notes::About;
use crate::decision::{Decision, Gate, Refusal, decide};
use crate::market::{Candle, View};
use crate::report::{Blocked, Number, Pair, PairReport, PairStatus, to_json};
use crate::signal::{Leaning, Score};
use crate::store::{DecisionRow, Store, StoreError, Write};
use crate::unit::Symbol;

/// A decision that is not on record yet.
pub(super) struct Fresh {
    view: View,
    decision: Decision,
    report: PairReport,
}

/// What becomes of a pair.
enum Verdict {
    /// It was decided on this candle before.
    Recorded(Pair),
    /// It is decided now.
    Fresh(Box<Fresh>),
    /// There are no candles to decide on.
    Nothing(Symbol),
}

impl Cycle<'_> {
    /// Decides on every pair. What an earlier run decided on the same candle stands.
    pub(super) fn decide(&mut self, store: &mut Store, judged: Vec<Judged>) -> Result<(), Stop> {
        let mut judged: BTreeMap<Symbol, Judged> = judged.into_iter().map(|o| (o.view.symbol().clone(), o)).collect();
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
        if !self.options.dry_run {
            let write = store.write()?;
            self.store_decisions(&write, &verdicts)?;
            write.commit()?;
        }
        self.pairs = verdicts.into_iter().map(Pair::from).collect();
        Ok(())
    }

    fn verdict(&self, store: &Store, judged: Judged) -> Result<Verdict, StoreError> {
        let decision = decide(&judged.view, &judged.signals, &self.strategy.policy);
        let stale = decision.refusal.as_ref().is_some_and(|r| r.gate() == Gate::StaleData);
        let newest = judged.view.series().newest().map(Candle::open_time);
        // A decision on record stands, unless its candle has become too old to speak of now.
        if let Some(candle) = newest.filter(|_| !stale)
            && let Some(pair) = self.recorded(store, judged.view.symbol(), candle)?
        {
            return Ok(Verdict::Recorded(pair));
        }
        let report = report(&judged, &decision);
        Ok(Verdict::Fresh(Box::new(Fresh { view: judged.view, decision, report })))
    }

    fn complain(&mut self, verdict: &Verdict) {
        let fresh = match verdict {
            Verdict::Recorded(_) => return,
            Verdict::Fresh(fresh) => fresh,
            Verdict::Nothing(symbol) => return self.complain_of_nothing(symbol),
        };
        let Some(refusal) = &fresh.decision.refusal else { return };
        let gate = refusal.gate();
        let about = About::Pair(fresh.view.symbol());
        self.notes.complain(gate.code(), about, refusal.to_string(), gate.remedy());
    }

    /// The failed request has usually been reported already; it is not reported twice.
    fn complain_of_nothing(&mut self, symbol: &Symbol) {
        let told = self.notes.errors.iter().any(|e| e.symbol.as_ref() == Some(symbol));
        if !told {
            let text = format!("not a single closed {} candle", self.timeframe());
            self.notes.complain("empty", About::Pair(symbol), text, Gate::StaleData.remedy());
        }
    }

    fn store_decisions(&self, write: &Write<'_>, verdicts: &[Verdict]) -> Result<(), StoreError> {
        for verdict in verdicts {
            match verdict {
                Verdict::Fresh(fresh) if is_final(fresh.report.status) => self.store_decision(write, fresh)?,
                Verdict::Fresh(_) | Verdict::Recorded(_) | Verdict::Nothing(_) => {}
            }
        }
        Ok(())
    }

    fn store_decision(&self, write: &Write<'_>, fresh: &Fresh) -> Result<(), StoreError> {
        let Some(candle) = fresh.view.series().newest() else { return Ok(()) };
        let price = candle.close_price().ok_or_else(|| StoreError::BadRow(format!("close {}", candle.close())))?;
        let blocked_by = fresh.report.blocked_by.as_ref().map(|b| to_json(b, false));
        write.add_decision(&DecisionRow {
            timestamp: self.now,
            symbol: fresh.view.symbol(),
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
        })
    }
}

impl From<Verdict> for Pair {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Recorded(pair) => pair,
            Verdict::Fresh(fresh) => Self::Judged(Box::new(fresh.report)),
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
    let signal = judged.signals.iter().find_map(|s| s.as_ref().ok());
    let newest = view.series().newest();
    #[expect(clippy::cast_precision_loss, reason = "an age in milliseconds is far below 2^53")]
    let age_s = view.age_ms().and_then(|ms| Number::exact(ms as f64 / 1000.0));
    PairReport {
        symbol: view.symbol().clone(),
        status: status_at(decision.refusal.as_ref().map(Refusal::gate)),
        price: newest.and_then(Candle::close_price),
        candle_open_time: newest.map(Candle::open_time),
        data_age_s: age_s,
        score: decision.score.and_then(|s| Number::exact(s.get())),
        confidence_pct: decision.score.and_then(|s| Number::rounded(s.confidence_pct(), 1)),
        signal: decision.leaning.map(Leaning::word),
        decision: Some(decision.action.word()),
        reasons: signal.map(PairReport::reasons_of).unwrap_or_default(),
        blocked_by: decision.refusal.as_ref().map(Blocked::from),
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
        indicators: BTreeMap::new(),
    }))
}
