//! Double entry, and the books that are folded from events.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::samples::{
    btc, coins, decimal, deposit, ended, entry_of, exit_of, fill_of, filled, holding, holding_beside_crumbs, minute,
    money, placed, plan, price, terms,
};
use super::*;
use crate::unit::{Bps, Decimal, Money, Price, Quantity, Symbol, UtcMillis, real};

/// Sums of postings by asset, or of those of one account.
fn sums(events: &[Event], account: Option<Account>) -> BTreeMap<String, Decimal> {
    let mut sums = BTreeMap::new();
    for posting in events.iter().flat_map(Posting::of).filter(|p| account.is_none_or(|a| p.account == a)) {
        *sums.entry(posting.asset.to_owned()).or_default() += posting.amount;
    }
    sums
}

fn told<'a>(postings: &[Posting<'a>]) -> Vec<(Account, &'a str, Decimal)> {
    postings.iter().map(|p| (p.account, p.asset, p.amount)).collect()
}

#[test]
fn a_buy_takes_its_fee_in_coins_and_its_entries_sum_to_nothing() {
    let order = entry_of(&btc(), minute(0), "3", plan());
    let fill = fill_of(&order, &terms(), 1, minute(0), price("100.03"), coins("3"));
    // 3 × 100.03 = 300.09 of money; a thousandth of 3 coins is the fee.
    let expected = [
        (Account::Wallet, "BTC", decimal("2.997")),
        (Account::Market, "BTC", decimal("-3")),
        (Account::Wallet, "USDT", decimal("-300.09")),
        (Account::Market, "USDT", decimal("300.09")),
        (Account::Fees, "BTC", decimal("0.003")),
    ];
    assert_eq!(told(&Posting::of_fill(&fill)), expected);
    assert!(sums(&[filled(&fill)], None).values().all(Decimal::is_zero));
}

#[test]
fn a_sale_takes_its_fee_in_money_and_its_entries_sum_to_nothing() {
    let entry = entry_of(&btc(), minute(0), "3", plan());
    let exit = exit_of(&entry, minute(1), "2.997", ExitReason::Stop);
    let fill = fill_of(&exit, &terms(), 1, minute(1), price("95.95"), coins("2.997"));
    // 2.997 × 95.95 = 287.56215, a thousandth of it is 0.28756215, 287.27458785 are left.
    let expected = [
        (Account::Wallet, "BTC", decimal("-2.997")),
        (Account::Market, "BTC", decimal("2.997")),
        (Account::Wallet, "USDT", decimal("287.27458785")),
        (Account::Market, "USDT", decimal("-287.56215")),
        (Account::Fees, "USDT", decimal("0.28756215")),
    ];
    assert_eq!(told(&Posting::of_fill(&fill)), expected);
    assert!(sums(&[filled(&fill)], None).values().all(Decimal::is_zero));
}

#[test]
fn a_deposit_comes_out_of_the_capital() {
    let deposit = deposit("1000");
    let postings: Vec<Posting> = Posting::of(&deposit).collect();
    let expected = [(Account::Wallet, "USDT", decimal("1000")), (Account::Capital, "USDT", decimal("-1000"))];
    assert_eq!(told(&postings), expected);
}

#[test]
fn an_entry_turns_cash_into_coins_under_a_stop() {
    let books = holding("3", plan());
    assert_eq!((books.cash(), books.balance("BTC")), (money("699.91"), decimal("2.997")));
    let position = books.position(&btc()).unwrap();
    assert_eq!((position.stop, position.cost, position.held), (price("96"), money("300.09"), decimal("2.997")));
    // The stop brings 95.95 a coin: 287.27458785 after the fee, as above. The fee of 0.003 coins is worth 0.30009.
    assert_eq!((position.risk, position.fees), (money("12.81541215"), money("0.30009")));
    assert_eq!(books.orders, []);
}

/// The account of `holding`, after the exit was placed and these parts of it were sold.
fn leave(parts: &[(&str, &str)], end: bool) -> Books {
    let mut books = holding("3", plan());
    let entry = entry_of(&btc(), minute(0), "3", plan());
    let exit = exit_of(&entry, minute(5), "2.997", ExitReason::Stop);
    let mut events = vec![placed(&exit)];
    for (part, (at, quantity)) in (1..).zip(parts) {
        events.push(filled(&fill_of(&exit, &terms(), part, minute(5), price(at), coins(quantity))));
    }
    events.extend(end.then(|| ended(&exit, minute(6), End::Filled)));
    for event in &events {
        books.apply(event).unwrap();
    }
    books
}

