//! The socket side: reads requests, writes answers, and damages them as told.

use std::io::{self, Read, Write};
use std::iter;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::market::{self, Answer};
use super::{Fault, Seen, Shared};

/// No request of ours has a longer head.
const HEAD: usize = 16 * 1024;
/// A connection thread never outlives its test run by more than this.
const PATIENCE: Duration = Duration::from_mins(1);
const PAGE: &str = "<!DOCTYPE html><html><body><h1>Just a moment</h1></body></html>";

/// A reply as bytes.
struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    gzip: bool,
}

impl Reply {
    fn new(status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8>) -> Self {
        Self { status, headers, body, gzip: false }
    }
}

/// Serves one connection until either side ends it.
pub(super) fn serve(mut stream: TcpStream, shared: &Shared) {
    let _ = stream.set_nodelay(true);
    let _ = stream.set_read_timeout(Some(PATIENCE));
    while let Some((request, length)) = peek_request(&stream) {
        let (fault, delay) = take_note(shared, &request);
        if matches!(fault, Some(Fault::Reset)) {
            // Closing with unread bytes makes the system send a reset instead of an orderly end.
            return;
        }
        let mut head = vec![0; length];
        if stream.read_exact(&mut head).is_err() {
            return;
        }
        let waiting = Waiting::enter(shared);
        thread::sleep(delay);
        let reply = right_reply(shared, &request);
        drop(waiting);
        if send(&mut stream, &request, reply, fault).is_err() {
            return;
        }
    }
}

