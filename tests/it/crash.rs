//! A cycle may be killed at any moment, and two may start at once: the next run repairs and goes
//! on, and the database holds the same facts as one that was never disturbed.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::exchange_server::{Exchange, HOUR};
use crate::world::{Run, World, fixtures};

/// How many moments of one cycle are tried.
const MOMENTS: u32 = 32;
/// How many worlds are disturbed at the same time.
const AT_ONCE: u32 = 4;

/// The facts of a database whose cycle ran in peace, and how long that took.
fn undisturbed() -> (String, Duration) {
    let world = World::new();
    let run = world.replay().expect(0);
    world.assert_intact();
    (world.dump_facts(), run.elapsed)
}

/// Starts a cycle and kills it after `wait`. True when it was still alive then.
fn kill_after(world: &World, arguments: &[&str], wait: Duration) -> bool {
    let mut child = world.command(arguments).spawn().expect("the program starts");
    thread::sleep(wait);
    child.kill().expect("a child of ours can be killed");
    let output = child.wait_with_output().expect("a child of ours can be waited for");
    output.status.signal() == Some(9)
}

fn replay_arguments(directory: &str) -> [&str; 3] {
    ["cycle", "--replay", directory]
}

/// Asserts that the world recovers from whatever was done to it.
#[track_caller]
fn assert_recovers(world: &World, expected: &str, what: &str) {
    let run = world.replay();
    assert_eq!(run.code, 0, "{what}: {run}");
    world.intact().unwrap_or_else(|why| panic!("{what}: {why}"));
    let facts = world.dump_facts();
    assert!(facts == expected, "{what}: {}", first_difference(expected, &facts));
}

/// The first line in which two dumps differ; the dumps themselves are too long to print.
pub(crate) fn first_difference(expected: &str, found: &str) -> String {
    let mut lines = expected.lines().zip(found.lines()).enumerate();
    let differing = lines.find(|(_, (expected, found))| expected != found);
    differing.map_or_else(
        || format!("{} lines expected, {} found", expected.lines().count(), found.lines().count()),
        |(n, (expected, found))| format!("line {n}: expected {expected:?}, found {found:?}"),
    )
}

#[test]
fn a_cycle_killed_at_any_moment_is_repaired_by_the_next() {
    let directory = fixtures().display().to_string();
    let (expected, length) = undisturbed();
    let alive = AtomicUsize::new(0);
    let one_in = |first: u32| {
        for moment in (first..MOMENTS).step_by(AT_ONCE as usize) {
            let world = World::new();
            let wait = length * moment / MOMENTS;
            if kill_after(&world, &replay_arguments(&directory), wait) {
                alive.fetch_add(1, Ordering::SeqCst);
            }
            assert_recovers(&world, &expected, &format!("killed after {wait:?} of {length:?}"));
        }
    };
    thread::scope(|scope| {
        (0..AT_ONCE).for_each(|first| drop(scope.spawn(move || one_in(first))));
    });
    let alive = alive.into_inner();
    // The length was taken alone and the kills come in a crowd, or the other way round.
    assert!(alive >= MOMENTS as usize / 4, "only {alive} of {MOMENTS} kills came in time");
}

#[test]
fn a_cycle_killed_again_and_again_gets_there_in_the_end() {
    let directory = fixtures().display().to_string();
    let (expected, length) = undisturbed();
    let world = World::new();
    // Each attempt lives a little longer than the one before, until one comes through.
    let waits = (0..=2 * MOMENTS).map(|moment| length * moment / MOMENTS);
    let killed = waits.take_while(|wait| kill_after(&world, &replay_arguments(&directory), *wait)).count();
    assert!(killed >= 3, "only {killed} kills came in time");
    assert_recovers(&world, &expected, "killed many times");
}

/// A small cycle under `strace`, with these options for it.
fn traced(world: &World, options: &[&str]) -> Run {
    let mut command = world.dress(Command::new("strace"));
    command.args(["-f", "-qq", "-e", "trace=write,pwrite64"]);
    command.args(options).arg(env!("CARGO_BIN_EXE_trader"));
    command.args(["cycle", "--replay"]).arg(fixtures());
    Run::of(command)
}

fn small_world() -> World {
    World::new().with("TRADER_PAIRS", "BTC/USDT,ETH/USDT").with("TRADER_TIMEFRAMES", "1h")
}

/// How many writes a small cycle makes; `None` when it cannot be traced here.
fn count_writes() -> Option<usize> {
    let probe = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    probe.ok().filter(|output| output.status.success())?;
    let world = small_world();
    let trace = world.path("trace");
    traced(&world, &["-o", &trace.display().to_string()]).expect(0);
    let trace = std::fs::read_to_string(trace).expect("the trace was written");
    Some(trace.lines().filter(|line| line.contains("write")).count())
}

