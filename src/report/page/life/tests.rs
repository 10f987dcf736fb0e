use std::collections::BTreeMap;

use super::*;
use crate::report::{
    AgentHealth, Bucket, Judged, Judgement, LifeAccount, LifeHorizon, LifeRuns, LifeSignals, LifeTrade, LifeTrades,
    Number, RunFact,
};
use crate::unit::Money;

fn hour(n: i64) -> UtcMillis {
    UtcMillis::new(1_704_067_200_000 + n * 3_600_000)
}

fn money(text: &str) -> Money {
    Money::new(text.parse().unwrap())
}

fn trade(hours: (i64, i64), profit: &str) -> LifeTrade {
    LifeTrade {
        symbol: "BTC/USDT".parse().unwrap(),
        opened_at: hour(hours.0),
        closed_at: hour(hours.1),
        reason: "trailing_stop".to_owned(),
        profit: money(profit),
        r_multiple: Number::exact(1.5),
        predicted_pct: Number::exact(0.1),
        realised_pct: Number::exact(if profit.starts_with('-') { -2.0 } else { 3.0 }),
        miss: None,
        miss_why: Some("waiting".to_owned()),
    }
}

type Life = (LifeDocument, Vec<(UtcMillis, f64)>, Vec<Vec<(f64, f64)>>);

/// A life of so many hourly runs and as many forecasts; what is evil in it comes from data.
fn life(hours: i64) -> Life {
    let judged = |n: i64| {
        let net = ((n * 7919) % 200 - 100) as f64 / 5000.0;
        let judged = Judged {
            pair: "BTC/USDT".parse().unwrap(),
            span: (hour(n), hour(n + 1)),
            predicted: ((n * 31) % 100) as f64 / 10_000.0,
            range: Some((-0.01, 0.01)),
            p_gain: 0.45 + ((n * 13) % 100) as f64 / 1000.0,
            cost: 0.0026,
            was_bought: n % 10 == 0,
            was_held: false,
            net,
            money: 100.0 * net,
        };
        Judgement { judged, score: Some(((n * 37) % 199 - 99) as f64), gross: net + 0.0026 }
    };
    let all: Vec<Judgement> = (0..hours).map(judged).collect();
    let facts: Vec<Judged> = all.iter().map(|j| j.judged.clone()).collect();
    let counts = crate::report::Counts {
        horizon_h: 1,
        timeframe: Timeframe::H1,
        kind: "horizon",
        n_eff: hours as f64,
        waiting: 3,
        unresolvable: BTreeMap::from([("gap <b>".to_owned(), 2)]),
    };
    let horizon = LifeHorizon::of(&all, crate::report::HorizonScore::of(&facts, counts));
    let runs: Vec<RunFact> =
        (0..hours).map(|n| RunFact { at: hour(n).plus_ms(30_000), ended: Some("ok"), duration_ms: Some(20) }).collect();
    let mut told = LifeRuns::of(&runs, Timeframe::H1, Some(hour(0)), (hour(0), hour(hours)));
    told.agents = vec![AgentHealth::of("Price Collector".to_owned(), [9, 1, 0], Some(12.0))];
    let account = LifeAccount {
        asset: "USDT".to_owned(),
        start: money("1000"),
        end: money("990.5"),
        lowest: money("980"),
        highest: money("1010"),
        return_pct: Number::exact(-0.95),
        max_drawdown_pct: Number::exact(2.9),
        state: "normal",
        states: BTreeMap::from([("normal", 5), ("paused", 1)]),
        days: Vec::new(),
        events: vec![crate::report::DigestRiskEvent {
            at: hour(1),
            kind: "paused".to_owned(),
            reason: "<script>alert(1)</script>".to_owned(),
        }],
    };
    let document = LifeDocument {
        schema: "trader.report.v1",
        version: "1",
        since: None,
        until: None,
        first_run: Some(hour(0)),
        last_run: Some(hour(hours - 1)),
        as_of: hour(hours),
        contents: Some("live"),
        strategy: "classic".to_owned(),
        timeframe: "1h",
        pairs: vec!["BTC/USDT".parse().unwrap()],
        account: Some(account),
        trades: LifeTrades::of(vec![trade((0, 3), "4.5"), trade((4, 9), "-14.0")]),
        horizons: vec![horizon],
        signals: LifeSignals {
            decisions: 5,
            hold: 5,
            scores: Bucket::over(-100.0, 10.0, 20, [5.0, 6.0]),
            confidences: Bucket::over(50.0, 5.0, 10, [53.0]),
            ..LifeSignals::default()
        },
        runs: told,
    };
    let equity = (0..hours).map(|n| (hour(n), 1000.0 + (n % 20) as f64 - 10.0)).collect();
    let pairs = facts.iter().map(|j| (j.predicted, j.net)).collect();
    (document, equity, vec![pairs])
}

