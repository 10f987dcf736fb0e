//! What may be bought, and what stands against it.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::{Edge, EdgeGate, VolatilityTarget};
use super::*;
use crate::ledger::samples::{btc, coins, decimal, deposit, entry_of, exit_of, fill_of, filled, holding, minute};
use crate::ledger::samples::{money, placed, plan, price, quote, terms, waiting};
use crate::ledger::{End, Event};
use crate::market::PriceFactors;

/// The defaults of the configuration, the cap on a position as 33.33 %.
fn limits() -> Limits {
    let percent = |percent: f64| Bps::from_real(100.0 * percent);
    Limits {
        risk_per_trade: percent(2.0),
        max_positions: 3,
        position_cap: percent(33.33),
        heat: percent(6.0),
        daily_loss: percent(5.0),
        warning_drawdown: percent(15.0),
        emergency_drawdown: percent(25.0),
        cool_down_ms: 12 * 3_600_000,
    }
}

const EXITS: ExitPolicy = ExitPolicy { stop_atr: 3.0, target_atr: None, trail_atr: None, hold_ms: None };

/// What an entry is asked with: everything is in order until something is changed.
#[derive(Clone)]
struct Case {
    symbol: Symbol,
    books: Books,
    equity: Money,
    heat: Money,
    state: RiskState,
    cools_until: Option<UtcMillis>,
    quote: Option<Quote>,
    needs_quote: bool,
    atr: Option<f64>,
    close: &'static str,
    terms: Option<Terms>,
    limits: Limits,
    opinion: Option<(Score, Backing)>,
    entries: EntryPolicy,
    exits: ExitPolicy,
}

impl Case {
    /// 1,000 USDT, a coin at 100 with a true range of 5.
    fn new() -> Self {
        Self {
            symbol: btc(),
            books: Books::fold(&[deposit("1000")]).unwrap(),
            equity: money("1000"),
            heat: Money::ZERO,
            state: RiskState::Normal,
            cools_until: None,
            quote: None,
            needs_quote: false,
            atr: Some(5.0),
            close: "100",
            terms: Some(terms()),
            limits: limits(),
            opinion: None,
            entries: EntryPolicy::default(),
            exits: EXITS,
        }
    }

    fn policy(&self) -> TradePolicy {
        TradePolicy { entries: self.entries, exits: self.exits }
    }

    fn with(change: impl Fn(&mut Self)) -> Self {
        let mut case = Self::new();
        change(&mut case);
        case
    }

    fn ask(&self) -> Result<Order, Objection> {
        let wish = Wish {
            symbol: &self.symbol,
            candle: minute(-60),
            opinion: self.opinion,
            close: Some(price(self.close)),
            strategy_hash: "0123abcd4567",
            now: minute(0),
            quote: self.quote,
            needs_quote: self.needs_quote,
            atr: self.atr,
            terms: self.terms.as_ref(),
        };
        let Self { books, equity, heat, state, cools_until, .. } = self;
        let heat = |_: &Books| *heat;
        let room = Room { books, equity: *equity, heat: &heat, state: *state, cools_until: *cools_until };
        approve_entry(&wish, &room, &self.policy(), &self.limits).map(|approved| approved.get().clone())
    }

    fn planned(&self) -> (Quantity, EntryPlan) {
        let order = self.ask().unwrap();
        (order.quantity, order.plan().unwrap().clone())
    }
}

fn altered(change: impl Fn(&mut Terms)) -> Terms {
    let mut terms = terms();
    change(&mut terms);
    terms
}

#[test]
fn two_percent_of_equity_are_at_risk_costs_inside() {
    let (quantity, plan) = Case::new().planned();
    // Bought at 100 × 1.0003. The stop three ranges below the close brings 85 × 0.9995 = 84.9575 → 84.95.
    // A coin loses 100.03 − 84.95 × 0.998001 = 15.24981505; 20 / 15.2498… = 1.3114…, but crumbs cost too:
    //   1.308: 130.83924 − 1.306 × 84.95 × 0.999 = 20.0054847: too much;
    //   1.307: 130.73921 − 1.305 × 84.95 × 0.999 = 130.73921 − 110.74889025 = 19.99031975.
    assert_eq!((plan.reference, plan.price, plan.stop), (price("100"), price("100.03"), price("85")));
    assert_eq!((quantity, plan.risk, plan.risk_budget), (coins("1.307"), money("19.99031975"), money("20")));
}

