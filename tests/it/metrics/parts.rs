//! The real parts that metrics are made for, each on a free port of this machine with a folder of its own, ended with the test.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A part is ready within this, and answers within this.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether all programs are there; which one is not is told.
pub(crate) fn are_there(programs: &[&str]) -> bool {
    let is_there = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    let missing: Vec<_> = programs.iter().filter(|name| !is_there(name)).collect();
    if !missing.is_empty() {
        eprintln!("SKIPPED: not installed: {missing:?}");
    }
    missing.is_empty()
}

/// A running part.
pub(crate) struct Part {
    child: Child,
    pub(crate) port: u16,
}

impl Drop for Part {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Part {
    /// Starts a program with the arguments it takes on a port, and waits until that page answers.
    fn start(program: &str, page: &str, arguments: impl Fn(u16) -> Vec<String>) -> Self {
        // Somebody else may be quicker on a port that was free.
        for _ in 0..3 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut command = Command::new(program);
            command.args(arguments(port)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut started = Self { child: command.spawn().unwrap(), port };
            let start = Instant::now();
            while started.child.try_wait().unwrap().is_none() && start.elapsed() < PATIENCE {
                // One that asks for a login is there as well.
                if get(port, page).is_some_and(|(status, _)| matches!(status, 200 | 401)) {
                    return started;
                }
                std::thread::sleep(Duration::from_millis(30));
            }
        }
        panic!("{program} does not answer on {page}");
    }

    /// The node exporter with the collectors of `deploy/monitoring/compose.yaml`, and files of metrics in that folder.
    pub(crate) fn node_exporter(folder: &Path) -> Self {
        let collectors = ["filesystem", "loadavg", "meminfo", "textfile"].map(|name| format!("--collector.{name}"));
        Self::start("prometheus-node-exporter", "/", |port| {
            let own = [
                format!("--web.listen-address=127.0.0.1:{port}"),
                "--collector.disable-defaults".to_owned(),
                format!("--collector.textfile.directory={}", folder.display()),
            ];
            own.into_iter().chain(collectors.clone()).collect()
        })
    }

    /// Prometheus with the configuration of `deploy/monitoring`, scraping that part each second.
    pub(crate) fn prometheus(folder: &Path, scraped: &Self) -> Self {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/monitoring/prometheus");
        let config = std::fs::read_to_string(home.join("prometheus.yml")).unwrap();
        let config = config.replace("60s", "1s").replace("node-exporter:9100", &format!("127.0.0.1:{}", scraped.port));
        std::fs::write(folder.join("prometheus.yml"), config).unwrap();
        std::fs::copy(home.join("alerts.yml"), folder.join("alerts.yml")).unwrap();
        Self::start("prometheus", "/-/ready", |port| {
            vec![
                format!("--web.listen-address=127.0.0.1:{port}"),
                format!("--config.file={}", folder.join("prometheus.yml").display()),
                format!("--storage.tsdb.path={}", folder.join("prometheus").display()),
            ]
        })
    }

    /// A Pushgateway; with a file to write its settings to it lets nobody in but `watch`, with the password `test`.
    pub(crate) fn pushgateway(asks: Option<&Path>) -> Self {
        if let Some(file) = asks {
            // The hash is the one in Prometheus' guide to basic authentication.
            let users = "basic_auth_users:\n  watch: $2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay\n";
            std::fs::write(file, users).unwrap();
        }
        Self::start("prometheus-pushgateway", "/-/ready", |port| {
            let own = format!("--web.listen-address=127.0.0.1:{port}");
            [own].into_iter().chain(asks.map(|file| format!("--web.config.file={}", file.display()))).collect()
        })
    }

    /// What a page says.
    pub(crate) fn page(&self, path: &str) -> String {
        get(self.port, path).unwrap_or_else(|| panic!("nothing is answered on {path}")).1
    }

    /// What Prometheus answers to an expression: labels and value of each series; the error of one that makes no sense.
    pub(crate) fn ask(&self, expression: &str) -> Result<Vec<(Value, f64)>, String> {
        let answer: Value =
            serde_json::from_str(&self.page(&format!("/api/v1/query?query={}", spelled(expression)))).unwrap();
        if answer["status"] != "success" {
            return Err(answer["error"].to_string());
        }
        let series = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let read = |one: &Value| (one["metric"].clone(), one["value"][1].as_str().unwrap_or("NaN").parse().unwrap());
        Ok(series.iter().map(read).collect())
    }

    /// The value of an expression, as soon as it has one.
    pub(crate) fn value(&self, expression: &str) -> Option<f64> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let [(_, value)] = self.ask(expression).unwrap()[..] {
                return Some(value);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        eprintln!("{expression} has no value: {:?}", self.ask(expression));
        None
    }
}

/// An expression as part of an address.
fn spelled(text: &str) -> String {
    let one =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

/// Status and body of an answer; none where nobody answers.
fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    // Without chunks and without waiting for more.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
