//! What a run of the program costs.
//!
//! CPU time is what the kernel counted for the process, user and system together, from its start to the end of its
//! tear-down: read from `/proc/PID/schedstat` (nanoseconds) after it has ended and before it is reaped. That file
//! speaks of the first thread; where the whole process used more than a clock tick beyond it (`/proc/PID/stat`,
//! 10 ms a tick), the ticks are taken. Nothing else runs inside the measured process: no shell, no wrapper.

use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The length of a tick in `/proc/PID/stat` (`USER_HZ`, 100 on every Linux architecture in use).
const TICK: Duration = Duration::from_millis(10);

/// What one run cost.
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
}

/// Runs a program to its end; it must succeed.
pub(crate) fn cost(mut command: Command) -> Cost {
    let began = Instant::now();
    let mut child = spawn(&mut command);
    let said = read_all(&mut child);
    let stat = wait_until_ended(child.id());
    let wall = began.elapsed();
    let cpu = cpu_time(child.id(), &stat);
    reap(child, &said);
    Cost { wall, cpu }
}

/// The most memory a run held (`VmHWM`, looked at every half millisecond), in KiB, and how many threads it had.
pub(crate) fn peak_memory(mut command: Command) -> (u64, u64) {
    let mut child = spawn(&mut command);
    let watched = child.id();
    let watch = thread::spawn(move || {
        let mut most = (0, 0);
        while let Some(seen) = memory_and_threads(watched) {
            most = (seen.0.max(most.0), seen.1.max(most.1));
            thread::sleep(Duration::from_micros(500));
        }
        most
    });
    let said = read_all(&mut child);
    let most = watch.join().expect("the watch does not panic");
    reap(child, &said);
    most
}

fn spawn(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().expect("the program starts")
}

fn read_all(child: &mut Child) -> String {
    let mut said = String::new();
    child.stdout.take().expect("stdout is piped").read_to_string(&mut said).expect("text on stdout");
    said
}

fn reap(mut child: Child, said: &str) {
    let status = child.wait().expect("the child can be waited for");
    assert!(status.success(), "{status}: {said}");
}

/// Waits until the process is a zombie; gives its `stat`, from the state on.
fn wait_until_ended(pid: u32) -> String {
    loop {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("an unreaped child has a stat");
        // The name before it, in brackets, may hold anything.
        let (_, state) = stat.rsplit_once(") ").expect("the name ends");
        if state.starts_with('Z') {
            return state.to_owned();
        }
        thread::sleep(Duration::from_micros(50));
    }
}

fn cpu_time(pid: u32, stat: &str) -> Duration {
    let ticks: u32 = stat.split(' ').skip(11).take(2).map(|n| n.parse::<u32>().expect("a count of ticks")).sum();
    let whole = TICK * ticks;
    let first = fs::read_to_string(format!("/proc/{pid}/schedstat")).ok();
    let first = first.and_then(|text| text.split(' ').next()?.parse().ok()).map_or(whole, Duration::from_nanos);
    if whole > first + TICK { whole } else { first }
}

/// `None` once the process has let its memory go.
fn memory_and_threads(pid: u32) -> Option<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some((number("VmHWM:")?, number("Threads:")?))
}