#[test]
fn with_a_thousand_on_spot_a_near_stop_runs_out_of_cash_before_it_reaches_two_percent() {
    let (quantity, plan) = Case::with(|case| case.atr = Some(1.0)).planned();
    // The stop at 97 brings 96.9515 → 96.95. The cap of 333.3 buys 3.332 at 100.03, for 333.29996. The fee leaves
    // 3.328668, of which 3.328 bring 322.6496 − 0.3226496 = 322.3269504: at risk are 10.9730096 of 20.
    assert_eq!((quantity, plan.risk), (coins("3.332"), money("10.9730096")));
    assert!(plan.risk < plan.risk_budget && plan.risk_budget == money("20"));
}

#[test]
fn an_entry_has_to_show_what_its_policy_asks_in_this_order() {
    let backing = |before: Option<f64>, volatility| Backing { before: before.map(Score::nearest), volatility };
    let entries = EntryPolicy {
        confirmed_from: Some(Score::nearest(40.0)),
        edge: Some(EdgeGate { ic: 0.05, horizon_candles: 100.0, over_cost: 2.0 }),
        volatility_target: Some(VolatilityTarget { yearly: 0.2, candles_per_year: 10_000.0 }),
    };
    let asked = |score: f64, backing| {
        Case::with(|case| (case.entries, case.opinion) = (entries, Some((Score::nearest(score), backing)))).ask()
    };
    // 2 artanh(0.462) is 0.9995…: at 1 % a candle and 100 of them 0.05 × 0.9995 × 0.1 = 0.49977 % are expected.
    // A round trip costs twice 10 + 1 + 2 = 26 bps, and 52 are needed.
    let refusal = |score, backing| asked(score, backing).map(|_| ()).map_err(|objection| objection.code());
    assert_eq!(refusal(50.0, backing(None, Some(0.01))), Err("unconfirmed"));
    assert_eq!(refusal(50.0, backing(Some(39.9), Some(0.01))), Err("unconfirmed"));
    assert_eq!(refusal(46.2, backing(Some(40.0), Some(0.01))), Err("small_edge"));
    assert_eq!(refusal(46.2, backing(Some(40.0), None)), Err("small_edge"));
    assert_eq!(refusal(46.2, backing(Some(40.0), Some(0.0105))), Ok(()));
    assert_eq!(
        Case::with(|case| case.entries = entries).ask().map(|_| ()).map_err(|objection| objection.code()),
        Err("unconfirmed"),
        "without an opinion nothing is shown"
    );
    // 2 % a candle are 200 % of 10,000 of them: a tenth of the account.
    let order = asked(60.0, backing(Some(40.0), Some(0.02))).unwrap();
    let cost = Money::cost(order.plan().unwrap().price, order.quantity);
    assert!(cost <= money("100") && cost > money("99.8"), "{cost}");
}

#[test]
fn at_the_book_a_coin_is_expected_to_cost_the_ask_and_slippage() {
    let (_, plan) = Case::with(|case| case.quote = Some(quote("99.99", "100.01"))).planned();
    // 100.01 × 1.0002 = 100.030002 → 100.04. The stop is measured from the close all the same.
    assert_eq!((plan.price, plan.stop), (price("100.04"), price("85")));
}

#[test]
fn stop_target_and_trail_are_distances_in_true_ranges_on_the_grid_of_prices() {
    let exits = ExitPolicy { target_atr: Some(4.0), trail_atr: Some(2.0), hold_ms: Some(7), ..EXITS };
    let (_, plan) = Case::with(|case| (case.exits, case.atr) = (exits, Some(1.2345))).planned();
    // 100 − 3.7035 = 96.2965 → down to 96.29; 100 + 4.938 = 104.938 → up to 104.94; the trail is a distance.
    assert_eq!((plan.stop, plan.target, plan.trail), (price("96.29"), Some(price("104.94")), Some(price("2.469"))));
    assert_eq!(plan.hold_ms, Some(7));
}

