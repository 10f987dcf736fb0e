//! Work on all cores whose results come in order: the same on one core and on many.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Things that one worker takes at a time: those that lie side by side share what they are made from.
const CHUNK: usize = 8;

/// A chunk's place, and what was made of its things.
type Made<T, E> = (usize, Vec<Result<T, E>>);

/// Makes something of each thing on so many threads, and gives it away in the order of the things; ends with the first error
/// of making or taking.
pub(super) fn in_order<A: Sync, T: Send, E: Send>(
    things: &[A],
    jobs: usize,
    make: impl Fn(&A) -> Result<T, E> + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let jobs = jobs.min(things.len().div_ceil(CHUNK)).max(1);
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(4 * jobs);
        for _ in 0..jobs {
            let sender = sender.clone();
            let (next, is_over, make) = (&next, &is_over, &make);
            // The last worker that goes takes the last sender with it: then nothing more will come.
            scope.spawn(move || work(things, next, is_over, make, &sender));
        }
        drop(sender);
        let result = hand_over(&receiver, &mut take);
        // Whoever is about to send finds nobody, and those that are at work see that it is over.
        is_over.store(true, Ordering::Relaxed);
        drop(receiver);
        result
    })
}

fn work<A, T, E>(
    things: &[A],
    next: &AtomicUsize,
    is_over: &AtomicBool,
    make: &impl Fn(&A) -> Result<T, E>,
    sender: &SyncSender<Made<T, E>>,
) {
    while !is_over.load(Ordering::Relaxed) {
        let place = next.fetch_add(1, Ordering::Relaxed);
        let Some(chunk) = things.chunks(CHUNK).nth(place) else { return };
        if sender.send((place, chunk.iter().map(make).collect())).is_err() {
            return;
        }
    }
}

/// Chunks that come early wait for those before them.
fn hand_over<T, E>(receiver: &Receiver<Made<T, E>>, take: &mut impl FnMut(T) -> Result<(), E>) -> Result<(), E> {
    let (mut early, mut due) = (BTreeMap::new(), 0);
    for (place, made) in receiver {
        early.insert(place, made);
        while let Some(made) = early.remove(&due) {
            made.into_iter().try_for_each(|thing| take(thing?))?;
            due += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_on_any_number_of_threads() {
        let things: Vec<u64> = (0..1000).collect();
        for jobs in [0, 1, 2, 7, 1_000_000] {
            let mut taken = Vec::new();
            let slow = |n: &u64| {
                // Later things are often made sooner.
                thread::sleep(std::time::Duration::from_micros((1000 - n) % 17));
                Ok::<u64, ()>(n * 2)
            };
            in_order(&things, jobs, slow, |n| {
                taken.push(n);
                Ok(())
            })
            .unwrap();
            assert!(taken.iter().copied().eq((0..1000).map(|n| n * 2)), "{jobs} threads");
        }
    }

    #[test]
    fn the_first_error_in_order_ends_it() {
        let things: Vec<usize> = (0..500).collect();
        let made = |n: &usize| if *n == 101 || *n == 300 { Err(*n) } else { Ok(*n) };
        let mut taken = 0;
        let result = in_order(&things, 3, made, |_| {
            taken += 1;
            Ok(())
        });
        assert_eq!((result, taken), (Err(101), 101));
        assert_eq!(in_order(&things, 3, made, Err), Err(0), "or one of taking");
    }
}
