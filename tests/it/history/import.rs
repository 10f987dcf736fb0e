//! `trader import`: whatever a file is wrapped in, its good candles are taken once, its bad rows named, and a file that
//! cannot be trusted is left out as a whole.

use super::files::{checksum, edited, every_form, import, in_microseconds, put, rows, tally, text, zipped};
use super::{JUNE, NEW_YEAR, backfill, count, gap, gaps, hour, one_series, stretches};
use crate::exchange_server::{Exchange, HOUR, gzip, local_now};
use crate::world::World;

const DAY: i64 = 24 * HOUR;
/// More than the program holds in memory at a time.
const MANY: i64 = 9_999;

#[test]
fn the_same_candles_in_any_wrapping_give_the_same_rows() {
    let exchange = Exchange::start();
    let rows = rows(&exchange, NEW_YEAR, hour(743));
    let mut facts = Vec::new();
    for (name, bytes) in every_form(&rows) {
        let world = World::new();
        put(&world, name, bytes);
        let run = import(&world, &[name]).expect(0);
        assert_eq!(tally(&run), [744, 0, 0, 0, 0], "{name}: {run}");
        assert_eq!(run.json()["files"], 1, "{name}");
        let origin = world.query("SELECT source, origin, length(sha256) FROM ingests");
        assert_eq!(origin, [["archive", name, "64"]]);
        world.assert_intact();
        facts.push((name, world.dump_facts()));
    }
    for (name, dump) in &facts {
        assert!(*dump == facts[0].1, "{name} gives other rows than {}", facts[0].0);
    }
}

#[test]
fn importing_twice_changes_nothing() {
    let exchange = Exchange::start();
    let mut rows = rows(&exchange, NEW_YEAR, hour(MANY));
    rows.drain(5000..5010);
    let world = World::new();
    put(&world, "BTCUSDT-1h-a.csv", text(&rows));
    put(&world, "BTCUSDT-1h-b.zip", zipped(&[("b.csv", &text(&in_microseconds(&rows)))]));
    import(&world, &["BTCUSDT-1h-a.csv"]).expect(0);
    let before = world.dump_facts();
    for names in [&["BTCUSDT-1h-a.csv"][..], &["BTCUSDT-1h-b.zip"], &["BTCUSDT-1h-b.zip", "BTCUSDT-1h-a.csv"]] {
        let run = import(&world, names).expect(0);
        let unchanged = i64::try_from(rows.len() * names.len()).unwrap();
        assert_eq!(tally(&run), [0, 0, unchanged, 0, 0], "{names:?}: {run}");
        assert!(world.dump_facts() == before, "{names:?}");
    }
}

#[test]
fn imported_candles_are_not_asked_for() {
    let exchange = Exchange::start();
    let world = one_series(&exchange);
    put(&world, "BTCUSDT-1h-2024-01.csv", text(&rows(&exchange, hour(300), hour(899))));
    import(&world, &["BTCUSDT-1h-2024-01.csv"]).expect(0);
    backfill(&world, NEW_YEAR, hour(1199)).expect(0);
    assert_eq!(stretches(&exchange), [(NEW_YEAR, hour(299)), (hour(900), hour(1199))]);
    assert_eq!((count(&world), gaps(&world).len()), (1200, 0));
    let sources = world.query("SELECT source, count(*) FROM candles GROUP BY source ORDER BY source");
    assert_eq!(sources, [["archive", "600"], ["rest", "600"]]);
}

#[test]
fn a_gap_in_a_file_is_noted_and_a_backfill_asks_for_it() {
    let exchange = Exchange::start();
    let mut rows = rows(&exchange, NEW_YEAR, hour(MANY));
    // One in a chunk and one over the seam of two chunks.
    rows.drain(4090..4100);
    rows.remove(100);
    let world = one_series(&exchange);
    put(&world, "BTCUSDT-1h-2024.csv", text(&rows));
    import(&world, &["BTCUSDT-1h-2024.csv"]).expect(0).says("gap");
    assert_eq!(gaps(&world), [gap(hour(100), hour(100), "open", 0), gap(hour(4090), hour(4099), "open", 0)]);
    exchange.set_clock(local_now() + 2 * HOUR);
    backfill(&world, NEW_YEAR, hour(MANY)).expect(0);
    assert_eq!(stretches(&exchange), [(hour(100), hour(100)), (hour(4090), hour(4099))]);
    assert_eq!(count(&world), MANY + 1);
    assert_eq!(world.query("SELECT DISTINCT state FROM data_gaps"), [["repaired"]]);
}

