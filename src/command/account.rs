//! The account at a moment: the books, what their coins are worth, and how that stands under the risk rules.

use std::collections::BTreeMap;

use crate::decision::{DailyReturns, Floors, RiskState, Standings, correlated};
use crate::ledger::{Books, Mark, Position, Terms};
use crate::market::{Candle, Instrument, SeriesKey};
use crate::report::{OrderReport, PortfolioReport, PositionReport, exact, percent};
use crate::settings::{Settings, Trading};
use crate::store::{Contents, InForce, PortfolioRow, Remembered, Store, StoreError};
use crate::unit::{Decimal, Money, Quantity, Symbol, Timeframe, UtcMillis, real};

/// Days whose returns a correlation is told from, the newest.
const DAYS: i64 = 60;

/// Where facts about pairs come from.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) store: &'a Store,
    pub(super) trading: &'a Trading,
    /// The length of the candles that are decided on; positions are valued by these and by shorter ones.
    pub(super) timeframe: Timeframe,
    pub(super) now: UtcMillis,
    /// A recording that says nothing of a pair's rules: they are assumed.
    pub(super) assumes: bool,
}

impl<'a> Sources<'a> {
    /// The stored facts, for a command.
    pub(super) fn of(settings: &'a Settings, store: &'a Store, now: UtcMillis) -> Result<Self, StoreError> {
        let assumes = store.contents()? == Some(Contents::Replay);
        Ok(Self { store, trading: &settings.trading, timeframe: settings.strategy.timeframe, now, assumes })
    }

    /// The newest close of a pair before an instant, whatever its age: a coin that is no longer traded is worth what it
    /// was last traded at, never nothing.
    pub(super) fn mark(&self, symbol: &Symbol, before: UtcMillis) -> Result<Option<Mark>, StoreError> {
        let mut marks = Vec::new();
        for timeframe in Timeframe::ALL.into_iter().filter(|t| *t <= self.timeframe) {
            let key = SeriesKey { symbol: symbol.clone(), timeframe };
            let stored = self.store.tail(&key, timeframe.floor(before), 1)?;
            marks.extend(stored.last().and_then(|candle| mark(candle, timeframe)));
        }
        Ok(newest(marks))
    }

    fn daily_returns(&self, symbol: &Symbol) -> Result<DailyReturns, StoreError> {
        let key = SeriesKey { symbol: symbol.clone(), timeframe: Timeframe::D1 };
        let end = Timeframe::D1.floor(self.now);
        let from = Timeframe::D1.step(end, -DAYS - 1);
        let days = self.store.tail(&key, end, usize::try_from(DAYS + 1).unwrap_or_default())?;
        Ok(returns(days.iter().filter(|candle| candle.open_time() >= from)))
    }

    /// The terms of a pair, where the exchange's rules for it are known.
    pub(super) fn terms(&self, symbol: &Symbol, told: Option<&Instrument>) -> Result<Option<Terms>, StoreError> {
        let instrument = match told {
            Some(instrument) => Some(instrument.clone()),
            None => self.store.instrument(symbol)?,
        };
        let assumed = || self.assumes.then(|| Instrument::assumed(symbol.clone(), self.now));
        let instrument = instrument.or_else(assumed);
        let (costs, participation) = (self.trading.costs(symbol), self.trading.participation);
        Ok(instrument.map(|instrument| Terms { costs, participation, instrument }))
    }
}

/// What each day brought, where the day before it is known.
fn returns<'c>(days: impl Iterator<Item = &'c Candle> + Clone) -> DailyReturns {
    let follows = |(a, b): &(&Candle, &Candle)| Timeframe::D1.step(a.open_time(), 1) == b.open_time();
    let pairs = days.clone().zip(days.skip(1)).filter(follows);
    pairs.map(|(a, b)| (b.open_time(), b.close() / a.close() - 1.0)).collect()
}

/// What a candle's close says a coin is worth.
pub(super) fn mark(candle: &Candle, timeframe: Timeframe) -> Option<Mark> {
    Some(Mark { price: candle.close_price()?, at: timeframe.step(candle.open_time(), 1) })
}