#[test]
fn heat_that_is_left_makes_an_entry_smaller_down_to_half_of_what_it_should_be() {
    // 6 % of 1,000 are 60. With 48 open, 12 are left: 12 / 15.2498… = 0.7869. By steps:
    //   0.784: 78.42352 − 0.783 × 84.95 × 0.999 = 78.42352 − 66.44933415 = 11.97418585;
    //   0.785: 78.52355 − 0.784 × 84.95 × 0.999 = 78.52355 − 66.5341992 = 11.9893508; 0.786 is above 12.
    let (quantity, plan) = Case::with(|case| case.heat = money("48")).planned();
    assert_eq!((quantity, plan.risk), (coins("0.785"), money("11.9893508")));
    assert_eq!(plan.risk_budget, money("20"));
    // Half of 20 has to be left.
    assert!(Case::with(|case| case.heat = money("50")).ask().is_ok());
    for open in ["50.00000001", "60", "75"] {
        let objection = Objection::Heat { open: money(open), limit: money("60") };
        assert_eq!(Case::with(|case| case.heat = money(open)).ask(), Err(objection));
    }
}

#[test]
fn cash_that_is_promised_is_not_spent_twice_and_half_of_a_position_has_to_be_affordable() {
    // An entry of another coin waits, 5 × 100.03 = 500.15 are promised: 499.85 are free, more than the cap.
    let other = entry_of(&"ETH/USDT".parse().unwrap(), minute(0), "5", plan());
    let books = waiting(&other);
    let near = |books: &Books| {
        let mut case = Case::with(|case| case.atr = Some(1.0));
        case.books = books.clone();
        case
    };
    assert_eq!(near(&books).planned().0, coins("3.332"));
    // 8.3 × 100.03 = 830.249: 169.751 are free, above half of 333.3; 169.751 / 100.03 = 1.697.
    let books = waiting(&Order { quantity: coins("8.3"), ..other.clone() });
    assert_eq!(near(&books).planned().0, coins("1.697"));
    // 8.4 × 100.03 = 840.252: 159.748 are less than half.
    let books = waiting(&Order { quantity: coins("8.4"), ..other });
    assert_eq!(near(&books).ask(), Err(Objection::Cash { free: money("159.748") }));
}

#[test]
fn a_coin_cools_down_until_just_then() {
    let until = |ms| Case::with(move |case| case.cools_until = Some(minute(0).plus_ms(ms))).ask();
    assert_eq!(until(1), Err(Objection::CoolDown { until: minute(0).plus_ms(1) }));
    assert!(until(0).is_ok());
}

#[test]
fn every_place_counts_entries_that_wait() {
    let eth = entry_of(&"ETH/USDT".parse().unwrap(), minute(0), "0.1", plan());
    let sol = Order { symbol: "SOL/USDT".parse().unwrap(), ..entry_of(&btc(), minute(1), "0.1", plan()) };
    let mut case = Case::with(|case| case.symbol = "ADA/USDT".parse().unwrap());
    case.books = holding("1", plan());
    case.books.apply(&placed(&eth)).unwrap();
    assert!(case.ask().is_ok());
    case.books.apply(&placed(&sol)).unwrap();
    assert_eq!(case.ask(), Err(Objection::Positions { open: 3, limit: 3 }));
}

#[test]
fn the_price_of_a_sale_at_the_stop_has_to_lie_in_the_exchanges_range() {
    let range = |down: &'static str| {
        Case::with(move |case| {
            let factors = PriceFactors { down: decimal(down), up: decimal("5") };
            case.terms = Some(altered(|terms| terms.instrument.sell_price_factor = Some(factors)));
        })
    };
    assert!(range("0.85").ask().is_ok(), "85 is the lowest that is taken");
    let refused = Objection::StopOutOfRange { stop: price("85"), lowest: price("86") };
    assert_eq!(range("0.86").ask(), Err(refused));
}

#[test]
fn an_order_has_to_be_large_enough_when_it_is_sold_at_the_stop() {
    // Equity 20, a tenth of it at risk and in all stops together, a stop at 70 that brings 69.965 → 69.96.
    //   0.064: cost 6.40192, kept 0.063936, sold 0.063: 4.40748 − 0.00440748, lost 1.99884748 of 2.
    // The purchase is above 5, the sale would not be.
    let case = Case::with(|case| {
        (case.books, case.equity) = (Books::fold(&[deposit("20")]).unwrap(), money("20"));
        (case.limits.risk_per_trade, case.limits.heat) = (Bps::from_real(1000.0), Bps::from_real(1000.0));
        case.atr = Some(10.0);
    });
    let too_small =
        Objection::TooSmall { quantity: decimal("0.064"), at_stop: money("4.40748"), least: Some(decimal("5")) };
    assert_eq!(case.ask(), Err(too_small));
}

