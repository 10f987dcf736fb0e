//! What the tests of the money path are built from: round numbers that can be followed by hand.
//!
//! A fee of 10 bps, slippage of 2 bps, half a spread of 1 bp, at most 1 % of a candle's volume; ticks of 0.01, steps of
//! 0.001 coins, orders from 5 USDT on.

use super::{
    Books, Costs, Deposit, End, Ended, EntryPlan, Event, ExitReason, Fill, Intent, Order, OrderId, Slips, Terms,
};
use crate::market::{Candle, Extras, Instrument, Quote, Status};
use crate::unit::{Bps, Decimal, Money, Price, Quantity, Symbol, Timeframe, UtcMillis};

/// 2024-03-13 12:00:00 UTC.
pub(crate) const NOON: UtcMillis = UtcMillis::new(1_710_331_200_000);

pub(crate) fn minute(n: i64) -> UtcMillis {
    Timeframe::M1.step(NOON, n)
}

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn price(text: &str) -> Price {
    Price::new(decimal(text)).unwrap()
}

pub(crate) fn coins(text: &str) -> Quantity {
    Quantity::new(decimal(text)).unwrap()
}

pub(crate) fn money(text: &str) -> Money {
    Money::new(decimal(text))
}

pub(crate) fn btc() -> Symbol {
    "BTC/USDT".parse().unwrap()
}

pub(crate) fn costs() -> Costs {
    let bps = Bps::from_real;
    Costs { fee: bps(10.0), slippage: bps(2.0), half_spread: bps(1.0) }
}

pub(crate) fn terms() -> Terms {
    Terms {
        costs: costs(),
        participation: Bps::from_real(100.0),
        instrument: Instrument {
            symbol: btc(),
            status: Status::Trading,
            tick_size: Some(decimal("0.01")),
            step_size: Some(decimal("0.001")),
            min_quantity: Some(decimal("0.001")),
            max_quantity: None,
            min_notional: Some(decimal("5")),
            sell_price_factor: None,
            fetched_at: NOON,
        },
    }
}

pub(crate) fn quote(bid: &str, ask: &str) -> Quote {
    Quote::new(price(bid), price(ask), NOON).unwrap()
}

/// A candle with so much traded in it, in money.
pub(crate) fn candle(open_time: UtcMillis, prices: [f64; 4], quote_volume: f64) -> Candle {
    let trades = i64::from(quote_volume > 0.0);
    let extras = Extras { quote_volume, trades, taker_buy_base: 0.0 };
    Candle::from_parts(open_time, prices, quote_volume / prices[2], Some(extras)).unwrap()
}

/// Bought at 100.03 when the market traded at 100, to be sold at 96.
pub(crate) fn plan() -> EntryPlan {
    EntryPlan {
        reference: price("100"),
        price: price("100.03"),
        stop: price("96"),
        target: None,
        trail: None,
        hold_ms: None,
        risk: money("12.81541215"),
        risk_budget: money("20"),
    }
}

pub(crate) fn deposit(amount: &str) -> Event {
    Event::Deposited(Deposit { at: NOON, asset: "USDT".to_owned(), amount: money(amount) })
}

pub(crate) fn placed(order: &Order) -> Event {
    Event::Placed(Box::new(order.clone()))
}

pub(crate) fn filled(fill: &Fill) -> Event {
    Event::Filled(Box::new(fill.clone()))
}

pub(crate) fn ended(order: &Order, at: UtcMillis, how: End) -> Event {
    Event::Ended(Ended { order: order.id.clone(), at, how })
}

/// An entry of the pair, placed at this instant.
pub(crate) fn entry_of(symbol: &Symbol, at: UtcMillis, quantity: &str, plan: EntryPlan) -> Order {
    let id = OrderId::entry(symbol, at, "0123abcd");
    let (quantity, intent) = (coins(quantity), Intent::Entry(plan));
    Order { position: id.clone(), id, symbol: symbol.clone(), quantity, intent, placed_at: at, quote: None }
}

/// The exit of what this entry opened.
pub(crate) fn exit_of(entry: &Order, at: UtcMillis, quantity: &str, reason: ExitReason) -> Order {
    let (id, intent) = (entry.id.exit(), Intent::Exit(reason));
    Order { id, quantity: coins(quantity), intent, placed_at: at, quote: None, ..entry.clone() }
}

/// A fill of an order at a price; the fee, the amount of money and the risk follow from the terms.
pub(crate) fn fill_of(order: &Order, terms: &Terms, part: u32, at: UtcMillis, cost: Price, quantity: Quantity) -> Fill {
    let plan = order.plan();
    let notional = if plan.is_some() { Money::cost(cost, quantity) } else { Money::proceeds(cost, quantity) };
    let fee = if plan.is_some() { terms.fee_on_coins(quantity).get() } else { terms.fee_on_money(notional).get() };
    let risk = plan.and_then(|plan| Some(terms.loss(quantity, cost, terms.sell_near(plan.stop, Slips::Twice)?)));
    Fill {
        order: order.id.clone(),
        position: order.position.clone(),
        part,
        symbol: order.symbol.clone(),
        side: order.side(),
        at,
        reference: plan.map_or(cost, |plan| plan.reference),
        price: cost,
        quantity,
        notional,
        fee,
        risk: risk.unwrap_or_default(),
        candle: None,
        is_ambiguous: false,
        is_coarse: false,
    }
}

/// An account of 1,000 USDT that bought so many bitcoins at 100.03 at noon, under this plan.
pub(crate) fn holding(quantity: &str, plan: EntryPlan) -> Books {
    let order = entry_of(&btc(), NOON, quantity, plan);
    let fill = fill_of(&order, &terms(), 1, NOON, price("100.03"), coins(quantity));
    let events = [deposit("1000"), placed(&order), filled(&fill), ended(&order, NOON, End::Filled)];
    Books::fold(&events).unwrap()
}

/// An account of 10,000 USDT that holds 0.123456 bitcoins, bought for 7,291.22 with 100 at risk, beside 0.000011 that an
/// earlier trade has left in the wallet. Its cash is 2,704.65118.
pub(crate) fn holding_beside_crumbs() -> Books {
    let earlier = entry_of(&btc(), minute(-9), "0.05", plan());
    let exit = exit_of(&earlier, minute(-8), "0.04998", ExitReason::Target);
    let order = entry_of(&btc(), NOON, "0.12358", plan());
    let fill =
        |order: &Order, quantity: &str| fill_of(order, &terms(), 1, order.placed_at, price("59000"), coins(quantity));
    let first = Fill { fee: decimal("0.000009"), ..fill(&earlier, "0.05") };
    let second = Fill { fee: decimal("0.000124"), risk: money("100"), ..fill(&order, "0.12358") };
    let events = [
        deposit("10000"),
        placed(&earlier),
        filled(&first),
        ended(&earlier, minute(-9), End::Filled),
        placed(&exit),
        filled(&fill(&exit, "0.04998")),
        ended(&exit, minute(-8), End::Filled),
        placed(&order),
        filled(&second),
        ended(&order, NOON, End::Filled),
    ];
    let books = Books::fold(&events).unwrap();
    assert_eq!((books.balance("BTC"), books.cash()), (decimal("0.123467"), money("2704.65118")));
    Books { trades: Vec::new(), ..books }
}

/// An account of 1,000 USDT in which this order waits.
pub(crate) fn waiting(order: &Order) -> Books {
    Books::fold(&[deposit("1000"), placed(order)]).unwrap()
}
