//! Whatever the exchange sends, a cycle ends in time, with the right exit code and a named cause,
//! and leaves an intact database. Each kind of bad input comes once for everybody and, where that
//! makes sense, once for one pair, whose trouble must not reach the other pair.

mod cases;

use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use cases::{Case, Outcome};

use crate::exchange_server::Exchange;
use crate::world::{DEADLINE, Run, SHORT_DEADLINE, World};

/// Cases wait more than they work, so more of them run at once than there are processors.
const AT_ONCE: usize = 6;
/// The end of a run may come so much later than the deadline inside it.
const GRACE: Duration = Duration::from_secs(1);

/// Who meets the bad input.
#[derive(Clone, Copy, PartialEq)]
enum Scope {
    Everybody,
    OnePair,
}

fn judge(case: &Case, scope: Scope) -> Result<(), String> {
    let exchange = Exchange::start();
    let who = if scope == Scope::OnePair { "symbol=ETHUSDT" } else { "" };
    (case.spoil)(&exchange, who);
    let world = World::facing(&exchange);
    let world = if case.silent { world.impatient() } else { world };
    let run = world.run(&["cycle"]);
    let verdict = verdict(case, scope, &run);
    let followed = exchange.asked("elsewhere").is_empty();
    verdict
        .and_then(|()| world.intact())
        .and_then(|()| followed.then_some(()).ok_or("the redirect was followed".into()))
        .map_err(|why| format!("{}, {}: {why}\n{run}", case.name, describe(scope)))
}

fn describe(scope: Scope) -> &'static str {
    match scope {
        Scope::Everybody => "for everybody",
        Scope::OnePair => "for one pair",
    }
}

/// The exit codes allowed, and whether each pair must be decided, where that is certain.
type Expected = (&'static [i32], Option<bool>, Option<bool>);

fn expected(outcome: Outcome, scope: Scope) -> Expected {
    let (yes, no) = (Some(true), Some(false));
    match (outcome, scope) {
        (Outcome::Lost, Scope::Everybody) => (&[4], no, no),
        (Outcome::Lost | Outcome::Blocked, Scope::OnePair) => (&[3], yes, no),
        (Outcome::Blocked, Scope::Everybody) => (&[3], no, no),
        (Outcome::Either, Scope::Everybody) => (&[0, 3, 4], None, None),
        (Outcome::Either, Scope::OnePair) => (&[0, 3], yes, None),
        (Outcome::Decided, _) => (&[0, 3], yes, yes),
    }
}

fn verdict(case: &Case, scope: Scope, run: &Run) -> Result<(), String> {
    let (exits, btc, eth) = expected(case.outcome, scope);
    rule(exits.contains(&run.code), || format!("the exit code should be one of {exits:?}"))?;
    let deadline = if case.silent { SHORT_DEADLINE } else { DEADLINE };
    rule(run.elapsed < deadline + GRACE, || "it took too long".into())?;
    rule(run.json()["exit_code"] == run.code, || "the summary names another exit code".into())?;
    let named = case.codes.iter().any(|code| run.codes().contains(*code));
    rule(named, || format!("one of the codes {:?} should be there", case.codes))?;
    for (symbol, decided) in [("BTC/USDT", btc), ("ETH/USDT", eth)] {
        let holds = decided.is_none_or(|decided| run.decided(symbol) == decided);
        rule(holds, || format!("{symbol} decided should be {decided:?}"))?;
    }
    Ok(())
}

fn rule(holds: bool, otherwise: impl Fn() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// Judges every case in each scope, several at once, and reports all that fail.
fn judge_all(cases: &[Case]) {
    let scoped = cases.iter().flat_map(|case| {
        let one = case.one_pair_too.then_some((case, Scope::OnePair));
        [(case, Scope::Everybody)].into_iter().chain(one)
    });
    let queue = Mutex::new(scoped.collect::<VecDeque<_>>());
    let next = || queue.lock().expect("no judge panics while it takes a case").pop_front();
    let work = || {
        let mut failures = Vec::new();
        while let Some((case, scope)) = next() {
            failures.extend(judge(case, scope).err());
        }
        failures
    };
    let failures: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no judge panics")).collect()
    });
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn an_exchange_that_refuses_is_named_and_left_in_time() {
    judge_all(&cases::refusals());
}

#[test]
fn a_broken_connection_is_named_and_left_in_time() {
    judge_all(&cases::broken_transport());
}

#[test]
fn a_broken_document_is_named_and_nothing_of_it_is_stored() {
    judge_all(&cases::broken_documents());
}

#[test]
fn a_bad_row_is_counted_named_and_left_out() {
    judge_all(&cases::bad_rows());
}

#[test]
fn rows_of_another_shape_are_refused_as_a_whole() {
    judge_all(&cases::bad_columns_everywhere());
}

#[test]
fn a_market_that_is_not_there_blocks_its_own_pair_only() {
    judge_all(&cases::bad_markets());
}