/// The mark that is told last, so that a day's candle does not hide what happened within the day; of those told at the same
/// instant the longest candle's, which stand last.
pub(super) fn newest(marks: impl IntoIterator<Item = Mark>) -> Option<Mark> {
    marks.into_iter().max_by_key(|mark| mark.at)
}

/// The account at a moment.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) books: Books,
    /// By the coin.
    pub(super) marks: BTreeMap<String, Mark>,
    /// By the pair, where they are known.
    pub(super) terms: BTreeMap<Symbol, Terms>,
    pub(super) in_force: InForce,
    pub(super) standings: Standings,
    pub(super) state: RiskState,
    pub(super) coins: Money,
    /// What all stops would lose together, entries under way included.
    pub(super) heat: Money,
    pub(super) heat_correlated: f64,
    /// Coins that no price is known of.
    pub(super) unpriced: Vec<String>,
    day: UtcMillis,
}

/// What an account is assessed from.
pub(super) struct Basis {
    pub(super) books: Books,
    pub(super) marks: BTreeMap<String, Mark>,
    pub(super) terms: BTreeMap<Symbol, Terms>,
}

impl Account {
    /// The account as the store has it, valued by stored closes.
    pub(super) fn stored(sources: Sources<'_>) -> Result<Option<Self>, StoreError> {
        let books = sources.store.books()?;
        if books.asset.is_empty() {
            return Ok(None);
        }
        let (mut marks, mut terms) = (BTreeMap::new(), BTreeMap::new());
        for symbol in pairs_of(&books) {
            marks.extend(sources.mark(&symbol, sources.now)?.map(|mark| (symbol.base().to_owned(), mark)));
            terms.extend(sources.terms(&symbol, None)?.map(|terms| (symbol, terms)));
        }
        Self::assess(sources, Basis { books, marks, terms }).map(Some)
    }

    /// Values the books and judges them by the risk rules.
    pub(super) fn assess(sources: Sources<'_>, basis: Basis) -> Result<Self, StoreError> {
        let Basis { books, marks, terms } = basis;
        let (remembered, in_force) = (sources.store.remembered()?, sources.store.in_force()?);
        let (coins, unpriced) = books.worth_of_coins(|asset| marks.get(asset).map(|mark| mark.price));
        let equity = books.cash() + coins;
        let day = Timeframe::D1.floor(sources.now);
        let day_start = day_start(sources, remembered.as_ref(), day, &books.asset)?;
        // An account that no run has looked at yet began with what was put in: the costs of its first trade are a loss.
        let peak = peak(remembered.as_ref(), &in_force).unwrap_or(sources.trading.start).max(equity);
        let today = remembered.filter(|row| row.day == day);
        let standings = Standings {
            equity,
            peak,
            day_start,
            day_is_lost: today.is_some_and(|row| row.day_is_lost),
            is_paused: in_force.paused.is_some(),
            is_halted: in_force.halted.is_some(),
        };
        let floors = Floors::under(&standings, &sources.trading.limits);
        let standings = Standings { day_is_lost: standings.loses_the_day(&floors), ..standings };
        let state = standings.state(&floors);
        let mut account = Self {
            books,
            marks,
            terms,
            in_force,
            standings,
            state,
            coins,
            heat: Money::ZERO,
            heat_correlated: 0.0,
            unpriced,
            day,
        };
        account.take_heat(sources)?;
        Ok(account)
    }

    fn take_heat(&mut self, sources: Sources<'_>) -> Result<(), StoreError> {
        let mut risks: Vec<(Symbol, Money)> =
            self.books.positions.iter().map(|p| (p.symbol.clone(), self.open_risk(p))).collect();
        risks.extend(self.books.entries().map(|(order, plan)| (order.symbol.clone(), plan.risk)));
        self.heat = heat(&self.books, &self.marks, &self.terms);
        let returns: Vec<DailyReturns> =
            risks.iter().map(|(symbol, _)| sources.daily_returns(symbol)).collect::<Result<_, _>>()?;
        let shares: Vec<f64> = risks.iter().map(|(_, risk)| self.share(*risk)).collect();
        self.heat_correlated = correlated(&shares, &returns);
        Ok(())
    }