#[test]
fn a_trade_earns_what_it_brought_less_what_it_cost_fees_inside() {
    let books = leave(&[("95.95", "2.997")], true);
    let trade = &books.trades[0];
    // 287.27458785 − 300.09. Fees: 0.003 coins at 100.03 and 0.28756215 of money.
    assert_eq!((trade.cost, trade.proceeds), (money("300.09"), money("287.27458785")));
    assert_eq!((trade.profit(), trade.fees), (money("-12.81541215"), money("0.58765215")));
    assert_eq!(books.cash(), money("987.18458785"));
    assert_eq!((books.positions.len(), books.orders.len()), (0, 0));
    // All that was at risk was lost: −1 R. The share of what was spent: −12.81541215 / 300.09.
    assert!((trade.r_multiple().unwrap() + 1.0).abs() < 1e-12);
    assert!((trade.roi() + 0.042_705_229_0).abs() < 1e-9);
    assert_eq!((trade.closed_at.since_ms(trade.opened_at), trade.reason), (360_000, ExitReason::Stop));
    // Between prices: 95.95 / 100.03; the market's was 100 at the entry, and here 95.95 at the exit.
    assert_eq!(trade.price, (decimal("100.03"), decimal("95.95")));
}

#[test]
fn a_win_is_measured_in_what_was_at_risk() {
    // 2.997 × 106 = 317.682, fee 0.317682, left 317.364318; − 300.09 = 17.274318; / 12.81541215 = 1.347933…
    let trade = leave(&[("106", "2.997")], true).trades.remove(0);
    assert_eq!(trade.profit(), money("17.274318"));
    assert!((trade.r_multiple().unwrap() - 1.347_933_3).abs() < 1e-6, "{:?}", trade.r_multiple());
    assert!((trade.roi() - 17.274_318 / 300.09).abs() < 1e-12);
}

#[test]
fn a_partial_exit_leaves_the_rest_in_the_books_and_the_trade_sums_its_parts() {
    let books = leave(&[("95.95", "1")], false);
    let position = books.position(&btc()).unwrap();
    // 95.95 less 0.09595.
    assert_eq!((position.held, position.proceeds), (decimal("1.997"), money("95.85405")));
    assert_eq!((position.leaving, position.exits), (Some(ExitReason::Stop), 1));
    assert!(books.trades.is_empty() && books.exit_of(&position.id).is_some());
    // The rest at 94: 1.997 × 94 = 187.718, less 0.187718. The mean price (95.95 + 187.718) / 2.997.
    let trade = leave(&[("95.95", "1"), ("94", "1.997")], true).trades.remove(0);
    assert_eq!(trade.proceeds, money("283.384332"));
    assert!((real(trade.price.1) - 283.668 / 2.997).abs() < 1e-9);
}

#[test]
fn a_crumb_below_a_step_stays_in_the_wallet_and_counts_as_lost() {
    // 0.05 coins bought for 5.0015; the fee leaves 0.04995, of which 0.049 are sold at 110: 5.39 less 0.00539.
    let mut books = holding("0.05", plan());
    let exit = exit_of(&entry_of(&btc(), minute(0), "0.05", plan()), minute(1), "0.049", ExitReason::Target);
    let fill = fill_of(&exit, &terms(), 1, minute(1), price("110"), coins("0.049"));
    for event in [placed(&exit), filled(&fill), ended(&exit, minute(1), End::Filled)] {
        books.apply(&event).unwrap();
    }
    assert_eq!(books.trades[0].profit(), money("0.38311"));
    assert_eq!(books.balance("BTC"), decimal("0.00095"));
    // Still ours: 0.00095 × 110 = 0.1045.
    let (worth, unpriced) = books.worth_of_coins(|_| Some(price("110")));
    assert_eq!((worth, unpriced), (money("0.1045"), vec![]));
    assert_eq!(books.worth_of_coins(|_| None), (Money::ZERO, vec!["BTC".to_owned()]), "named, never worth nothing");
}