#[test]
fn a_file_that_fills_a_gap_repairs_it() {
    let exchange = Exchange::start();
    let rows = rows(&exchange, NEW_YEAR, hour(99));
    let world = World::new();
    put(&world, "BTCUSDT-1h-holed.csv", text(&[&rows[..40], &rows[50..]].concat()));
    put(&world, "BTCUSDT-1h-whole.csv", text(&rows));
    import(&world, &["BTCUSDT-1h-holed.csv"]).expect(0).says("gap");
    let run = import(&world, &["BTCUSDT-1h-whole.csv"]).expect(0);
    assert_eq!(tally(&run), [10, 0, 90, 0, 0]);
    assert_eq!(gaps(&world), [gap(hour(40), hour(49), "repaired", 0)]);
}

/// What makes the fiftieth row bad, and the words for it.
const BAD: [(usize, &str, &str); 8] = [
    (0, "1704247200001", "opens off the grid"),
    (1, "NaN", "Open is"),
    (2, "1.0", "lies below"),
    (3, "0", "Low is zero"),
    (4, "-5", "Close is"),
    (5, "1e400", "Volume is"),
    (6, "1704300000000", "outside its length"),
    (8, "many", "wrong kind"),
];

#[test]
fn a_bad_row_is_counted_and_named_and_the_good_ones_are_kept() {
    let good = rows(&Exchange::start(), NEW_YEAR, hour(99));
    for (column, value, words) in BAD {
        let mut rows = good.clone();
        rows[50] = edited(&rows[50], column, value);
        let world = World::new();
        put(&world, "BTCUSDT-1h-2024-01.csv", text(&rows));
        let run = import(&world, &["BTCUSDT-1h-2024-01.csv"]).expect(3).says("bad_rows");
        assert_eq!(tally(&run), [99, 0, 0, 0, 1], "{words}: {run}");
        let told = run.json()["errors"][0]["text"].as_str().unwrap().to_owned();
        assert!(told.contains("row 51") && told.contains(words), "{words}: {told}");
        assert_eq!(gaps(&world), [gap(hour(50), hour(50), "open", 0)], "{words}");
        world.assert_intact();
    }
}

#[test]
fn rows_twice_or_out_of_order_are_left_out() {
    let good = rows(&Exchange::start(), NEW_YEAR, hour(MANY));
    let (twice, late) = (good[4096].clone(), good[10].clone());
    let mut rows = good;
    rows.insert(4097, twice);
    rows.push(late);
    let world = World::new();
    put(&world, "BTCUSDT-1h-2024.csv", text(&rows));
    let run = import(&world, &["BTCUSDT-1h-2024.csv"]).expect(3).says("bad_rows");
    assert_eq!(tally(&run), [MANY + 1, 0, 0, 0, 2], "{run}");
    assert!(gaps(&world).is_empty());
}

#[test]
fn a_checksum_beside_a_file_is_held_against_it() {
    let text = text(&rows(&Exchange::start(), NEW_YEAR, hour(9)));
    let name = "BTCUSDT-1h-2024-01.csv";
    let right = checksum(text.as_bytes(), name);
    let wrong = checksum(b"something else", name);
    for (promise, exit, added) in [
        (Some(right.clone()), 0, 10),
        (Some(right.to_uppercase()), 0, 10),
        (Some(right.split(' ').next().unwrap_or_default().to_owned()), 0, 10),
        (None, 0, 10),
        (Some(wrong), 4, 0),
        (Some("no checksum at all".to_owned()), 4, 0),
    ] {
        let world = World::new();
        put(&world, name, &text);
        if let Some(promise) = &promise {
            put(&world, &format!("{name}.CHECKSUM"), promise);
        }
        let run = import(&world, &[name]).expect(exit);
        assert_eq!(tally(&run), [added, 0, 0, 0, 0], "{promise:?}: {run}");
        let told = run.stdout.contains("SHA-256") && run.stdout.contains(name);
        assert_eq!(told, exit != 0, "{promise:?}: {run}");
    }
}