/// Something that stands against an entry, with what it has to be called.
type Obstacle = (&'static str, fn(&mut Case));

/// In order of gravity.
const OBSTACLES: &[Obstacle] = &[
    ("risk_halted", |case| case.state = RiskState::Halted),
    ("position_open", |case| case.books = holding("1", plan())),
    ("cool_down", |case| case.cools_until = Some(minute(1))),
    ("other_asset", |case| case.books.asset = "EUR".to_owned()),
    ("max_positions", |case| case.limits.max_positions = 0),
    ("quote_unknown", |case| case.needs_quote = true),
    ("rules_unknown", |case| case.terms = None),
    ("unconfirmed", |case| case.entries.confirmed_from = Some(Score::nearest(40.0))),
    ("small_edge", |case| {
        case.entries.edge = Some(EdgeGate { ic: 0.03, horizon_candles: 168.0, over_cost: 1.5 });
    }),
    ("no_stop", |case| case.atr = None),
    ("heat", |case| case.heat = money("60")),
    ("cash", |case| case.books = Books::fold(&[deposit("100")]).unwrap()),
    ("too_small", |case| {
        if let Some(terms) = &mut case.terms {
            terms.instrument.min_quantity = Some(decimal("1000"));
        }
    }),
    ("stop_out_of_range", |case| {
        if let Some(terms) = &mut case.terms {
            terms.instrument.sell_price_factor = Some(PriceFactors { down: decimal("0.99"), up: decimal("5") });
        }
    }),
];

fn objection_to(case: &Case) -> &'static str {
    case.ask().map_or_else(|objection| objection.code(), |_| "none")
}

#[test]
fn the_gravest_objection_counts() {
    for from in 0..OBSTACLES.len() {
        let mut case = Case::new();
        // The gravest last: some take away what others have changed.
        OBSTACLES[from..].iter().rev().for_each(|(_, stand)| stand(&mut case));
        assert_eq!(objection_to(&case), OBSTACLES[from].0);
    }
}

#[test]
fn each_objection_is_raised_by_itself() {
    for (code, stand) in OBSTACLES {
        assert_eq!(objection_to(&Case::with(stand)), *code);
    }
}

/// The place of an objection in order of gravity; a new one has to be given a place and a case, but for what is said of
/// a run before an order is thought of.
fn place_of(objection: &Objection) -> Option<usize> {
    let place = match objection {
        Objection::Ahead { .. } => return None,
        Objection::State(_) => 0,
        Objection::Held => 1,
        Objection::CoolDown { .. } => 2,
        Objection::OtherAsset { .. } => 3,
        Objection::Positions { .. } => 4,
        Objection::NoQuote => 5,
        Objection::NoRules => 6,
        Objection::Unconfirmed { .. } => 7,
        Objection::SmallEdge(_) => 8,
        Objection::NoStop => 9,
        Objection::Heat { .. } => 10,
        Objection::Cash { .. } => 11,
        Objection::TooSmall { .. } => 12,
        Objection::StopOutOfRange { .. } => 13,
    };
    Some(place)
}