#[test]
fn of_a_sale_in_parts_a_trade_has_its_own_coins_first_and_crumbs_of_earlier_trades_never() {
    // It holds 0.123456 coins, the wallet 0.123467.
    let mut books = holding_beside_crumbs();
    let exit = exit_of(&entry_of(&btc(), minute(0), "0.12358", plan()), minute(1), "0.123467", ExitReason::Target);
    let part = |n, at: &str, quantity: &str| fill_of(&exit, &terms(), n, minute(1), price(at), coins(quantity));
    let told = |books: &Books| {
        let position = books.position(&btc()).unwrap();
        (position.held, position.sold, position.proceeds, position.exits)
    };
    // All of the first part is its own: 6,000 less 6.
    books.apply(&placed(&exit)).unwrap();
    books.apply(&filled(&part(1, "60000", "0.1"))).unwrap();
    assert_eq!(told(&books), (decimal("0.023456"), decimal("0.1"), money("5994"), 1));
    // The second part: 0.02346 × 59,990.01 = 1,407.3656346, a fee of 1.4073656346 counted up to 1.40736564. Its own are
    // 0.023456 of the 0.02346 coins: 59,990.01 × 0.023456 = 1,407.12567456, and of the fee 1.40712567996, counted up.
    books.apply(&filled(&part(2, "59990.01", "0.02346"))).unwrap();
    let proceeds = money("7399.71854888");
    assert_eq!(told(&books), (Decimal::ZERO, decimal("0.123456"), proceeds, 2));
    // A part that is of crumbs alone brings it nothing; the wallet has the money.
    let cash = books.cash();
    books.apply(&filled(&part(3, "50000", "0.000007"))).unwrap();
    assert_eq!(told(&books), (Decimal::ZERO, decimal("0.123456"), proceeds, 3));
    // 0.35 less 0.00035.
    assert_eq!((books.cash() - cash, books.balance("BTC")), (money("0.34965"), Decimal::ZERO));
    books.apply(&ended(&exit, minute(1), End::Filled)).unwrap();
    let trade = &books.trades[0];
    // Fees: 0.000124 × 59,000 = 7.316 for the buy, and 6 and 1.40712568. Profit: 7,399.71854888 − 7,291.22.
    assert_eq!((trade.fees, trade.profit()), (money("14.72312568"), money("108.49854888")));
    // The mean price, without fees: (6,000 + 1,407.12567456) / 0.123456.
    assert!((real(trade.price.1) - 7_407.125_674_56 / 0.123_456).abs() < 1e-9, "{}", trade.price.1);
    assert_eq!(trade.price.1, trade.reference.1, "here the market's price was got");
}

#[test]
fn money_that_is_promised_to_an_entry_is_not_free() {
    let order = entry_of(&btc(), minute(0), "3", plan());
    let books = Books::fold(&[deposit("1000"), placed(&order)]).unwrap();
    // 3 × 100.03.
    assert_eq!((books.cash(), books.free_cash()), (money("1000"), money("699.91")));
}

#[test]
fn a_position_cannot_be_opened_without_a_stop() {
    // A purchase that no entry with its plan stands behind is refused, and so is one behind an exit.
    let entry = entry_of(&btc(), minute(0), "3", plan());
    let buy = fill_of(&entry, &terms(), 1, minute(0), price("100.03"), coins("3"));
    let unknown = |order: &OrderId| Err(Unbalanced::Unknown(order.clone()));
    assert_eq!(Books::fold(&[deposit("1000"), filled(&buy)]), unknown(&entry.id));
    let exit = exit_of(&entry, minute(0), "3", ExitReason::Manual);
    let events = [deposit("1000"), placed(&exit), filled(&Fill { order: exit.id.clone(), ..buy })];
    assert_eq!(Books::fold(&events), unknown(&exit.id));
}

#[test]
fn what_does_not_fit_the_books_is_refused() {
    let entry = entry_of(&btc(), minute(0), "3", plan());
    let fill = fill_of(&entry, &terms(), 1, minute(0), price("100.03"), coins("3"));
    let twice = [deposit("1000"), placed(&entry), placed(&entry)];
    assert_eq!(Books::fold(&twice), Err(Unbalanced::Twice(entry.id.clone())));
    let poor = [deposit("300"), placed(&entry), filled(&fill)];
    let overdrawn = Unbalanced::Overdrawn { asset: "USDT".to_owned(), balance: decimal("-0.09") };
    assert_eq!(Books::fold(&poor), Err(overdrawn));
    let over = [deposit("1000"), ended(&entry, minute(0), End::Expired)];
    assert_eq!(Books::fold(&over), Err(Unbalanced::Unknown(entry.id.clone())));
}

