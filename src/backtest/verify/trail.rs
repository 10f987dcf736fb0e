//! All that a replay says, in order, and where two of them part.

use super::{Break, decision_in_words};
use crate::backtest::bar::Bar;
use crate::backtest::replay::{Moment, Witness};
use crate::backtest::tape::Tape;
use crate::decision::{Decision, Objection};
use crate::ledger::Event;
use crate::market::Candle;
use crate::signal::Score;
use crate::unit::{Symbol, UtcMillis};

/// Something that a replay said.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Decided(Symbol, UtcMillis, Decision, Option<Objection>),
    Happened(Event),
    Stood(Moment),
}

/// All that a replay said.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail {
    said: Vec<Said>,
}

impl Witness for Trail {
    fn decided(&mut self, pair: &Symbol, candle: UtcMillis, decision: &Decision, objection: Option<&Objection>) {
        self.said.push(Said::Decided(pair.clone(), candle, decision.clone(), objection.cloned()));
    }

    fn happened(&mut self, event: &Event) {
        // A stop that trails is told of where the candle was walked through, and not where it was passed over: which of both
        // it was hangs on what finer candles there are. What the stop does is told in any case.
        if !matches!(event, Event::Protected(_)) {
            self.said.push(Said::Happened(event.clone()));
        }
    }

    fn stood(&mut self, moment: &Moment) {
        self.said.push(Said::Stood(*moment));
    }
}

impl Trail {
    /// What was said until a moment had left the account as it stood.
    pub(super) fn until(&self, now: UtcMillis) -> &[Said] {
        let is_until = |said: &Said| matches!(said, Said::Stood(moment) if moment.now <= now);
        let end = self.said.iter().rposition(is_until).map_or(0, |last| last + 1);
        &self.said[..end]
    }

    /// All of it.
    pub(super) fn said(&self) -> &[Said] {
        &self.said
    }

    /// Orders, fills and ends.
    pub(super) fn events(&self) -> impl Iterator<Item = &Event> {
        self.said.iter().filter_map(|said| if let Said::Happened(event) = said { Some(event) } else { None })
    }

    /// The moments, and how they left the account.
    pub(super) fn moments(&self) -> impl Iterator<Item = &Moment> {
        self.said.iter().filter_map(|said| if let Said::Stood(moment) = said { Some(moment) } else { None })
    }
}

/// Where another trail leaves the one that was expected; where one is longer, at its end.
pub(super) fn parting(expected: &[Said], came: &[Said]) -> Option<Break> {
    let place = expected.iter().zip(came).position(|(a, b)| a != b);
    let place = place.or_else(|| (expected.len() != came.len()).then(|| expected.len().min(came.len())))?;
    let (a, b) = (expected.get(place), came.get(place));
    let words = |said: Option<&Said>| said.map_or_else(|| "nothing more".to_owned(), Said::words);
    let (symbol, at) = a.or(b).map(Said::place).unwrap_or_default();
    Some(Break { symbol, at, expected: words(a), came: words(b) })
}

impl Said {
    fn place(&self) -> (Option<Symbol>, Option<UtcMillis>) {
        match self {
            Self::Decided(symbol, candle, _, _) => (Some(symbol.clone()), Some(*candle)),
            Self::Happened(Event::Placed(order)) => (Some(order.symbol.clone()), Some(order.placed_at)),
            Self::Happened(Event::Filled(fill)) => (Some(fill.symbol.clone()), Some(fill.at)),
            Self::Happened(event) => (None, Some(event.moment())),
            Self::Stood(moment) => (None, Some(moment.now)),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Decided(_, _, decision, objection) => {
                let refusal = decision.refusal.as_ref().map(|refusal| refusal.gate().code());
                let held_back_by = objection.as_ref().map(Objection::code).or(refusal);
                decision_in_words(decision.action, decision.score.map(Score::get), held_back_by)
            }
            Self::Happened(Event::Placed(order)) => format!("an order for {} coins", order.quantity.get()),
            Self::Happened(Event::Filled(fill)) => {
                format!("{} coins filled at {}", fill.quantity.get(), fill.price.get())
            }
            Self::Happened(Event::Ended(ended)) => format!("{} ended {}", ended.order, ended.how.word()),
            Self::Happened(Event::Deposited(deposit)) => format!("a deposit of {}", deposit.amount),
            Self::Happened(Event::Protected(_)) => "a stop that was moved".to_owned(),
            Self::Stood(moment) => format!("an equity of {}, {}", moment.equity, moment.state.word()),
        }
    }
}

/// Whether two bars say the same, to the last bit.
pub(super) fn same(a: &Bar, b: &Bar) -> bool {
    let real = |bar: &Bar| [bar.atr(), bar.backing().volatility].map(|value| value.map(f64::to_bits));
    let whole = |bar: &Bar| (bar.score(), bar.backing().before, bar.candles(), bar.missing());
    (real(a), whole(a)) == (real(b), whole(b))
}

/// A bar in words.
pub(super) fn told(bar: &Bar) -> String {
    let score = |score: Option<Score>| score.map_or_else(|| "none".to_owned(), |score| score.get().to_string());
    let real = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
    let (own, backing) = (score(bar.score()), bar.backing());
    let volatility = backing.volatility.map(|value| format!(", volatility {value}")).unwrap_or_default();
    let before = backing.before.map(|before| format!(" after {}", before.get())).unwrap_or_default();
    let (atr, missing, candles) = (real(bar.atr()), bar.missing(), bar.candles());
    format!("score {own}{before}, ATR {atr}{volatility}, {missing} missing of {candles} candles")
}

/// How many bars of candles that ended by then were compared, how many of them held an opinion, and where they part first.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) bars: u64,
    pub(super) opinions: u64,
    pub(super) parted: Option<Break>,
}

/// Compares what was read of the same pairs on two sets of tapes, candle by candle, up to an instant.
pub(super) fn compare(
    (tapes, expected): (&[Tape], &[Vec<Bar>]),
    (others, came): (&[Tape], &[Vec<Bar>]),
    until: UtcMillis,
) -> Compared {
    let mut compared = Compared::default();
    for (tape, expected) in tapes.iter().zip(expected) {
        let Some(k) = others.iter().position(|other| other.symbol == tape.symbol) else { continue };
        compare_pair(tape, expected, (&others[k], &came[k]), until, &mut compared);
    }
    compared
}

fn compare_pair(
    tape: &Tape,
    expected: &[Bar],
    (other, came): (&Tape, &[Bar]),
    until: UtcMillis,
    compared: &mut Compared,
) {
    let timeframe = tape.decided_on().timeframe();
    let (candles, others) = (tape.decided_on().candles(), other.decided_on().candles());
    let Some(first) = candles.first().map(Candle::open_time) else { return };
    // Either may begin earlier than the other: what both have is compared.
    let skip = others.partition_point(|c| c.open_time() < first);
    let begins = others.get(skip).map_or(first, Candle::open_time);
    let behind = candles.partition_point(|c| c.open_time() < begins);
    let pairs = expected.iter().zip(candles).skip(behind).zip(came.iter().skip(skip));
    for ((a, candle), b) in pairs.take_while(|((_, c), _)| timeframe.step(c.open_time(), 1) <= until) {
        compared.bars += 1;
        compared.opinions += u64::from(a.score().is_some());
        if compared.parted.is_none() && !same(a, b) {
            let (symbol, at) = (Some(tape.symbol.clone()), Some(candle.open_time()));
            compared.parted = Some(Break { symbol, at, expected: told(a), came: told(b) });
        }
    }
}