/// Files that cannot be imported, and a word that tells why.
fn unusable(rows: &[String]) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let text = text(rows);
    let half = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    let two = zipped(&[("a.csv", &text), ("b.csv", &text)]);
    vec![
        ("prices.csv", text.clone().into(), "does not tell pair and timeframe"),
        ("BTCUSDT.csv", text.clone().into(), "does not tell pair and timeframe"),
        ("BTCUSDT-2h-2024-01.csv", text.clone().into(), "does not tell pair and timeframe"),
        ("BTCUSDT-1h-2024-01.tar", text.clone().into(), "does not tell pair and timeframe"),
        ("BTCUSDT-1h-two.zip", two, "holds 2 files"),
        ("BTCUSDT-1h-none.zip", zipped(&[]), "holds 0 files"),
        ("BTCUSDT-1h-broken.zip", half(zipped(&[("a.csv", &text)])), "BTCUSDT-1h-broken.zip"),
        ("BTCUSDT-1h-no.zip", text.clone().into(), "BTCUSDT-1h-no.zip"),
        ("BTCUSDT-1h-broken.csv.gz", half(gzip(text.as_bytes())), "BTCUSDT-1h-broken.csv.gz"),
        ("BTCUSDT-1h-no.csv.gz", text.into(), "BTCUSDT-1h-no.csv.gz"),
    ]
}

#[test]
fn a_file_that_cannot_be_read_leaves_nothing_and_the_others_are_imported() {
    let exchange = Exchange::start();
    let many = rows(&exchange, NEW_YEAR, hour(MANY));
    let good = text(&rows(&exchange, hour(-20), hour(-11)));
    for (name, bytes, why) in unusable(&many) {
        let world = World::new();
        put(&world, "BTCUSDT-1h-good.csv", &good);
        put(&world, name, bytes);
        let run = import(&world, &[name]).expect(4).says("file");
        assert_eq!((tally(&run), count(&world)), ([0; 5], 0), "{name}: nothing of it is kept");
        for names in [[name, "BTCUSDT-1h-good.csv"], ["BTCUSDT-1h-good.csv", name]] {
            let run = import(&world, &names).expect(3).says("file");
            let told = run.json()["errors"][0]["text"].as_str().unwrap().to_owned();
            assert!(told.contains(name) && told.contains(why), "{name}: {told}");
        }
        assert_eq!(count(&world), 10, "{name}");
        assert_eq!(world.value("SELECT count(*) FROM ingests WHERE origin <> 'BTCUSDT-1h-good.csv'"), "0");
        world.assert_intact();
    }
}

/// What is kept of the candle that was told twice: was it current, and how is it told.
fn revisions(world: &World) -> Vec<Vec<String>> {
    world.query("SELECT open_time, was_current, close FROM price_revisions")
}

fn close_at(world: &World, at: i64) -> String {
    world.value(&format!("SELECT close FROM price_data WHERE open_time = {at}"))
}

#[test]
fn an_archive_candle_does_not_overrule_the_exchange_and_is_kept_beside_it() {
    let exchange = Exchange::start();
    let world = one_series(&exchange);
    backfill(&world, NEW_YEAR, hour(99)).expect(0);
    let (before, told) = (world.dump_facts(), close_at(&world, hour(50)));
    exchange.revise("BTCUSDT", "1h", hour(50));
    put(&world, "BTCUSDT-1h-2024-01.csv", text(&rows(&exchange, NEW_YEAR, hour(99))));
    for again in [false, true] {
        let run = import(&world, &["BTCUSDT-1h-2024-01.csv"]).expect(0).says("not_believed");
        assert_eq!(tally(&run), [0, 0, 99, 1, 0], "again: {again}: {run}");
        assert_eq!(close_at(&world, hour(50)), told);
        let kept = revisions(&world);
        assert_eq!(kept.len(), 1, "kept once: {kept:?}");
        assert_eq!(kept[0][..2], [hour(50).to_string(), "0".to_owned()]);
        assert_ne!(kept[0][2], told);
    }
    assert_eq!(before.lines().count() + 1, world.dump_facts().lines().count(), "nothing else was written");
}

#[test]
fn the_exchange_overrules_an_archive_candle_which_is_kept() {
    let exchange = Exchange::start();
    exchange.set_clock(JUNE);
    let newest = JUNE - 30_000 - 2 * HOUR;
    let world = one_series(&exchange);
    put(&world, "BTCUSDT-1h-2024.csv", text(&rows(&exchange, newest - 500 * HOUR, newest)));
    import(&world, &["BTCUSDT-1h-2024.csv"]).expect(0);
    let told = close_at(&world, newest);
    exchange.revise("BTCUSDT", "1h", newest);
    let run = world.run(&["cycle"]).expect(0).says("candle_revised");
    assert_eq!(run.json()["collected"]["candles_revised"], 1);
    assert_ne!(close_at(&world, newest), told);
    assert_eq!(revisions(&world), [[newest.to_string(), "1".to_owned(), told]]);
    let run = import(&world, &["BTCUSDT-1h-2024.csv"]).expect(0);
    assert_eq!(tally(&run)[3], 1, "and the archive is not believed again: {run}");
}