fn page_of(hours: i64) -> String {
    let (document, equity, judged) = life(hours);
    LifePage { document: &document, equity: &equity, judged: &judged }.html()
}

#[test]
fn every_part_is_there_and_every_picture_says_what_it_shows() {
    let page = page_of(240);
    for heading in ["Over time", "Predicted against actual", "Signals", "Trades", "Health", "Made from"] {
        assert!(page.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
    // Equity, drawdown; scatter, groups, reliability; scores, confidence; trades; runs.
    assert_eq!(page.matches("role=\"img\" aria-label=\"").count(), 9);
    assert!(!page.contains("aria-label=\"\""), "no picture is without words");
    assert_eq!(
        (page.matches("class=\"dot\"").count(), page.matches("class=\"told\"").count()),
        (240, 20),
        "forecasts and groups"
    );
    assert!(page.contains("href=\"#won\"") && page.contains("href=\"#lost\"") && page.contains("href=\"#in\""));
}

#[test]
fn what_comes_from_data_is_never_markup() {
    let page = page_of(240);
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"));
    assert!(!page.contains("gap <b>") && page.contains("gap &lt;b&gt;"));
}

#[test]
fn a_short_life_shows_no_figure_and_says_why() {
    let page = page_of(12);
    assert!(page.contains("Too early (n_eff 12 of 30) for: mean error"), "{page}");
    assert!(page.contains("Too early (n_eff 12 of 100) for: within the 10 to 90\u{202f}% range"));
    for drawn in ["Means of like forecasts", "Reliability of probabilities"] {
        assert!(!page.contains(&format!("<h3>{drawn}</h3>")), "{drawn}");
    }
}

#[test]
fn an_account_that_never_ran_has_a_page_too() {
    let (mut document, ..) = life(12);
    document.account = None;
    document.horizons.clear();
    document.trades = LifeTrades::of(Vec::new());
    document.signals = LifeSignals::default();
    document.runs = LifeRuns::default();
    (document.first_run, document.last_run, document.contents) = (None, None, None);
    document.pairs.clear();
    let page = LifePage { document: &document, equity: &[], judged: &[] }.html();
    for words in [
        "<h1>Nothing has run yet.</h1>",
        "Nothing was forecast yet.",
        "Nothing was decided.",
        "No trade was closed.",
        "No run.",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn a_halt_is_the_headline() {
    let (mut document, equity, judged) = life(24);
    if let Some(account) = &mut document.account {
        account.state = "halted";
        account.states = BTreeMap::from([("halted", 9), ("normal", 1)]);
    }
    let page = LifePage { document: &document, equity: &equity, judged: &judged }.html();
    assert!(page.contains("<h1>Halted.</h1>") && page.contains("after 90.0\u{202f}% of the runs"), "{page}");
}

#[test]
fn a_year_of_hours_is_well_below_a_megabyte() {
    let page = page_of(8760);
    assert!(page.len() < 400_000, "{}", page.len());
    assert!(page.contains("Runs by week"), "weeks, not days");
}