/// Kills a cycle at its n-th write, before anything of that write reaches the disk. True when it
/// came so far.
fn kill_at_write(world: &World, n: usize) -> bool {
    let inject = format!("inject=write,pwrite64:signal=KILL:when={n}");
    traced(world, &["-o", "/dev/null", "-e", &inject]).code == -1
}

#[test]
fn a_cycle_killed_at_any_write_is_repaired_by_the_next() {
    let Some(writes) = count_writes() else {
        eprintln!("SKIPPED: no strace to kill the program at its writes with");
        return;
    };
    let calm = small_world();
    calm.replay().expect(0);
    let expected = calm.dump_facts();
    // The last writes are the decisions: every one of them. The many before are rows of candles.
    let (last, stride) = (writes.saturating_sub(20), (writes / 20).max(1));
    let points: Vec<_> = (1..last).step_by(stride).chain(last.max(1)..=writes).collect();
    let killed = AtomicUsize::new(0);
    let one_in = |first: usize| {
        for n in points.iter().skip(first).step_by(AT_ONCE as usize) {
            let world = small_world();
            killed.fetch_add(usize::from(kill_at_write(&world, *n)), Ordering::SeqCst);
            assert_recovers(&world, &expected, &format!("killed at write {n} of {writes}"));
        }
    };
    thread::scope(|scope| {
        (0..AT_ONCE as usize).for_each(|first| drop(scope.spawn(move || one_in(first))));
    });
    let (killed, tried) = (killed.into_inner(), points.len());
    assert!(killed * 10 >= tried * 9, "only {killed} of {tried} kills came in time");
}

#[test]
fn a_live_cycle_killed_while_answers_come_in_is_repaired_by_the_next() {
    let exchange = Exchange::start();
    exchange.set_delay(Duration::from_millis(50));
    let calm = World::facing(&exchange);
    let length = calm.run(&["cycle"]).expect(0).elapsed;
    exchange.advance(HOUR);
    calm.run(&["cycle"]).expect(0);
    for moment in 0..8 {
        exchange.advance(-HOUR);
        let world = World::facing(&exchange);
        world.run(&["cycle"]).expect(0);
        exchange.advance(HOUR);
        kill_after(&world, &["cycle"], length * moment / 8);
        let run = world.run(&["cycle"]);
        assert_eq!(run.code, 0, "{run}");
        world.assert_intact();
        let (expected, found) = (calm.dump_facts(), world.dump_facts());
        assert!(expected == found, "moment {moment}: {}", first_difference(&expected, &found));
    }
}

#[test]
fn of_two_cycles_at_once_one_is_busy_or_both_agree() {
    let exchange = Exchange::start();
    exchange.set_delay(Duration::from_millis(100));
    let calm = World::facing(&exchange);
    calm.run(&["cycle"]).expect(0);
    let world = World::facing(&exchange);
    let start = Instant::now();
    let children = [(); 2].map(|()| world.command(&["cycle"]).spawn().expect("the program starts"));
    let runs = children.map(|child| {
        let output = child.wait_with_output().expect("a child of ours can be waited for");
        Run::new(&output, start.elapsed())
    });
    let mut codes = runs.each_ref().map(|run| run.code);
    codes.sort_unstable();
    assert!(codes == [0, 5] || codes == [0, 0], "{}\n{}", runs[0], runs[1]);
    world.assert_intact();
    assert_eq!(calm.dump_facts(), world.dump_facts());
}

#[test]
fn a_held_lock_means_busy_and_nothing_is_touched() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange);
    let lock = File::create(world.lock()).expect("the lock file can be made");
    lock.try_lock().expect("nobody else holds the lock");
    let run = world.run(&["cycle"]).expect(5);
    assert_eq!(run.json()["status"], "busy");
    assert_eq!(run.json()["exit_code"], 5);
    assert!(exchange.seen().is_empty(), "a busy run asks nothing");
    assert!(!world.db().exists(), "a busy run makes no database");
    drop(lock);

    once_free(&world).expect(0);
    let before = world.db_bytes();
    let lock = File::open(world.lock()).expect("the lock file stays");
    lock.try_lock().expect("a finished run lets go of the lock");
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(5);
    assert!(before == world.db_bytes(), "a busy run changes nothing");
    drop(lock);
    once_free(&world).expect(0);
}

/// A cycle after this process let go of the lock. A program that another test is just starting holds a copy of every
/// open file until it is under way, so the lock may be free a moment later only.
fn once_free(world: &World) -> Run {
    let mut run = world.run(&["cycle"]);
    for _ in 0..100 {
        if run.code != 5 {
            break;
        }
        thread::sleep(Duration::from_millis(20));
        run = world.run(&["cycle"]);
    }
    run
}