#[test]
fn a_newer_archive_file_overrules_an_older_one() {
    let exchange = Exchange::start();
    let world = one_series(&exchange);
    put(&world, "BTCUSDT-1h-old.csv", text(&rows(&exchange, NEW_YEAR, hour(99))));
    exchange.revise("BTCUSDT", "1h", hour(7));
    put(&world, "BTCUSDT-1h-new.csv", text(&rows(&exchange, NEW_YEAR, hour(99))));
    import(&world, &["BTCUSDT-1h-old.csv"]).expect(0);
    let told = close_at(&world, hour(7));
    let run = import(&world, &["BTCUSDT-1h-new.csv"]).expect(0).says("candle_revised");
    assert_eq!(tally(&run), [0, 1, 99, 0, 0], "{run}");
    assert_eq!(revisions(&world), [[hour(7).to_string(), "1".to_owned(), told]]);
}

#[test]
fn a_candle_that_is_still_forming_is_not_imported() {
    let today = local_now().div_euclid(DAY) * DAY;
    let row = |open: i64| format!("{open},1.5,2.5,0.5,1.0,9.0,{},9.0,3,4.0,4.0,0", open + DAY - 1);
    let days: Vec<_> = [-3, -2, -1, 0, 1, 400].map(|day| row(today + day * DAY)).to_vec();
    let world = World::new();
    put(&world, "BTCUSDT-1d-now.csv", text(&days));
    let run = import(&world, &["BTCUSDT-1d-now.csv"]).expect(0);
    assert_eq!(tally(&run), [3, 0, 0, 0, 0], "neither kept nor bad: {run}");
    assert_eq!(world.value("SELECT max(open_time) FROM price_data"), (today - DAY).to_string());
    assert!(gaps(&world).is_empty());
}

#[test]
fn live_and_recorded_data_are_never_mixed() {
    let exchange = Exchange::start();
    let file = text(&rows(&exchange, NEW_YEAR, hour(9)));
    let (live, replay) = (one_series(&exchange), one_series(&exchange));
    for world in [&live, &replay] {
        put(world, "BTCUSDT-1h-2024-01.csv", &file);
    }
    import(&live, &["BTCUSDT-1h-2024-01.csv"]).expect(0);
    replay.replay().expect(0);
    let from = hour(0).to_string();
    let commands: [&[&str]; 3] = [&["import", "BTCUSDT-1h-2024-01.csv"], &["backfill", "--from", &from], &["cycle"]];
    let refused = commands.map(|command| (&replay, replay.run(command), "replay", "live"));
    let refused = refused.into_iter().chain([(&live, live.replay(), "live", "replay")]);
    for (world, run, holds, wants) in refused {
        let run = run.expect(7).says("database_mixed");
        let error = &run.json()["errors"][0];
        let told = error["text"].as_str().unwrap_or_default();
        let words = format!("holds {holds} data, and this command would write {wants} data");
        assert!(told.contains(&words) && told.contains("trader.db"), "{run}");
        assert!(error["remedy"].as_str().is_some_and(|remedy| remedy.contains("--db")), "{run}");
        let sources = if holds == "live" { "archive" } else { "replay" };
        assert_eq!(world.query("SELECT DISTINCT source FROM candles"), [[sources]]);
    }
    assert!(exchange.seen().is_empty(), "nothing is asked for a database that is not ours to fill");
}

#[test]
fn a_file_that_is_not_there_is_a_slip_of_the_pen_and_nothing_is_imported() {
    let exchange = Exchange::start();
    let world = World::new();
    put(&world, "BTCUSDT-1h-2024-01.csv", text(&rows(&exchange, NEW_YEAR, hour(9))));
    for names in [&["BTCUSDT-1h-2024-02.csv"][..], &["BTCUSDT-1h-2024-01.csv", "BTCUSDT-1h-2024-02.csv"]] {
        let run = import(&world, names).expect(2);
        assert!(run.stdout.is_empty() && run.stderr.contains("2024-02.csv"), "{run}");
        assert!(!world.db().exists(), "nothing was touched");
    }
}
