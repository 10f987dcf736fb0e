//! The other sides: a mail server and a web server on this machine, which take messages or do what such servers do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// What the web server answers.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// This status, these headers, this body.
    Status(u16, &'static str, String),
    /// This status, with all that was asked: path, headers and body.
    Echo(u16),
    /// Nothing, and the connection stays open.
    Hang,
    /// Something that is not HTTP.
    Rubbish,
    /// A byte now and then.
    Trickle,
    /// A redirect to itself.
    Redirect,
}

impl Answer {
    pub(super) fn ok() -> Self {
        Self::Status(200, "", "ok".to_owned())
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) head: String,
    pub(super) body: String,
}

impl Heard {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        let found = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut found = found.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim().to_owned())
    }
}

/// A web server.
pub(super) struct Hooks {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    answer: Arc<Mutex<Answer>>,
}

impl Hooks {
    pub(super) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (heard, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(answer)));
        let (noted, told) = (Arc::clone(&heard), Arc::clone(&answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, told) = (Arc::clone(&noted), Arc::clone(&told));
                thread::spawn(move || serve(stream, &noted, &told));
            }
        });
        Self { address, heard, answer }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn set(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(super) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.heard().into_iter().map(|heard| heard.path).collect()
    }
}

fn serve(mut stream: TcpStream, heard: &Mutex<Vec<Heard>>, answer: &Mutex<Answer>) {
    let Some(request) = read(&stream) else { return };
    heard.lock().unwrap().push(request.clone());
    let answer = answer.lock().unwrap().clone();
    let close = "Connection: close\r\n";
    let whole = |status: u16, headers: &str, body: &str| {
        format!("HTTP/1.1 {status} -\r\n{headers}{close}Content-Length: {}\r\n\r\n{body}", body.len())
    };
    let bytes = match answer {
        Answer::Status(status, headers, body) => whole(status, headers, &body),
        Answer::Echo(status) => {
            whole(status, "", &format!("no hook {} {} {}", request.path, request.head, request.body))
        }
        Answer::Redirect => whole(302, "Location: /elsewhere\r\n", ""),
        Answer::Rubbish => "\u{1b}[2J220 what?\r\n\r\n".to_owned(),
        Answer::Hang => {
            let mut rest = Vec::new();
            drop(stream.read_to_end(&mut rest));
            return;
        }
        Answer::Trickle => {
            for byte in whole(200, "", &"x".repeat(100_000)).bytes() {
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(20));
            }
            return;
        }
    };
    drop(stream.write_all(bytes.as_bytes()));
}

fn read(stream: &TcpStream) -> Option<Heard> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut words = head.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut request = Heard { method, path, head, body: String::new() };
    let length = request.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}

/// The Python that has aiosmtpd; none, and a word about it, where there is none.
fn python() -> Option<PathBuf> {
    let has_it = |path: &Path| {
        let mut command = Command::new(path);
        command.args(["-c", "import aiosmtpd"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let named = std::env::var_os("TRADER_TEST_PYTHON").map(PathBuf::from);
    // What Debian's package brings is known to Debian's Python only.
    let usual = ["python3", "/usr/bin/python3"].map(PathBuf::from);
    let found = named.into_iter().chain(usual).find(|path| has_it(path));
    if found.is_none() {
        eprintln!("SKIPPED: there is no aiosmtpd (pip install aiosmtpd; TRADER_TEST_PYTHON names its Python)");
    }
    found
}

/// A real mail server.
pub(super) struct MailServer {
    process: Child,
    pub(super) port: u16,
    mails: Arc<Mutex<Vec<Value>>>,
}

impl MailServer {
    /// Starts one; none where there is no aiosmtpd.
    pub(super) fn start(options: &Value) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/notices/smtp_server.py");
        let mut command = Command::new(python()?);
        command.arg(script).arg(options.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("Python starts");
        let mut lines = BufReader::new(process.stdout.take().expect("stdout is piped")).lines();
        let port = lines.next().expect("it tells its port").expect("as text").parse().expect("a port");
        let mails = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&mails);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                taken.lock().unwrap().push(serde_json::from_str(&line).expect("a line of JSON"));
            }
        });
        Some(Self { process, port, mails })
    }

    /// The mails that it took, which it tells a moment after it took them.
    pub(super) fn mails(&self, count: usize) -> Vec<Value> {
        for _ in 0..200 {
            if self.mails.lock().unwrap().len() >= count {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.mails.lock().unwrap().clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// An authority of our own, and a certificate of localhost that it has signed; none where there is no openssl.
pub(super) fn certificates(folder: &Path) -> Option<Value> {
    let script = "set -e
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=test authority' \
                -keyout ca.key -out ca.pem
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout key.pem -out request
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' > extensions
        openssl x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out cert.pem";
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).output().expect("there is a shell");
    if !made.status.success() {
        eprintln!("SKIPPED: there is no openssl to make certificates with");
        return None;
    }
    let path = |name: &str| folder.join(name).display().to_string();
    Some(json!({ "certificate": path("cert.pem"), "key": path("key.pem"), "ca": path("ca.pem") }))
}