    /// Pairs whose coins could be sold but belong to no position.
    pub(super) fn loose_coins(&self) -> Vec<Symbol> {
        let is_loose = |pair: &Symbol| {
            let held = Quantity::new(self.books.balance(pair.base())).unwrap_or_default();
            let known = self.terms.get(pair).zip(self.marks.get(pair.base()));
            // What a partial exit leaves may be worth a smallest order once the price has risen; twice that is no crumb.
            let half = Quantity::new(held.get().checked_div(Decimal::TWO).unwrap_or_default()).unwrap_or_default();
            known.is_some_and(|(terms, mark)| terms.is_large_enough(mark.price, terms.sellable(half)))
        };
        let free = |pair: &Symbol| self.books.position(pair).is_none();
        pairs_of(&self.books).into_iter().filter(|pair| free(pair) && is_loose(pair)).collect()
    }

    /// What a position loses from here when its stop is hit; all of it where nothing is known of its terms.
    pub(super) fn open_risk(&self, position: &Position) -> Money {
        open_risk(position, &self.marks, &self.terms)
    }

    fn share(&self, money: Money) -> f64 {
        money.ratio(self.standings.equity).unwrap_or_default()
    }

    /// The account as a row of its history.
    pub(super) fn row(&self, time: UtcMillis) -> PortfolioRow {
        PortfolioRow {
            time,
            standings: self.standings,
            state: self.state,
            cash: self.books.cash(),
            coins: self.coins,
            day: self.day,
            heat: self.share(self.heat),
            heat_correlated: self.heat_correlated,
            positions: self.books.positions.len(),
        }
    }

    /// The account as it is printed.
    pub(super) fn report(&self) -> PortfolioReport {
        PortfolioReport {
            state: self.state.word(),
            state_text: self.state.meaning(),
            asset: self.books.asset.clone(),
            equity: self.standings.equity,
            cash: self.books.cash(),
            coins: self.coins,
            peak_equity: self.standings.peak,
            day_start_equity: self.standings.day_start,
            heat_pct: percent(self.share(self.heat)),
            heat_correlated_pct: percent(self.heat_correlated),
            drawdown_pct: percent(self.standings.drawdown()),
            day_pnl_pct: percent(self.standings.day_return()),
            positions: self.books.positions.iter().map(|p| self.position(p)).collect(),
        }
    }

    fn position(&self, p: &Position) -> PositionReport {
        let mark = self.marks.get(p.symbol.base());
        let value = mark.map(|mark| Money::proceeds(mark.price, p.quantity()));
        let pnl = value.map(|value| value + p.proceeds - p.cost);
        let open_risk = self.open_risk(p);
        PositionReport {
            id: p.id.to_string(),
            symbol: p.symbol.clone(),
            opened_at: p.opened_at,
            quantity: exact(p.held),
            entry_price: exact(p.entry_price().round_dp(8)),
            mark: mark.map(|mark| mark.price),
            mark_time: mark.map(|mark| mark.at),
            value,
            pnl,
            pnl_pct: pnl.and_then(|pnl| pnl.ratio(p.cost)).and_then(percent),
            stop: p.stop,
            target: p.plan.target,
            until: p.plan.hold_ms.map(|hold| p.opened_at.plus_ms(hold)),
            open_risk,
            open_risk_pct: percent(self.share(open_risk)),
            planned_risk: p.risk,
            risk_budget: p.plan.risk_budget,
            leaving: p.leaving.map(crate::ledger::ExitReason::word),
        }
    }

    /// The orders that wait, as they are printed.
    pub(super) fn waiting(&self) -> Vec<OrderReport> {
        self.books.orders.iter().map(|order| OrderReport::of(order, true)).collect()
    }
}

