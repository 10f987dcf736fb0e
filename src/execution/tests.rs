//! Whenever the program runs, the same decisions have the same fills.

use proptest::prelude::*;

use super::*;
use crate::decision::{Approved, EntryPolicy, ExitPolicy, Limits, RiskState, Room, TradePolicy, Wish, approve_entry};
use crate::ledger::samples::{
    NOON, btc, candle, decimal, deposit, entry_of, exit_of, minute, money, placed, plan, price, quote, terms,
};
use crate::ledger::{Books, EntryPlan, Event, ExitReason, Order, Terms};
use crate::market::{Candle, Series};
use crate::unit::{Bps, Decimal, Money, Price, Symbol, Timeframe, UtcMillis};

/// Minutes of a random market, eleven hours.
const LENGTH: i64 = 660;

/// One minute of a random market.
struct Minute {
    /// How far the price goes, in hundredths, and how far the open, the high and the low lie off.
    moves: [i64; 4],
    /// Below 2 a jump, below 5 nothing is traded, below 12 little.
    mood: i64,
    /// Below 3 the minute is missing from the recording.
    luck: i64,
}

/// Random minutes, told by a seed alone so that a case can be read (splitmix64, Vigna 2015).
fn market(seed: u64) -> Vec<Minute> {
    let mut state = seed;
    let mut below = |n: i64| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        i64::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % n
    };
    let mut minute = |_| {
        let moves = [below(31) - 15, below(7) - 3, below(12), below(12)];
        Minute { moves, mood: below(100), luck: below(100) }
    };
    (0..LENGTH).map(&mut minute).collect()
}

/// The candles of each minute: what was traded, and whether it is on record. No minute of an outage was traded.
fn walk(minutes: &[Minute], outages: &[(i64, i64)]) -> Vec<(Candle, bool)> {
    let mut last = 10_000;
    let mut candles = Vec::new();
    for (n, minute) in (0..).zip(minutes) {
        let [by, open_by, above, below] = minute.moves;
        let stretch = if minute.mood < 2 { 25 } else { 1 };
        let (open, close) = ((last + open_by * stretch).max(100), (last + by * stretch).max(100));
        let (high, low) = (open.max(close) + above, (open.min(close) - below).max(50));
        last = close;
        if outages.iter().any(|(from, length)| (*from..from + length).contains(&n)) {
            continue;
        }
        let volume = match minute.mood {
            2..5 => 0.0,
            5..12 => 8_000.0,
            _ => 1e7,
        };
        let prices = if volume > 0.0 { [open, high, low, close] } else { [close; 4] };
        let at = self::minute(n);
        candles.push((candle(at, prices.map(hundredths), volume), minute.luck >= 3));
    }
    candles
}

fn hundredths(price: i64) -> f64 {
    f64::from(i32::try_from(price).unwrap()) / 100.0
}

/// Longer candles, made of all that was traded.
fn longer(minutes: &[(Candle, bool)], timeframe: Timeframe) -> Vec<Candle> {
    let open = |c: &(Candle, bool)| timeframe.floor(c.0.open_time());
    let merge = |chunk: &[(Candle, bool)]| {
        let each = || chunk.iter().map(|(candle, _)| candle);
        let high = each().map(Candle::high).fold(0.0, f64::max);
        let low = each().map(Candle::low).fold(f64::INFINITY, f64::min);
        let volume = each().map(|c| c.extras().unwrap().quote_volume).sum();
        candle(open(&chunk[0]), [chunk[0].0.open(), high, low, chunk[chunk.len() - 1].0.close()], volume)
    };
    minutes.chunk_by(|a, b| open(a) == open(b)).map(merge).collect()
}

/// Every length that is on record.
struct Recording(Vec<Series>);

impl Recording {
    /// Of these lengths; of the longer ones, those that open at these minutes are missing.
    fn new(minutes: &[(Candle, bool)], lengths: &[Timeframe], missing: &[i64]) -> Self {
        let fine = minutes.iter().filter(|(_, is_there)| *is_there).map(|(candle, _)| *candle).collect();
        let is_there = |timeframe: Timeframe, c: &Candle| {
            !missing.iter().any(|n| timeframe.floor(minute(*n)) == c.open_time() && n % 3 != timeframe.ms() % 7 % 3)
        };
        let of = |&timeframe: &Timeframe| {
            let candles = longer(minutes, timeframe).into_iter().filter(|c| is_there(timeframe, c)).collect();
            Series::new(timeframe, candles).unwrap()
        };
        Self(std::iter::once(Series::new(Timeframe::M1, fine).unwrap()).chain(lengths.iter().map(of)).collect())
    }