#[test]
fn what_is_not_known_is_an_objection_and_each_one_has_its_case() {
    let usdt = |amount: &str| Books::fold(&[deposit(amount)]).unwrap();
    let order = entry_of(&btc(), minute(0), "1", plan());
    let small = |least| Objection::TooSmall { quantity: decimal("1.307"), at_stop: money("110.85975"), least };
    let cases: Vec<(Case, Objection)> = vec![
        (Case::with(|c| c.state = RiskState::Warning), Objection::State(RiskState::Warning)),
        (Case::with(|c| c.state = RiskState::DayLoss), Objection::State(RiskState::DayLoss)),
        (Case::with(|c| c.state = RiskState::Paused), Objection::State(RiskState::Paused)),
        (Case::with(|c| c.state = RiskState::Halted), Objection::State(RiskState::Halted)),
        (Case::with(|c| c.books = holding("1", plan())), Objection::Held),
        (Case::with(|c| c.books = waiting(&order)), Objection::Held),
        (Case::with(|c| c.limits.max_positions = 0), Objection::Positions { open: 0, limit: 0 }),
        (Case::with(|c| c.cools_until = Some(minute(9))), Objection::CoolDown { until: minute(9) }),
        (Case::with(|c| c.terms = None), Objection::NoRules),
        (Case::with(|c| c.symbol = "ETH/BTC".parse().unwrap()), Objection::OtherAsset { asset: "BTC".to_owned() }),
        (Case::with(|c| c.needs_quote = true), Objection::NoQuote),
        (
            Case::with(|c| c.entries.confirmed_from = Some(Score::nearest(40.0))),
            Objection::Unconfirmed { before: None, needed: Score::nearest(40.0) },
        ),
        (
            Case::with(|c| c.entries.edge = Some(EdgeGate { ic: 0.03, horizon_candles: 168.0, over_cost: 1.5 })),
            Objection::SmallEdge(Edge { expected: 0.0, needed: 1.5 * terms().costs.round_trip() }),
        ),
        // No true range, none worth the name, or so large a one that the stop would lie at 0 or below.
        (Case::with(|c| c.atr = None), Objection::NoStop),
        (Case::with(|c| c.atr = Some(0.0)), Objection::NoStop),
        (Case::with(|c| c.atr = Some(f64::NAN)), Objection::NoStop),
        (Case::with(|c| c.atr = Some(f64::INFINITY)), Objection::NoStop),
        (Case::with(|c| c.atr = Some(100.0 / 3.0)), Objection::NoStop),
        (Case::with(|c| c.atr = Some(40.0)), Objection::NoStop),
        // The market has fallen below the stop since the close.
        (Case::with(|c| c.quote = Some(quote("84", "84.5"))), Objection::NoStop),
        (Case::with(|c| c.heat = money("60")), Objection::Heat { open: money("60"), limit: money("60") }),
        (Case::with(|c| c.books = usdt("166.64")), Objection::Cash { free: money("166.64") }),
        // Equity of 9: 3 may be spent and 4 are free, which is less than any order.
        (Case::with(|c| (c.books, c.equity) = (usdt("4"), money("9"))), Objection::Cash { free: money("4") }),
        (
            Case::with(|c| c.terms = Some(altered(|terms| terms.instrument.min_notional = Some(decimal("115"))))),
            small(Some(decimal("115"))),
        ),
        (
            Case::with(|c| c.terms = Some(altered(|terms| terms.instrument.min_quantity = Some(decimal("2"))))),
            small(Some(decimal("5"))),
        ),
        (
            Case::with(|c| {
                let near = PriceFactors { down: decimal("0.9"), up: decimal("5") };
                c.terms = Some(altered(|terms| terms.instrument.sell_price_factor = Some(near)));
            }),
            Objection::StopOutOfRange { stop: price("85"), lowest: price("90") },
        ),
    ];
    for (case, objection) in &cases {
        assert_eq!(case.ask().as_ref(), Err(objection));
        assert!(!objection.to_string().is_empty());
    }
    let covered: BTreeSet<usize> = cases.iter().filter_map(|(_, objection)| place_of(objection)).collect();
    assert!(covered.into_iter().eq(0..OBSTACLES.len()));
    let codes: BTreeSet<&str> = cases.iter().map(|(_, objection)| objection.code()).collect();
    assert_eq!(codes.len(), OBSTACLES.len() + 3, "each state has its own code");
}

#[test]
fn a_market_whose_bid_is_at_the_stop_is_not_entered() {
    // The ask is a tick above the stop, but whatever is bought could only be sold at or below it.
    let case = Case::with(|case| case.quote = Some(quote("85", "85.01")));
    assert_eq!(case.ask(), Err(Objection::NoStop));
}

#[test]
fn leaving_is_approved_for_every_reason_in_every_state_and_only_once() {
    let mut books = holding("3", plan());
    let position = books.position(&btc()).unwrap().clone();
    for reason in ExitReason::ALL {
        let order = approve_exit(&position, reason, minute(1), None, &books).unwrap();
        assert_eq!((&order.get().intent, order.get().quantity), (&Intent::Exit(reason), coins("2.997")));
        assert_eq!((&order.get().id, &order.get().position), (&position.id.exit(), &position.id));
    }
    let order = approve_exit(&position, ExitReason::Signal, minute(1), None, &books).unwrap();
    books.apply(&placed(order.get())).unwrap();
    let twice = |books: &Books| {
        let position = books.position(&btc()).unwrap();
        approve_exit(position, ExitReason::Emergency, minute(2), None, books)
    };
    assert_eq!(twice(&books), None, "while it waits");
    let part = fill_of(order.get(), &terms(), 1, minute(1), price("99"), coins("1"));
    books.apply(&filled(&part)).unwrap();
    assert_eq!(twice(&books), None, "while the rest of it waits");
}