/// What all stops of these books would lose together, entries under way included.
pub(super) fn heat(books: &Books, marks: &BTreeMap<String, Mark>, terms: &BTreeMap<Symbol, Terms>) -> Money {
    let entries: Money = books.entries().map(|(_, plan)| plan.risk).sum();
    books.positions.iter().map(|position| open_risk(position, marks, terms)).sum::<Money>() + entries
}

fn open_risk(position: &Position, marks: &BTreeMap<String, Mark>, terms: &BTreeMap<Symbol, Terms>) -> Money {
    let Some(mark) = marks.get(position.symbol.base()) else { return position.cost };
    match terms.get(&position.symbol) {
        Some(terms) => terms.open_risk(position.quantity(), mark.price, position.stop),
        None => Money::proceeds(mark.price, position.quantity()),
    }
}

/// Pairs whose coins the wallet holds, or that an order is about.
pub(super) fn pairs_of(books: &Books) -> Vec<Symbol> {
    let held = books.balances.iter().filter(|(asset, amount)| **asset != books.asset && real(**amount) > 0.0);
    let mut pairs: Vec<Symbol> = held.filter_map(|(asset, _)| Symbol::new(asset, &books.asset).ok()).collect();
    pairs.extend(books.busy_pairs());
    pairs.sort();
    pairs.dedup();
    pairs
}

/// The highest equity that is remembered, unless a resume has set it anew since.
fn peak(remembered: Option<&Remembered>, in_force: &InForce) -> Option<Money> {
    let set = in_force.peak.filter(|(at, _)| remembered.is_none_or(|row| *at >= row.time));
    set.map(|(_, peak)| peak).or_else(|| remembered.map(|row| row.peak))
}

/// The equity at 00:00 UTC, told from what the wallet held and what it was worth then: the same whenever it is asked.
fn day_start(
    sources: Sources<'_>,
    remembered: Option<&Remembered>,
    day: UtcMillis,
    asset: &str,
) -> Result<Money, StoreError> {
    if let Some(row) = remembered.filter(|row| row.day == day) {
        return Ok(row.day_start);
    }
    let balances = sources.store.balances_before(day)?;
    if balances.is_empty() {
        return Ok(sources.trading.start);
    }
    let then = Books { asset: asset.to_owned(), balances, ..Books::default() };
    let mut marks = BTreeMap::new();
    for symbol in pairs_of(&then) {
        marks.extend(sources.mark(&symbol, day)?.map(|mark| (symbol.base().to_owned(), mark.price)));
    }
    Ok(then.cash() + then.worth_of_coins(|asset| marks.get(asset).copied()).0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::Price;

    #[test]
    fn of_marks_the_one_told_last_counts_and_of_two_at_the_same_instant_the_longer_candles() {
        let told = |(price, hour): (i64, i64)| Mark {
            price: Price::new(price.into()).unwrap(),
            at: Timeframe::H1.step(UtcMillis::new(0), hour),
        };
        for (marks, price) in [
            // Of a minute, an hour and a day.
            (&[(1, 5), (2, 5), (3, 0)][..], Some(2)),
            (&[(1, 24), (2, 24), (3, 24)], Some(3)),
            (&[(1, 25), (2, 24), (3, 24)], Some(1)),
            (&[], None),
        ] {
            let found = newest(marks.iter().copied().map(told)).map(|mark| mark.price);
            assert_eq!(found, price.and_then(|price: i64| Price::new(price.into())), "{marks:?}");
        }
    }

    #[test]
    fn a_day_has_a_return_only_where_the_day_before_it_is_known() {
        let day = |n: i64| UtcMillis::new(n * 86_400_000);
        let candle = |(n, close): (i64, f64)| Candle::from_parts(day(n), [close; 4], 1.0, None).unwrap();
        // The fourth day is missing: the fifth is no day's return but that of two.
        let days = [(1, 100.0), (2, 110.0), (3, 99.0), (5, 198.0), (6, 99.0)].map(candle);
        let told: Vec<_> = returns(days.iter()).into_iter().map(|(at, x)| (at, (x * 1000.0).round())).collect();
        assert_eq!(told, [(day(2), 100.0), (day(3), -100.0), (day(6), -500.0)]);
    }
}