#[test]
fn a_part_that_was_booked_is_not_booked_again() {
    let entry = entry_of(&btc(), minute(0), "3", plan());
    let fill = fill_of(&entry, &terms(), 1, minute(0), price("100.03"), coins("3"));
    let events = [deposit("1000"), placed(&entry), filled(&fill), filled(&fill)];
    assert_eq!(Books::fold(&events), Err(Unbalanced::Twice(entry.id)));
    let mut books = leave(&[("95.95", "1")], false);
    let exit = books.orders[0].clone();
    let again = fill_of(&exit, &terms(), 1, minute(6), price("95.95"), coins("1"));
    assert_eq!(books.apply(&filled(&again)), Err(Unbalanced::Twice(exit.id)));
}

#[test]
fn a_waiting_exit_is_remembered_by_its_position_however_the_events_are_sorted() {
    let entry = entry_of(&btc(), minute(0), "3", plan());
    let fill = fill_of(&entry, &terms(), 1, minute(0), price("100.03"), coins("3"));
    let exit = exit_of(&entry, minute(5), "2.997", ExitReason::Stop);
    let events = [deposit("1000"), placed(&entry), filled(&fill), ended(&entry, minute(0), End::Filled), placed(&exit)];
    let books = Books::fold(&events).unwrap();
    assert_eq!(books.position(&btc()).unwrap().leaving, Some(ExitReason::Stop));
    assert_eq!(Books::fold(&by_kind(&events)), Ok(books));
}

/// As they are read back from their tables, one after another.
fn by_kind(events: &[Event]) -> Vec<Event> {
    let mut sorted = events.to_vec();
    sorted.sort_by_key(|event| match event {
        Event::Deposited(_) => 0,
        Event::Placed(_) => 1,
        Event::Filled(_) => 2,
        Event::Ended(_) => 3,
        Event::Protected(_) => 4,
    });
    sorted
}

/// One step of a random life of an account.
#[derive(Clone, Debug)]
struct Turn {
    pair: usize,
    /// In hundredths.
    price: i64,
    /// In thousandths of what can be bought or sold.
    share: i64,
    /// Only an order, only a stop that moves, or a fill.
    what: u8,
}

fn turn() -> impl Strategy<Value = Turn> {
    (0..3usize, 1i64..1_000_000, 1i64..=1000, 0u8..6).prop_map(|(pair, price, share, what)| Turn {
        pair,
        price,
        share,
        what,
    })
}

struct Life {
    books: Books,
    events: Vec<Event>,
    terms: Terms,
}

impl Life {
    fn happen(&mut self, event: Event) {
        self.books.apply(&event).unwrap();
        self.events.push(event);
    }

    fn now(&self) -> UtcMillis {
        minute(i64::try_from(self.events.len()).unwrap())
    }

    fn share(&self, of: Decimal, turn: &Turn) -> Quantity {
        self.terms.sellable(Quantity::new(of * Decimal::new(turn.share, 3)).unwrap())
    }

    fn take(&mut self, symbol: &Symbol, turn: &Turn) {
        let price = Price::new(Decimal::new(turn.price, 2)).unwrap();
        match self.books.position(symbol).cloned() {
            None => self.enter(symbol, price, turn),
            Some(position) if turn.what == 0 => {
                let protection = Protection { position: position.id, at: self.now(), stop: price, high: price };
                self.happen(Event::Protected(protection));
            }
            Some(position) => self.leave(&position, price, turn),
        }
    }

    fn enter(&mut self, symbol: &Symbol, price: Price, turn: &Turn) {
        let waiting = self.books.orders.iter().find(|o| o.symbol == *symbol).cloned();
        let affordable = self.books.free_cash().get().max(Decimal::ZERO) / price.get();
        let order = waiting.unwrap_or_else(|| {
            let quantity = self.share(affordable, turn).to_string();
            let stop = Price::new(price.get() / Decimal::TWO).unwrap();
            let order = entry_of(symbol, self.now(), &quantity, EntryPlan { price, stop, ..plan() });
            self.happen(placed(&order));
            order
        });
        if turn.what == 1 {
            return;
        }
        let (quantity, at, now) = (order.quantity, order.plan().unwrap().price, self.now());
        if quantity.get().is_zero() {
            return self.happen(ended(&order, now, End::TooSmall));
        }
        self.happen(filled(&fill_of(&order, &self.terms, 1, now, at, quantity)));
        self.happen(ended(&order, now, End::Filled));
    }