    /// What has come of each length, of what was closed at these instants.
    fn rungs(&self, until: &[UtcMillis]) -> Vec<Rung> {
        let cut = |(series, until): (&Series, &UtcMillis)| {
            let timeframe = series.timeframe();
            let closed = |c: &&Candle| timeframe.step(c.open_time(), 1) <= *until;
            let candles = series.candles().iter().filter(closed).copied().collect();
            Rung { series: Series::new(timeframe, candles).unwrap() }
        };
        self.0.iter().zip(until).map(cut).collect()
    }
}

/// As they are read back from their tables.
fn read_back(events: &[Event]) -> Books {
    let mut sorted = events.to_vec();
    sorted.sort_by_key(|event| match event {
        Event::Deposited(_) => 0,
        Event::Placed(_) => 1,
        Event::Filled(_) => 2,
        Event::Ended(_) => 3,
        Event::Protected(_) => 4,
    });
    Books::fold(&sorted).unwrap()
}

/// What a life consists of beside the market: what was ordered at the beginning, and when the decision was to sell.
#[derive(Clone, Debug)]
struct Decisions {
    entry: Order,
    sells_at: UtcMillis,
    /// How late the candles of each length may come to a run, in minutes; less than an hour.
    late: i64,
}

/// All that happened when the program ran at these instants, and at the one where it was decided to sell.
fn live(recording: &Recording, decisions: &Decisions, runs: impl IntoIterator<Item = UtcMillis>) -> Vec<Event> {
    let entry = &decisions.entry;
    let mut events = vec![deposit("1000"), placed(entry)];
    let books = read_back(&events);
    events.extend(Approved::on_record(&books).iter().flat_map(|order| fill_on_book(order, &books, &terms())));
    let mut instants: Vec<UtcMillis> = runs.into_iter().chain([decisions.sells_at, minute(LENGTH + 6000)]).collect();
    instants.sort();
    let mut come = vec![NOON; recording.0.len()];
    for now in instants.into_iter().filter(|now| *now > entry.placed_at) {
        let books = read_back(&events);
        for (n, until) in (1..).zip(&mut come) {
            // As if by chance, another for each run and length; the last run has all.
            let late = if now > minute(LENGTH) { 0 } else { (now.get() / 1000 * n * 7919 % 60_000) * decisions.late };
            *until = now.plus_ms(-late).max(*until);
        }
        let walked = books.position(&btc()).map(|position| position.walked_to);
        if let Some(cursor) = books.orders.iter().map(|order| order.placed_at).chain(walked).min() {
            let steps = timeline(&recording.rungs(&come), cursor, now);
            let settled = settle(&btc(), books, &terms(), &steps, now).unwrap();
            assert!(!settled.books.cash().get().is_sign_negative());
            events.extend(settled.events);
        }
        let books = read_back(&events);
        if let Some(position) = books.position(&btc()).filter(|p| now == decisions.sells_at && p.leaving.is_none()) {
            events.push(placed(&exit_of(entry, now, &position.held.to_string(), ExitReason::Signal)));
        }
    }
    events.retain(|event| !matches!(event, Event::Protected(_)));
    events
}

fn hours(n: i64) -> impl Iterator<Item = UtcMillis> {
    (1..).map(move |k| NOON.plus_ms(k * n * 3_600_000 + 30_000)).take_while(|at| *at < minute(LENGTH + 2000))
}

/// A sane life: nothing before what it follows from, at no better a price than the candle had.
fn check(events: &[Event]) {
    let mut orders: Vec<&Order> = Vec::new();
    let mut parts = std::collections::BTreeSet::new();
    for event in events {
        match event {
            Event::Placed(order) => orders.push(order),
            Event::Filled(fill) => {
                let order = orders.iter().find(|o| o.id == fill.order).unwrap();
                assert!(fill.at >= order.placed_at, "{fill:?}");
                assert!(parts.insert((fill.order.clone(), fill.part)), "{fill:?}");
            }
            Event::Deposited(_) | Event::Ended(_) | Event::Protected(_) => {}
        }
    }
}

