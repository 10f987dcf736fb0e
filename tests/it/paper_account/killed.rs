//! Killed at its writes, by the kernel and without a chance to tidy up, a run is made up for by the next: the books are
//! those of a run that nobody disturbed.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use super::between::four_hourly;
use super::halts::nervous;
use super::live::{bold, books};
use super::{RUNS, after, assert_sound, small};
use crate::crash::first_difference;
use crate::exchange_server::{Exchange, HOUR};
use crate::world::{Run, World, fixtures};

/// How many worlds are disturbed at the same time.
const AT_ONCE: usize = 4;
/// So many of the last writes are all tried; the many before them are rows of candles.
const LAST: usize = 40;
/// And so many of the earlier ones.
const EARLIER: usize = 15;

/// The program under `strace`, with these options for it. Only the database is written in this way.
fn traced(world: &World, options: &[&str], arguments: &[&str]) -> Run {
    let mut command = world.dress(Command::new("strace"));
    command.args(["-f", "-qq", "-e", "trace=pwrite64"]);
    command.args(options).arg(env!("CARGO_BIN_EXE_trader")).args(arguments);
    Run::of(command)
}

/// The writes at which a run is killed, told from one that is counted; none where nothing can be traced.
fn points(world: &World, arguments: &[&str], code: i32) -> Option<Vec<usize>> {
    let probe = Command::new("strace").args(["-f", "-qq", "-o", "/dev/null", "true"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: no strace to kill the program at its writes with");
        return None;
    }
    let trace = world.path("trace");
    traced(world, &["-o", &trace.display().to_string()], arguments).expect(code);
    let trace = std::fs::read_to_string(trace).expect("the trace was written");
    let writes = trace.lines().filter(|line| line.contains("pwrite64(")).count();
    let last = writes.saturating_sub(LAST).max(1);
    Some((1..last).step_by((last / EARLIER).max(1)).chain(last..=writes).collect())
}

/// Kills a run at its n-th write, before anything of that write reaches the disk. True when it came so far.
fn kill_at(world: &World, n: usize, arguments: &[&str]) -> bool {
    let inject = format!("inject=pwrite64:signal=KILL:when={n}");
    traced(world, &["-o", "/dev/null", "-e", &inject], arguments).code == -1
}

/// Does the same at all points, several at once.
fn at_all(points: &[usize], disturb: impl Fn(usize) -> bool + Sync) {
    let killed = Mutex::new(0);
    let one_in = |first: usize| {
        for n in points.iter().skip(first).step_by(AT_ONCE) {
            *killed.lock().unwrap() += usize::from(disturb(*n));
        }
    };
    thread::scope(|scope| {
        (0..AT_ONCE).for_each(|first| drop(scope.spawn(move || one_in(first))));
    });
    let (killed, tried) = (killed.into_inner().unwrap(), points.len());
    assert!(killed * 10 >= tried * 9, "only {killed} of {tried} kills came in time");
}

/// Kills a command everywhere on copies of this world; said again, it has to leave the same facts as in peace.
fn disturb(before: &World, world: impl Fn() -> World + Sync, arguments: &[&str], code: i32) {
    let copy = || {
        let world = world();
        if before.db().exists() {
            world.take_db_of(before);
        }
        world
    };
    let calm = copy();
    let Some(points) = points(&calm, arguments, code) else { return };
    let expected = calm.dump_facts();
    at_all(&points, |n| {
        let world = copy();
        let was_killed = kill_at(&world, n, arguments);
        world.run(arguments).expect(code);
        let facts = world.dump_facts();
        assert!(facts == expected, "killed at write {n}: {}", first_difference(&expected, &facts));
        assert_sound(&world);
        was_killed
    });
}

/// The run of the recording with this number.
fn disturb_the_run(number: usize, world: impl Fn() -> World + Sync, code: i32) {
    let folder = fixtures().display().to_string();
    let before = after(world(), number);
    disturb(&before, world, &["cycle", "--replay", &folder, "--now", RUNS[number]], code);
}

#[test]
fn a_run_that_opens_the_account_and_orders_is_made_up_for() {
    disturb_the_run(0, small, 0);
}

#[test]
fn a_run_that_books_an_entry_is_made_up_for() {
    disturb_the_run(1, small, 0);
}

#[test]
fn a_run_that_books_a_stop_is_made_up_for() {
    disturb_the_run(2, small, 0);
}

#[test]
fn a_run_that_halts_the_account_and_orders_everything_to_be_sold_is_made_up_for() {
    disturb_the_run(2, nervous, 6);
}

#[test]
fn a_run_between_two_decisions_that_books_a_stop_is_made_up_for() {
    disturb_the_run(2, || four_hourly(small()), 0);
}

#[test]
fn a_run_between_two_decisions_that_halts_the_account_is_made_up_for() {
    disturb_the_run(2, || four_hourly(nervous()), 6);
}

#[test]
fn a_sale_that_was_asked_for_is_ordered_once() {
    disturb(&after(small(), 2), small, &["close", "all"], 0);
}

/// An order without a fill, as a run leaves it that was killed between the two.
const INTENTS: &str = "SELECT count(*) FROM orders WHERE order_id NOT IN (SELECT order_id FROM fills)";

/// How far the account was brought before the kill.
fn progress(world: &World) -> Option<String> {
    let has_account =
        world.db().exists() && world.value("SELECT count(*) FROM sqlite_schema WHERE name = 'orders'") == "1";
    has_account.then(|| world.query(&format!("SELECT ({INTENTS}), (SELECT count(*) FROM fills)")).concat().join(" "))
}

#[test]
fn an_order_at_the_book_is_filled_at_the_quote_it_was_placed_at_though_the_run_was_killed_in_between() {
    let exchange = Exchange::start();
    let calm = bold(&exchange);
    let Some(points) = points(&calm, &["cycle"], 0) else { return };
    let (expected, bought) = (calm.dump_facts(), books(&calm));
    assert_eq!((bought.len(), calm.value(INTENTS).as_str()), (1, "0"), "bought in the same run");
    let seen = Mutex::new(BTreeSet::new());
    let left = Mutex::new(None);
    at_all(&points, |n| {
        let world = bold(&exchange);
        let was_killed = kill_at(&world, n, &["cycle"]);
        let progress = progress(&world);
        if progress.as_deref() == Some("1 0") {
            let copy = bold(&exchange);
            copy.take_db_of(&world);
            copy_log(&world, &copy);
            left.lock().unwrap().replace(copy);
        }
        seen.lock().unwrap().extend(progress);
        world.run(&["cycle"]).expect(0);
        let facts = world.dump_facts();
        assert!(facts == expected, "killed at write {n}: {}", first_difference(&expected, &facts));
        assert_sound(&world);
        was_killed
    });
    assert_eq!(seen.into_inner().unwrap(), ["0 0", "0 1", "1 0"].map(str::to_owned).into(), "all of it was met");
    // The next run comes an hour later, and the market is another one.
    let late = left.into_inner().unwrap().expect("a world with an order that is not filled");
    exchange.advance(HOUR);
    late.run(&["cycle"]).expect(0);
    assert_eq!(books(&late), bought, "the quote is on record, so is what it would have cost");
    assert_sound(&late);
}

/// What a killed run left in the write-ahead log belongs to the database.
fn copy_log(from: &World, to: &World) {
    let log = from.path("trader.db-wal");
    if log.exists() {
        std::fs::copy(log, to.path("trader.db-wal")).expect("a file can be copied");
    }
}