#[test]
fn all_coins_of_the_wallet_are_sold_crumbs_of_earlier_trades_included() {
    // 0.00095 were left of an earlier trade: 2.997 + 0.00095.
    let mut books = holding("0.05", plan());
    let exit = exit_of(&entry_of(&btc(), minute(0), "0.05", plan()), minute(1), "0.049", ExitReason::Target);
    let sale = fill_of(&exit, &terms(), 1, minute(1), price("110"), coins("0.049"));
    let end = crate::ledger::samples::ended(&exit, minute(1), End::Filled);
    let again = entry_of(&btc(), minute(2), "3", plan());
    let bought = fill_of(&again, &terms(), 1, minute(2), price("100.03"), coins("3"));
    let events: [Event; 5] = [placed(&exit), filled(&sale), end, placed(&again), filled(&bought)];
    for event in &events {
        books.apply(event).unwrap();
    }
    let order = approve_exit(&books.positions[0], ExitReason::Manual, minute(3), None, &books).unwrap();
    assert_eq!(order.get().quantity, coins("2.99795"));
}

proptest! {
    #[test]
    fn whatever_is_approved_keeps_the_account_within_its_limits_and_can_be_left(
        equity in 1_000i64..100_000_000, spent in 0i64..100, heat in 0i64..700, close in 2i64..10_000_000,
        range in 1i64..400, tick in 0u32..4, step in 0u32..6, fee in 0u32..200,
    ) {
        let (equity, close) = (Decimal::new(equity, 2), Decimal::new(close, 2));
        let mut terms = terms();
        terms.costs.fee = Bps::from_real(f64::from(fee) / 10.0);
        (terms.instrument.tick_size, terms.instrument.step_size) =
            (Some(Decimal::new(1, tick)), Some(Decimal::new(1, step)));
        let mut case = Case::new();
        case.books = Books::fold(&[deposit(&(equity * Decimal::new(spent, 2)).max(Decimal::ONE).to_string())]).unwrap();
        (case.equity, case.heat) = (Money::new(equity), Money::new(equity * Decimal::new(heat, 4)));
        (case.terms, case.atr) = (Some(terms.clone()), Some(crate::unit::real(close) * f64::from(u32::try_from(range).unwrap()) / 1000.0));
        let wish = Wish {
            symbol: &case.symbol, candle: minute(-60), opinion: None, close: Price::new(close), strategy_hash: "0", now: minute(0),
            quote: None, needs_quote: false, atr: case.atr, terms: Some(&terms),
        };
        let room = Room {
            books: &case.books, equity: case.equity, heat: &|_| case.heat, state: RiskState::Normal, cools_until: None,
        };
        let Ok(approved) = approve_entry(&wish, &room, &case.policy(), &case.limits) else { return Ok(()) };
        let (quantity, plan) = (approved.get().quantity.get(), approved.get().plan().unwrap());
        let kept = quantity * (Decimal::ONE - terms.costs.fee.share());
        let sold = kept - kept % Decimal::new(1, step);
        // A stop pays half a spread and twice the slippage: 5 bps, on the next tick down.
        let at_stop = plan.stop.get() * Decimal::new(9995, 4);
        let at_stop = at_stop - at_stop % Decimal::new(1, tick);
        let lost = quantity * plan.price.get() - sold * at_stop * (Decimal::ONE - terms.costs.fee.share());
        prop_assert!(lost <= equity * Decimal::new(2, 2), "{lost} of {equity}");
        prop_assert!(lost + case.heat.get() <= equity * Decimal::new(6, 2), "{lost} beside {:?}", case.heat);
        prop_assert!(plan.risk.get() >= lost && plan.risk.get() - lost < Decimal::new(1, 6), "{lost} of {:?}", plan.risk);
        let cost = quantity * plan.price.get();
        prop_assert!(cost <= case.books.cash().get() && cost <= equity * Decimal::new(3333, 4), "{cost}");
        prop_assert!(cost >= Decimal::from(5) && sold * at_stop >= Decimal::from(5), "it could not be left");
        prop_assert!(plan.stop.get() < plan.price.get());
    }
}
