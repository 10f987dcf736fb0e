//! Programs of the system, asked within a time.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::clock::Stopwatch;

/// So long a program may take.
const LONGEST: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(5);

/// What a program prints; none where it is not there, fails, or takes too long, and then it is ended.
pub(super) fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let mut stdout = child.stdout.take()?;
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let watch = Stopwatch::start();
    while Duration::from_millis(watch.ms()) < LONGEST {
        match child.try_wait() {
            Ok(Some(status)) => return reading.join().ok()?.ok().filter(|_| status.success()),
            Ok(None) => std::thread::sleep(PAUSE),
            Err(_) => break,
        }
    }
    // It may have ended just now.
    child.kill().ok();
    child.wait().ok();
    None
}