fn exits() -> impl Strategy<Value = EntryPlan> {
    let some = |from, to| prop::option::of(from..to);
    (50i64..400, some(50i64, 400), some(30i64, 300), some(1i64, 500)).prop_map(|(stop, target, trail, hold)| {
        let hundredths = |n: i64| Price::new(Decimal::new(n, 2)).unwrap();
        EntryPlan {
            stop: hundredths(10_000 - stop),
            target: target.map(|by| hundredths(10_000 + by)),
            trail: trail.map(hundredths),
            hold_ms: hold.map(|minutes| minutes * 60_000),
            risk: Money::new(decimal("20")),
            ..plan()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn runs_every_hour_every_four_hours_at_random_and_once_have_the_same_fills(
        seed in any::<u64>(), outages in prop::collection::vec((0..LENGTH, 1i64..150), 0..3),
        missing in prop::collection::vec(0..LENGTH, 0..6), plan in exits(), placed_ms in 0i64..7_200_000,
        seen in any::<bool>(), random in prop::collection::vec(0..LENGTH * 60_000, 0..25), sells in 0..2 * LENGTH,
        ladder in 0usize..3, late in 1i64..60,
    ) {
        let lengths: [&[Timeframe]; 3] = [
            &[Timeframe::M5, Timeframe::H1], &[Timeframe::M5, Timeframe::M15, Timeframe::H1, Timeframe::H4], &[Timeframe::H1],
        ];
        let recording = Recording::new(&walk(&market(seed), &outages), lengths[ladder], &missing);
        let entry = Order {
            quote: seen.then(|| quote("99.99", "100.01")), ..entry_of(&btc(), NOON.plus_ms(placed_ms), "3", plan)
        };
        let decisions = Decisions { entry, sells_at: minute(sells).plus_ms(17_000), late: 0 };
        let once = live(&recording, &decisions, []);
        check(&once);
        prop_assert_eq!(&live(&recording, &decisions, hours(1)), &once, "every hour");
        prop_assert_eq!(&live(&recording, &decisions, hours(4)), &once, "every four hours");
        let random = random.into_iter().map(|ms| NOON.plus_ms(ms));
        prop_assert_eq!(&live(&recording, &decisions, random), &once, "at random");
        let often = (0..LENGTH + 600).step_by(3).map(|n| minute(n).plus_ms(1_000));
        prop_assert_eq!(&live(&recording, &decisions, often.clone()), &once, "every three minutes");
        // Whoever decides to sell later than a stop knows nothing of one whose candle is late.
        let decisions = Decisions { sells_at: minute(LENGTH + 2999), late, ..decisions };
        let once = live(&recording, &decisions, []);
        prop_assert_eq!(&live(&recording, &decisions, hours(1)), &once, "late, every hour");
        prop_assert_eq!(&live(&recording, &decisions, often), &once, "late, every three minutes");
    }
}

fn flat(n: i64, price: f64) -> (Candle, bool) {
    (candle(minute(n), [price; 4], 1e8), true)
}

/// The fills of an entry at noon, with these instants beside the last one.
fn fills_of(recording: &Recording, runs: &[UtcMillis]) -> Vec<(UtcMillis, Price, bool)> {
    let entry = entry_of(&btc(), NOON, "3", EntryPlan { risk: money("20"), ..plan() });
    let decisions = Decisions { entry, sells_at: minute(LENGTH + 2999), late: 0 };
    let fill = |event| if let Event::Filled(fill) = event { Some((fill.at, fill.price, fill.is_coarse)) } else { None };
    live(recording, &decisions, runs.iter().copied()).into_iter().filter_map(fill).take(2).collect()
}

#[test]
fn after_an_outage_the_hour_that_it_ended_in_is_waited_for() {
    // Nothing from 12:01 to 13:30. Then minutes are on record from 13:40 on; the hour from 13:00 says that the ten
    // before them saw 95, below the stop. A run at 13:50 does not know that yet and must not pass it over.
    let mut minutes = vec![flat(0, 100.0)];
    minutes.extend((90..100).map(|n| (flat(n, 95.0).0, false)));
    minutes.extend((100..180).map(|n| flat(n, 99.0)));
    let mut recording = Recording::new(&minutes, &[Timeframe::H1], &[]);
    let hours = recording.0[1].candles()[1..].to_vec();
    recording.0[1] = Series::new(Timeframe::H1, hours).unwrap();
    let late = fills_of(&recording, &[]);
    // The hour opens at 95: 95 × 0.9995 = 94.9525.
    assert_eq!(late[1], (minute(60), price("94.95"), true));
    assert_eq!(fills_of(&recording, &[minute(110)]), late);
}

#[test]
fn an_entry_is_not_given_up_while_a_longer_candle_may_still_fill_it() {
    // Ordered at 15:50, with nothing finer than the four hours from 16:00 on, which are known at 20:00 only.
    let minutes: Vec<_> =
        (0..239).map(|n| flat(n, 100.0)).chain((240..480).map(|n| (flat(n, 100.0).0, false))).collect();
    let recording = Recording::new(&minutes, &[Timeframe::H4], &[]);
    let entry = entry_of(&btc(), minute(239), "3", EntryPlan { risk: money("20"), ..plan() });
    let decisions = Decisions { entry, sells_at: minute(LENGTH), late: 0 };
    let once = live(&recording, &decisions, []);
    assert_eq!(live(&recording, &decisions, [minute(239 + 240), minute(481)]), once);
}

#[test]
fn an_hour_that_comes_late_is_waited_for() {
    // The minute from 12:01 on is missing, and the run at 13:00:30 got the minutes but not yet the hour.
    let (one, two) = ([minute(60).plus_ms(30_000), minute(55)], [minute(200), minute(200)]);
    let minutes: Vec<_> = (0..120).map(|n| (flat(n, 100.0).0, n != 1)).collect();
    let recording = Recording::new(&minutes, &[Timeframe::H1], &[]);
    let told = |until: &[UtcMillis], now| timeline(&recording.rungs(until), minute(0), now).len();
    assert_eq!(told(&one, one[0]), 1, "12:00, and no further");
    // The minute, the hour in place of the others, and the next hour's minutes.
    assert_eq!(told(&two, minute(200)), 62);
}

/// Three entries in a row, each approved in the account that the ones before have left.
fn approved(wanted: &[(i64, i64)]) -> Books {
    let mut books = Books::fold(&[deposit("1000")]).unwrap();
    let mut heat = Money::ZERO;
    for ((name, terms), (close, range)) in pairs().iter().zip(wanted) {
        let wish = Wish {
            symbol: name,
            candle: minute(-60),
            opinion: None,
            close: Price::new(Decimal::new(*close, 2)),
            strategy_hash: "0123abcd",
            now: NOON,
            quote: None,
            needs_quote: false,
            atr: Some(hundredths(close * range) / 1000.0),
            terms: Some(terms),
        };
        let room =
            Room { books: &books, equity: money("1000"), heat: &|_| heat, state: RiskState::Normal, cools_until: None };
        let exits = ExitPolicy { stop_atr: 3.0, target_atr: Some(6.0), trail_atr: Some(3.0), hold_ms: None };
        let policy = TradePolicy { entries: EntryPolicy::default(), exits };
        let Ok(order) = approve_entry(&wish, &room, &policy, &limits()) else { continue };
        heat += order.get().plan().unwrap().risk;
        books.apply(&placed(order.get())).unwrap();
    }
    assert!(heat <= money("60"), "6 % of 1,000");
    books
}

fn pairs() -> [(Symbol, Terms); 3] {
    ["BTC/USDT", "ETH/USDT", "SOL/USDT"].map(|pair| (pair.parse().unwrap(), terms()))
}

/// Of 1,000 each position may cost all that is left, so that cash runs out.
fn limits() -> Limits {
    let percent = |percent: f64| Bps::from_real(100.0 * percent);
    Limits {
        risk_per_trade: percent(2.0),
        max_positions: 3,
        position_cap: percent(60.0),
        heat: percent(6.0),
        daily_loss: percent(5.0),
        warning_drawdown: percent(15.0),
        emergency_drawdown: percent(25.0),
        cool_down_ms: 0,
    }
}

/// Random minutes around a close.
fn around(seed: u64, close: i64) -> Vec<Step> {
    let scaled = |candle: &Candle| {
        let price = |p: f64| (p * hundredths(close)).round().max(1.0) / 100.0;
        let prices = [candle.open(), candle.high(), candle.low(), candle.close()].map(price);
        self::candle(candle.open_time(), prices, candle.extras().unwrap().quote_volume)
    };
    let step =
        |(candle, _): &(Candle, bool)| Step { candle: scaled(candle), timeframe: Timeframe::M1, is_coarse: false };
    walk(&market(seed), &[]).iter().map(step).collect()
}

proptest! {
    #[test]
    fn cash_is_never_negative_when_entries_were_approved(
        wanted in prop::collection::vec((100i64..100_000, 1i64..60), 3), seed in any::<u64>(),
    ) {
        let mut books = approved(&wanted);
        let promised = books.cash() - books.free_cash();
        prop_assert!(!books.free_cash().get().is_sign_negative());
        let (mut spent, mut planned) = (Money::ZERO, Money::ZERO);
        for ((n, (pair, terms)), (close, _)) in (0..).zip(pairs()).zip(&wanted) {
            planned += books.entries().filter(|(o, _)| o.symbol == pair).map(|(_, plan)| plan.risk).sum();
            for step in around(seed + n, *close) {
                let settled = settle(&pair, books, &terms, &[step], step.end()).unwrap();
                books = settled.books;
                prop_assert!(!books.cash().get().is_sign_negative(), "{:?}", books.cash());
                for event in &settled.events {
                    let Event::Filled(fill) = event else { continue };
                    spent += if fill.order == fill.position { fill.notional } else { Money::ZERO };
                }
            }
        }
        prop_assert!(spent <= promised, "{spent} of {promised}");
        let at_risk: Money = books.positions.iter().map(|p| p.risk).chain(books.trades.iter().map(|t| t.risk)).sum();
        prop_assert!(at_risk <= planned, "{at_risk} of {planned}");
    }
}