/// Counts a request as unanswered while it lives.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn enter(shared: &'a Shared) -> Self {
        let now = shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        shared.peak.fetch_max(now, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Looks at the next request without taking it off the socket, and says how long its head is.
fn peek_request(stream: &TcpStream) -> Option<(Seen, usize)> {
    let mut buffer = vec![0; HEAD];
    loop {
        let read = stream.peek(&mut buffer).ok().filter(|read| *read > 0)?;
        let text = String::from_utf8_lossy(&buffer[..read]);
        if let Some(end) = text.find("\r\n\r\n") {
            return parse(&text[..end]).map(|seen| (seen, end + 4));
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn parse(head: &str) -> Option<Seen> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
    Some(Seen { method, target, headers, at: Instant::now() })
}

fn take_note(shared: &Shared, request: &Seen) -> (Option<Fault>, Duration) {
    let mut state = shared.state();
    state.seen.push(request.clone());
    (state.fault_for(&request.target), state.delay)
}

fn right_reply(shared: &Shared, request: &Seen) -> Reply {
    let mut state = shared.state();
    let Answer { status, body } = market::answer(&mut state, request);
    let accepts = request.header("accept-encoding").is_some_and(|codings| codings.contains("gzip"));
    let headers = vec![
        ("Content-Type", "application/json;charset=UTF-8".to_owned()),
        ("Date", http_date(state.clock)),
        ("X-MBX-USED-WEIGHT", state.weight.to_string()),
        ("X-MBX-USED-WEIGHT-1M", state.weight.to_string()),
    ];
    Reply { gzip: state.gzip && accepts, ..Reply::new(status, headers, body.to_string().into()) }
}

fn http_date(clock: i64) -> String {
    let at = chrono::DateTime::from_timestamp_millis(clock).expect("a clock within the calendar");
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Sends the reply or what the fault makes of it. An error ends the connection.
fn send(stream: &mut TcpStream, seen: &Seen, reply: Reply, fault: Option<Fault>) -> io::Result<()> {
    if seen.target.starts_with("/elsewhere") {
        return write_all(stream, &redirect());
    }
    match fault {
        None => write_all(stream, &compressed(reply)),
        Some(Fault::CutMidBody) => cut(stream, &reply),
        Some(Fault::Slow) => trickle(stream, &reply),
        Some(Fault::Never) => wait_for_the_end(stream),
        Some(Fault::HugeBody { bytes, announced }) => flood(stream, bytes, announced),
        Some(fault) => write_all(stream, &damaged(reply, fault)),
    }
}

/// The faults that are a whole reply of their own.
fn damaged(mut reply: Reply, fault: Fault) -> Reply {
    match fault {
        Fault::Status(status, headers, body) => Reply::new(status, headers, body),
        Fault::Html => Reply::new(200, vec![("Content-Type", "text/html".into())], PAGE.into()),
        Fault::RedirectLoop => redirect(),
        Fault::RawBody(body) => Reply { body, ..reply },
        Fault::Truncated => {
            reply.body.truncate(reply.body.len() / 2);
            reply
        }
        Fault::EditRows(edit) => {
            reply.body = edited(&reply.body, edit);
            reply
        }
        Fault::EditText(edit) => {
            reply.body = edit(&String::from_utf8_lossy(&reply.body));
            reply
        }
        _ => reply,
    }
}

fn edited(body: &[u8], edit: fn(&mut Vec<Value>)) -> Vec<u8> {
    let mut rows = serde_json::from_slice(body).expect("rows are edited in klines only");
    edit(&mut rows);
    Value::from(rows).to_string().into_bytes()
}

fn redirect() -> Reply {
    Reply::new(302, vec![("Location", "/elsewhere".into())], Vec::new())
}

fn compressed(mut reply: Reply) -> Reply {
    if reply.gzip {
        reply.headers.push(("Content-Encoding", "gzip".into()));
        reply.body = gzip(&reply.body);
    }
    reply
}

/// The bytes as a gzip member.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory does not fail to be written");
    encoder.finish().expect("memory does not fail to be written")
}

fn head(reply: &Reply, length: Option<usize>) -> String {
    let headers = reply.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    let end = length.map_or_else(|| "Connection: close".to_owned(), |length| format!("Content-Length: {length}"));
    let first = format!("HTTP/1.1 {} -", reply.status);
    let lines: Vec<_> = iter::once(first).chain(headers).chain([end]).collect();
    lines.join("\r\n") + "\r\n\r\n"
}

fn write_all(stream: &mut TcpStream, reply: &Reply) -> io::Result<()> {
    let mut bytes = head(reply, Some(reply.body.len())).into_bytes();
    bytes.extend_from_slice(&reply.body);
    stream.write_all(&bytes)
}

/// Half of the promised body, then the end of the connection.
fn cut(stream: &mut TcpStream, reply: &Reply) -> io::Result<()> {
    stream.write_all(head(reply, Some(reply.body.len())).as_bytes())?;
    stream.write_all(&reply.body[..reply.body.len() / 2])?;
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// A byte each twentieth of a second: never silent for long, never done either.
fn trickle(stream: &mut TcpStream, reply: &Reply) -> io::Result<()> {
    // A long body, so that even a short answer does not end before any patience does.
    let padding = vec![b' '; 100_000];
    stream.write_all(head(reply, Some(reply.body.len() + padding.len())).as_bytes())?;
    for byte in reply.body.iter().chain(&padding) {
        stream.write_all(&[*byte])?;
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Reads until the other side gives up.
fn wait_for_the_end(stream: &mut TcpStream) -> io::Result<()> {
    let mut byte = [0];
    while stream.read(&mut byte)? > 0 {}
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// A JSON array that goes on and on.
fn flood(stream: &mut TcpStream, bytes: usize, announced: bool) -> io::Result<()> {
    let reply = Reply::new(200, Vec::new(), Vec::new());
    stream.write_all(head(&reply, announced.then_some(bytes)).as_bytes())?;
    let block = b"[0,0,0],".repeat(8 * 1024);
    let mut left = bytes;
    stream.write_all(b"[")?;
    while left > block.len() {
        stream.write_all(&block)?;
        left -= block.len();
    }
    Err(io::ErrorKind::ConnectionAborted.into())
}
