//! The page of a report: what it says, where it may be written, and how a browser lays it out.

use std::fs;

use serde_json::Value;

use super::life::recorded;
use super::lived;
use crate::backtest::page::{browser, measured};
use crate::world::World;

fn page(world: &World) -> (Value, String) {
    let run = world.run(&["report", "--format", "json", "--html", "page.html"]).expect(0);
    (run.json(), fs::read_to_string(world.path("page.html")).unwrap())
}

#[test]
fn the_page_tells_what_the_document_tells() {
    let (document, page) = page(&lived());
    let end: f64 = document["account"]["end"].as_str().unwrap().parse().unwrap();
    assert!(page.contains(&format!("<h1>1,000.00 USDT became {end:.2}.</h1>")), "{page}");
    for (words, of) in [
        ("BTC/USDT", "a pair"),
        ("Price Collector", "a part of the runs"),
        ("Too early (n_eff", "what is not told"),
        ("1 trade was closed, 0 of them won", "the trade"),
        ("All 5 runs came.", "the runs"),
    ] {
        assert!(page.contains(words), "{of}");
    }
    // Equity and drawdown; a cloud of each horizon; scores and confidence; the trade; the runs.
    assert_eq!(page.matches("role=\"img\" aria-label=\"").count(), 2 + 2 + 2 + 1 + 1);
}

#[test]
fn the_same_rows_give_the_same_page() {
    let world = lived();
    let (_, first) = page(&world);
    let (_, again) = page(&world);
    assert!(first == again);
}

#[test]
fn a_page_loads_nothing_runs_nothing_and_changes_nothing() {
    let world = lived();
    world.query("PRAGMA wal_checkpoint(TRUNCATE)");
    let before = world.db_bytes();
    let (_, page) = page(&world);
    for outside in ["http:", "https:", "<script", "<link", "<img", "url(", "@import", "src=", "onload"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'") && world.db_bytes() == before);
    for file in ["trader.db", "trader.db-wal", "trader.db.lock", "nowhere/page.html", "."] {
        let run = world.run(&["report", "--html", file]).expect(2);
        assert!(run.stderr.contains(file) && run.stderr.contains("the page") && run.stdout.is_empty(), "{file}: {run}");
    }
    assert!(world.db_bytes() == before);
}

#[test]
fn nothing_is_wider_than_a_phone_or_a_desk_and_dark_is_dark() {
    let Some(browser) = browser() else { return };
    let once = World::new();
    once.replay().expect(0);
    for world in [once, lived()] {
        let (_, page) = page(&world);
        for (width, scheme, paper) in
            [(390, 1, "rgb(252, 251, 248)"), (1280, 1, "rgb(252, 251, 248)"), (390, 0, "rgb(23, 24, 27)")]
        {
            assert_eq!(measured(browser, &world, &page, width, scheme), [&width.to_string(), "", paper], "{width}");
        }
    }
}

#[test]
fn a_mail_fits_a_phone_and_leaves_the_paper_to_who_shows_it() {
    let Some(browser) = browser() else { return };
    let recorded = recorded().map(|world| (world, vec!["--date", "2024-03-03"]));
    for (world, day) in [(lived(), vec![])].into_iter().chain(recorded) {
        let mail = world.run(&[&["digest", "--format", "html"], &day[..]].concat()).expect(0).stdout;
        // The harness looks into `main`, which a mail has not.
        let page = mail.replace("<table role", "<main><table role").replace("</body>", "</main></body>");
        for width in [390, 640] {
            let told = measured(browser, &world, &page, width, 1);
            assert_eq!(told, [&width.to_string(), "", "rgba(0, 0, 0, 0)"], "{day:?} {width}");
        }
    }
}