    fn leave(&mut self, position: &Position, price: Price, turn: &Turn) {
        let now = self.now();
        let exit = self.books.exit_of(&position.id).cloned().unwrap_or_else(|| {
            let entry = Order { id: position.id.clone(), ..entry_of(&position.symbol, now, "0", plan()) };
            let entry = Order { position: position.id.clone(), ..entry };
            let exit = exit_of(&entry, now, "0", ExitReason::Signal);
            self.happen(placed(&exit));
            exit
        });
        if turn.what == 1 {
            return;
        }
        // Now and then what others have left in the wallet goes along, as the broker has it.
        let all = self.books.balance(position.symbol.base());
        let quantity = self.share(if turn.what == 2 { position.held } else { all }, turn);
        if !quantity.get().is_zero() {
            self.happen(filled(&fill_of(&exit, &self.terms, position.exits + 1, now, price, quantity)));
        }
        if turn.what > 3 {
            self.happen(ended(&exit, now, End::Filled));
        }
    }
}

/// The fills that bought or sold for a position.
fn fills_of<'e>(events: &'e [Event], position: &'e OrderId, side: Side) -> impl Iterator<Item = &'e Fill> {
    let fill = |event: &'e Event| if let Event::Filled(fill) = event { Some(&**fill) } else { None };
    events.iter().filter_map(fill).filter(move |fill| fill.position == *position && fill.side == side)
}

/// Coins that a position bought, less the fee.
fn kept(events: &[Event], position: &OrderId) -> Decimal {
    fills_of(events, position, Side::Buy).map(|fill| fill.quantity.get() - fill.fee).sum()
}

/// The best price that a sale of a position got.
fn best_price(events: &[Event], position: &OrderId) -> Decimal {
    fills_of(events, position, Side::Sell).map(|fill| fill.price.get()).max().unwrap_or_default()
}

proptest! {
    #[test]
    fn whatever_is_traded_the_books_balance_to_the_last_digit(
        turns in prop::collection::vec(turn(), 1..60), fee in 0u32..5000, start in 1i64..100_000_000,
    ) {
        let mut terms = terms();
        terms.costs.fee = Bps::from_real(f64::from(fee) / 10.0);
        terms.instrument.step_size = Some(Decimal::new(1, 6));
        let mut life = Life { books: Books::default(), events: Vec::new(), terms };
        life.happen(deposit(&Decimal::new(start, 2).to_string()));
        let pairs: [Symbol; 3] = ["BTC/USDT", "ETH/USDT", "SOL/USDT"].map(|pair| pair.parse().unwrap());
        for turn in &turns {
            let before = life.events.len();
            life.take(&pairs[turn.pair], turn);
            for end in before + 1..=life.events.len() {
                let events = &life.events[..end];
                prop_assert!(sums(events, None).values().all(Decimal::is_zero), "all accounts sum to nothing");
                let books = Books::fold(events).unwrap();
                prop_assert_eq!(&books.balances, &sums(events, Some(Account::Wallet)));
                prop_assert!(books.balances.values().all(|amount| !amount.is_sign_negative()), "{:?}", books.balances);
                prop_assert_eq!(&Books::fold(&by_kind(events)).unwrap(), &books);
                for position in &books.positions {
                    let (held, kept) = (position.held, kept(events, &position.id));
                    prop_assert!(!held.is_sign_negative() && held + position.sold == kept, "{position:?} of {kept}");
                    prop_assert!(held <= books.balance(position.symbol.base()), "{position:?}");
                }
                for trade in &books.trades {
                    let (kept, best) = (kept(events, &trade.id), best_price(events, &trade.id));
                    prop_assert!(trade.sold <= kept && kept <= trade.bought, "{trade:?} of {kept}");
                    prop_assert!(trade.proceeds.get() <= best * trade.sold, "{trade:?} at {best}");
                    prop_assert!(real(trade.price.1 - best) < 1e-9, "{trade:?} at {best}");
                }
            }
        }
        prop_assert_eq!(Books::fold(&life.events).unwrap(), life.books);
    }
}
