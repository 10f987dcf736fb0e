//! Programs of the system: started with a time limit, and heard out.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::clock::Stopwatch;

/// No program of ours takes longer.
const LONGEST_MS: u64 = 15_000;
const PAUSE: Duration = Duration::from_millis(5);

/// What a program said, and how it ended.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) is_ok: bool,
    /// Byte for byte: it may be somebody else's file, in whatever encoding that has.
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
}

/// Runs a program with this on its stdin.
pub(super) fn run(program: &str, arguments: &[&str], stdin: &str) -> anyhow::Result<Heard> {
    let mut command = Command::new(program);
    // Its words are read, and must be those that are known.
    command.args(arguments).env("LC_ALL", "C");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start `{program}`: is it installed?"))?;
    let input = child.stdin.take().map(|mut pipe| {
        let text = stdin.to_owned();
        // Who does not read it to the end says so by the way it ends.
        thread::spawn(move || drop(pipe.write_all(text.as_bytes())))
    });
    let (stdout, stderr) = (child.stdout.take().map(listen), child.stderr.take().map(listen));
    let is_ok = wait(&mut child, program)?;
    drop(input.map(JoinHandle::join));
    let bytes = |heard: Option<JoinHandle<Vec<u8>>>| heard.and_then(|thread| thread.join().ok()).unwrap_or_default();
    Ok(Heard { is_ok, stdout: bytes(stdout), stderr: String::from_utf8_lossy(&bytes(stderr)).into_owned() })
}

fn listen(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What broke off is judged by the way the program ended.
        drop(pipe.read_to_end(&mut bytes));
        bytes
    })
}

fn wait(child: &mut Child, program: &str) -> anyhow::Result<bool> {
    let watch = Stopwatch::start();
    loop {
        if let Some(status) = child.try_wait().with_context(|| format!("cannot wait for `{program}`"))? {
            return Ok(status.success());
        }
        if watch.ms() > LONGEST_MS {
            // It is waited for no longer, whether that succeeds or not.
            drop(child.kill());
            drop(child.wait());
            bail!("`{program}` has not ended after {} s and was stopped", LONGEST_MS / 1000);
        }
        thread::sleep(PAUSE);
    }
}

/// Runs a program that must succeed.
pub(super) fn expect(program: &str, arguments: &[&str], stdin: &str) -> anyhow::Result<()> {
    let heard = run(program, arguments, stdin)?;
    if !heard.is_ok {
        bail!("`{program} {}` failed: {}", arguments.join(" "), heard.stderr.trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_heard_out_whatever_it_says_and_however_it_ends() {
        let heard = run("sh", &["-c", "cat; echo oops >&2; exit 3"], &"x".repeat(200_000)).unwrap();
        assert_eq!((heard.is_ok, heard.stdout.len(), heard.stderr.as_str()), (false, 200_000, "oops\n"));
        assert!(run("no-such-program-of-ours", &[], "").unwrap_err().to_string().contains("is it installed"));
        let error = expect("sh", &["-c", "echo why >&2; false"], "").unwrap_err().to_string();
        assert!(error.ends_with("failed: why"), "{error}");
    }
}
