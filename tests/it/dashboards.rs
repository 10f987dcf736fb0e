//! `deploy/monitoring`: every metric and every column that a dashboard or an alert names exists, every query runs, and the
//! files are what the parts that read them expect.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use trader::report::Metric;

use crate::deploy::yaml;
use crate::metrics::parts::{Part, are_there};
use crate::world::{World, fixtures};

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/monitoring")
}

fn text(name: &str) -> String {
    fs::read_to_string(home().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn document(name: &str) -> Value {
    let mut documents = yaml::documents(&text(name));
    assert_eq!(documents.len(), 1, "{name}");
    documents.remove(0)
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}")).clone()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The dashboards by their file.
fn dashboards() -> BTreeMap<String, Value> {
    let files = fs::read_dir(home().join("grafana/dashboards")).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name.clone(), serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    files.map(read).collect()
}

/// Every query of every panel: which panel, what kind of data source, the query.
fn targets() -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (name, board) in dashboards() {
        for panel in list(&board["panels"]) {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let place = format!("{name}: {}", word(&panel["title"]));
                all.push((place, word(&target["datasource"]["type"]), target.clone()));
            }
        }
    }
    all
}

/// Expressions of dashboards, and of alerts.
fn expressions() -> Vec<(String, String)> {
    let shown = targets().into_iter().filter(|(_, kind, _)| kind == "prometheus");
    let shown = shown.map(|(place, _, target)| (place, word(&target["expr"])));
    let alerts = alerts().into_iter().map(|rule| (word(&rule["alert"]), word(&rule["expr"])));
    let variables = dashboards().into_iter().flat_map(|(name, board)| {
        let queries = list(&board["templating"]["list"]).into_iter().map(|variable| word(&variable["query"]["query"]));
        queries.map(move |query| (name.clone(), query)).collect::<Vec<_>>()
    });
    shown.chain(alerts).chain(variables).collect()
}

fn alerts() -> Vec<Value> {
    let groups = list(&document("prometheus/alerts.yml")["groups"]);
    groups.iter().flat_map(|group| list(&group["rules"])).collect()
}

/// What the node exporter tells besides our text, with its labels.
const OF_THE_NODE: [(&str, &[&str]); 7] = [
    ("node_textfile_scrape_error", &[]),
    ("node_textfile_mtime_seconds", &["file"]),
    ("node_filesystem_avail_bytes", &["device", "fstype", "mountpoint"]),
    ("node_filesystem_size_bytes", &["device", "fstype", "mountpoint"]),
    ("node_load1", &[]),
    ("node_memory_MemAvailable_bytes", &[]),
    ("node_memory_MemTotal_bytes", &[]),
];

/// The labels of a metric; none for one that nobody writes.
fn labels_of(name: &str) -> Option<&'static [&'static str]> {
    let ours = Metric::ALL.iter().find(|metric| metric.name() == name).map(|metric| metric.labels());
    ours.or_else(|| OF_THE_NODE.iter().find(|(known, _)| *known == name).map(|(_, labels)| *labels))
}

/// The metrics that an expression names, each with the labels that select it.
fn selectors(expression: &str) -> Vec<(String, Vec<String>)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for start in ["trader_", "node_"] {
        for (at, _) in expression.match_indices(start) {
            if expression[..at].ends_with(is_part) {
                continue;
            }
            let rest = &expression[at..];
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let braces = rest[end..].strip_prefix('{').and_then(|inside| inside.split_once('}'));
            let matchers = braces.map(|(inside, _)| inside).unwrap_or_default();
            let labels =
                matchers.split(", ").filter_map(|matcher| matcher.split_once(['=', '!'])).map(|(label, _)| label);
            found.push((rest[..end].to_owned(), labels.map(|label| label.trim().to_owned()).collect()));
        }
    }
    found
}

#[test]
fn selectors_are_found_in_expressions() {
    let found = selectors("sum by (a) (trader_x{b=~\"c|d\", e!=\"f\"}) / trader_y > time() - node_z{g=\"1\"}");
    let expected = [("trader_x", vec!["b", "e"]), ("trader_y", vec![]), ("node_z", vec!["g"])];
    let found: Vec<_> =
        found.iter().map(|(name, labels)| (name.as_str(), labels.iter().map(String::as_str).collect())).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_metric_and_label_that_is_named_is_one_that_can_be_written() {
    let expressions = expressions();
    assert!(expressions.len() > 40, "{expressions:?}");
    for (place, expression) in expressions {
        let selectors = selectors(&expression);
        assert!(!selectors.is_empty(), "{place}: {expression}");
        for (name, labels) in selectors {
            let known = labels_of(&name).unwrap_or_else(|| panic!("{place}: nobody writes {name}"));
            let unknown: Vec<_> = labels.iter().filter(|label| !known.contains(&label.as_str())).collect();
            assert!(unknown.is_empty(), "{place}: {name} has no label {unknown:?}");
        }
        for legend in ["symbol", "horizon", "agent"] {
            let is_by = expression.contains(&format!("by ({legend})"));
            assert!(!is_by || selectors_know(&expression, legend), "{place}: {legend}");
        }
    }
}

fn selectors_know(expression: &str, label: &str) -> bool {
    selectors(expression).iter().all(|(name, _)| labels_of(name).is_some_and(|known| known.contains(&label)))
}

#[test]
fn legends_name_labels_that_are_there() {
    for (place, kind, target) in targets() {
        let Some(legend) = target["legendFormat"].as_str().filter(|_| kind == "prometheus") else { continue };
        for name in legend.split("{{").skip(1).filter_map(|part| part.split_once("}}")).map(|(name, _)| name) {
            assert!(selectors_know(&word(&target["expr"]), name), "{place}: {legend}");
        }
    }
}

/// Five hours of the recording: an order, a trade, resolved forecasts, the miss of the trade.
fn lived() -> World {
    let world = World::new().with("TRADER_FORECAST_HORIZONS_H", "1,4");
    for hour in 12..=16 {
        world.replay_at(&format!("2026-09-01T{hour}:00:30Z")).expect(0);
    }
    world
}

/// A query as Grafana sends it: all pairs, all horizons, all time.
fn filled(query: &str) -> String {
    let pairs = "'BTC/USDT','ETH/USDT','SOL/USDT','AVAX/USDT','POL/USDT'";
    let variables = [
        ("$__from", "0"),
        ("$__to", "4102444800000"),
        ("${pair:singlequote}", pairs),
        ("${horizon:singlequote}", "'1h','4h'"),
    ];
    variables.iter().fold(query.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// Where nothing is to be shown after five good hours.
const NOTHING_TO_SHOW: [&str; 4] = [
    "portfolio: Open positions",
    "portfolio: Pauses, halts and resumes",
    "system: Executions that did not end well",
    "system: Gaps",
];

#[test]
fn every_query_of_the_database_runs_and_has_something_to_show() {
    let world = lived();
    let queries: Vec<_> = targets().into_iter().filter(|(_, kind, _)| kind == "frser-sqlite-datasource").collect();
    assert!(queries.len() > 20);
    for (place, _, target) in &queries {
        let query = word(&target["rawQueryText"]);
        assert_eq!(target["queryText"], target["rawQueryText"], "{place}");
        let sql = filled(&query);
        assert!(!sql.contains('$') || sql.contains("'$."), "{place}: a variable is left in {sql}");
        assert_eq!(world.query(&sql).is_empty(), NOTHING_TO_SHOW.contains(&place.as_str()), "{place}: {sql}");
        assert_shape(&world, place, target, &sql);
    }
    // After the first hour a position was open.
    let open = World::new();
    open.replay().expect(0);
    open.replay_at("2026-09-01T13:00:30Z").expect(0);
    let (_, _, positions) = queries.iter().find(|(place, ..)| place == NOTHING_TO_SHOW[0]).unwrap();
    assert_eq!(open.query(&filled(&word(&positions["rawQueryText"]))).len(), 1);
}

/// What the plugin needs: time columns that are there, in seconds; series that begin with their time, which rises.
fn assert_shape(world: &World, place: &str, target: &Value, sql: &str) {
    let wrapped = |what: &str| world.query(&format!("SELECT {what} FROM ({sql})"));
    let times: Vec<String> = list(&target["timeColumns"]).iter().map(word).collect();
    for time in &times {
        for row in wrapped(&format!("typeof({time}), {time}")) {
            let seconds: i64 = row[1].parse().unwrap_or_else(|_| panic!("{place}: {time} is {row:?}"));
            assert!(
                row[0] == "integer" && (1_700_000_000..2_000_000_000).contains(&seconds),
                "{place}: {time} is {row:?}"
            );
        }
    }
    match word(&target["queryType"]).as_str() {
        "time series" => {
            let seconds: Vec<i64> = wrapped("time").iter().map(|row| row[0].parse().unwrap()).collect();
            assert!(seconds.is_sorted() && times == ["time"], "{place}");
        }
        other => assert_eq!(other, "table", "{place}"),
    }
}

#[test]
fn prometheus_answers_every_expression_with_something_where_there_is_something() {
    if !are_there(&["prometheus", "prometheus-node-exporter"]) {
        return;
    }
    let world = lived();
    fs::create_dir(world.path("metrics")).unwrap();
    let replay = fixtures().display().to_string();
    let again =
        ["cycle", "--replay", &replay, "--now", "2026-09-01T16:00:30Z", "--metrics-file", "metrics/trader.prom"];
    world.run(&again).expect(0);
    let exporter = Part::node_exporter(&world.path("metrics"));
    let prometheus = Part::prometheus(&world.path(""), &exporter);
    assert_eq!(prometheus.value("trader_database_up"), Some(1.0));
    for (name, _) in OF_THE_NODE {
        assert!(exporter.page("/metrics").contains(&format!("\n{name}")), "the node exporter does not tell {name}");
    }
    for (place, expression) in expressions() {
        if let Some(inside) = expression.strip_prefix("label_values(") {
            let (metric, label) = inside.trim_end_matches(')').split_once(", ").unwrap();
            let values: Value =
                serde_json::from_str(&prometheus.page(&format!("/api/v1/label/{label}/values?match[]={metric}")))
                    .unwrap();
            assert!(values["data"].as_array().is_some_and(|all| !all.is_empty()), "{place}: {values}");
            continue;
        }
        let expression = expression.replace("$pair", ".*").replace("$horizon", ".*");
        let answer = prometheus.ask(&expression).unwrap_or_else(|error| panic!("{place}: {error}: {expression}"));
        // Rises take time, live runs an exchange, alerts trouble.
        let is_quiet = ["increase(", "trader_exchange_", "trader_clock_"].iter().any(|part| expression.contains(part));
        assert!(is_quiet || place.starts_with("Trader") || !answer.is_empty(), "{place}: {expression}");
    }
    let rules: Value = serde_json::from_str(&prometheus.page("/api/v1/rules")).unwrap();
    assert_eq!(list(&rules["data"]["groups"][0]["rules"]).len(), alerts().len());
}

/// Runs promtool in the folder of Prometheus.
fn promtool(arguments: &[&str]) {
    let said = Command::new("promtool").args(arguments).current_dir(home().join("prometheus")).output().unwrap();
    let told = [said.stdout, said.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(said.status.success(), "promtool {arguments:?}: {told}");
}

#[test]
fn alerts_speak_when_they_should_and_only_then() {
    let tests = text("prometheus/alerts.test.yml");
    for rule in alerts() {
        let name = word(&rule["alert"]);
        assert!(tests.contains(&format!("alertname: {name}\n        exp_alerts:")), "{name} is not tested to speak");
        assert!(["critical", "warning"].contains(&word(&rule["labels"]["severity"]).as_str()), "{name}");
        assert!(["summary", "description"].iter().all(|key| !word(&rule["annotations"][key]).is_empty()), "{name}");
    }
    if are_there(&["promtool"]) {
        promtool(&["check", "rules", "alerts.yml"]);
        promtool(&["test", "rules", "alerts.test.yml"]);
        promtool(&["check", "config", "prometheus.yml"]);
    }
}

#[test]
fn candles_are_old_by_the_limits_of_the_status() {
    let settings = trader::settings::Settings::load(
        &trader::settings::Flags { db: Some("x.db".into()), ..trader::settings::Flags::default() },
        &[],
        &trader::settings::Paths::default(),
    );
    let limits = settings.unwrap().health;
    let rule = alerts().into_iter().find(|rule| rule["alert"] == "TraderStaleData").unwrap();
    // Each series' selector, and the seconds it is compared with.
    let told: BTreeMap<String, i64> = word(&rule["expr"])
        .split(" or ")
        .flat_map(|part| {
            let (selector, seconds) = part.split_once("} > ").unwrap();
            let lengths = selector.rsplit_once('=').unwrap().1.trim_start_matches('~').trim_matches('"');
            let seconds: i64 = seconds.trim().parse().unwrap();
            lengths.split('|').map(move |length| (length.to_owned(), seconds)).collect::<Vec<_>>()
        })
        .collect();
    let known = trader::unit::Timeframe::ALL.map(|length| (length.name().to_owned(), limits.max_age(length) / 1000));
    assert_eq!(told, BTreeMap::from(known));
}

/// The data sources that are provisioned: type by uid.
fn sources() -> BTreeMap<String, String> {
    let all = list(&document("grafana/provisioning/datasources/trader.yml")["datasources"]);
    all.iter().map(|source| (word(&source["uid"]), word(&source["type"]))).collect()
}

/// The number of a panel's place.
fn place(panel: &Value, key: &str) -> u64 {
    panel["gridPos"][key].as_u64().unwrap_or_else(|| panic!("gridPos.{key} of {}", panel["title"]))
}

fn overlap(a: &Value, b: &Value) -> bool {
    let apart = |at: &str, size: &str| {
        place(a, at) + place(a, size) <= place(b, at) || place(b, at) + place(b, size) <= place(a, at)
    };
    !apart("x", "w") && !apart("y", "h")
}

#[test]
fn dashboards_are_what_grafana_expects() {
    let boards = dashboards();
    assert_eq!(boards.keys().collect::<Vec<_>>(), ["portfolio", "predicted", "signals", "system"]);
    let uids: BTreeSet<String> = boards.values().map(|board| word(&board["uid"])).collect();
    assert_eq!(uids.len(), boards.len());
    for (name, board) in &boards {
        assert!(!word(&board["title"]).is_empty() && !word(&board["description"]).is_empty(), "{name}");
        assert!(board["schemaVersion"].as_u64().is_some_and(|version| version >= 36), "{name}");
        assert!(word(&board["uid"]).len() <= 40 && board["id"].is_null(), "{name}");
        assert!(board["time"]["from"].is_string() && board["time"]["to"] == "now", "{name}");
        let variables = list(&board["templating"]["list"]);
        assert!(variables.iter().any(|variable| variable["name"] == "pair"), "{name}");
        for variable in &variables {
            assert_source(name, variable);
        }
        let panels = list(&board["panels"]);
        let ids: BTreeSet<u64> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
        assert_eq!(ids.len(), panels.len(), "{name}: ids are unique");
        for (i, panel) in panels.iter().enumerate() {
            assert_panel(name, panel);
            let other = panels[..i].iter().find(|other| overlap(other, panel));
            assert!(
                other.is_none(),
                "{name}: {} lies on {}",
                panel["title"],
                other.map_or(&Value::Null, |p| &p["title"])
            );
        }
    }
}

const PANELS: [&str; 8] = ["row", "stat", "timeseries", "table", "barchart", "bargauge", "xychart", "logs"];

fn assert_panel(board: &str, panel: &Value) {
    let (title, kind) = (word(&panel["title"]), word(&panel["type"]));
    assert!(PANELS.contains(&kind.as_str()) && !title.is_empty(), "{board}: {kind} {title}");
    assert!(place(panel, "w") >= 1 && place(panel, "h") >= 1 && place(panel, "x") + place(panel, "w") <= 24, "{title}");
    if kind == "row" {
        return;
    }
    assert!(word(&panel["description"]).ends_with('.'), "{board}: {title} says what it shows");
    assert!(panel["fieldConfig"]["defaults"].is_object() && panel["fieldConfig"]["overrides"].is_array(), "{title}");
    assert!(panel["options"].is_object(), "{title}");
    assert_source(&title, panel);
    let targets = list(&panel["targets"]);
    let names: BTreeSet<String> = targets.iter().map(|target| word(&target["refId"])).collect();
    assert!(!targets.is_empty() && names.len() == targets.len(), "{title}");
    for target in &targets {
        assert_source(&title, target);
        assert_eq!(target["datasource"], panel["datasource"], "{title}");
        let is_log = target["datasource"]["type"] == "loki";
        assert!(!is_log || word(&target["expr"]).starts_with("{job=\"trader\""), "{title}");
    }
}

fn assert_source(place: &str, user: &Value) {
    let (uid, kind) = (word(&user["datasource"]["uid"]), word(&user["datasource"]["type"]));
    assert_eq!(sources().get(&uid), Some(&kind), "{place}: {uid}");
}

/// The services that are composed.
fn services() -> BTreeMap<String, Value> {
    let all = document("compose.yaml")["services"].as_object().cloned().unwrap();
    all.into_iter().collect()
}

#[test]
fn what_is_composed_has_no_default_password_and_is_for_this_machine_only() {
    let text = text("compose.yaml");
    assert!(text.contains("GF_SECURITY_ADMIN_PASSWORD: ${GRAFANA_PASSWORD:?"), "none is assumed");
    let services = services();
    assert_eq!(services.keys().collect::<Vec<_>>(), ["alloy", "grafana", "loki", "node-exporter", "prometheus"]);
    for (name, service) in &services {
        let image = word(&service["image"]);
        let tag = image.rsplit_once(':').unwrap_or_else(|| panic!("{name}: {image} names no version")).1;
        assert!(tag.split('.').count() == 3 && tag.contains(|c: char| c.is_ascii_digit()), "{name}: {image}");
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(word(port).starts_with("127.0.0.1:"), "{name}: {port}");
        }
        for volume in list(&service["volumes"]) {
            assert_volume(name, &word(&volume));
        }
    }
}

/// Folders of this machine and of the repository are read only; what a part keeps is in a volume of its own.
fn assert_volume(service: &str, volume: &str) {
    if let Some(own) = volume.strip_prefix("./") {
        let folder = own.split(':').next().unwrap();
        assert!(home().join(folder).is_dir(), "{service}: {volume}");
    }
    let is_own = volume.starts_with(|c: char| c.is_ascii_lowercase());
    let declared = document("compose.yaml")["volumes"].as_object().cloned().unwrap();
    let is_declared = declared.keys().any(|name| volume.starts_with(&format!("{name}:/")));
    assert!(
        if is_own { is_declared } else { volume.ends_with(":ro") || volume.ends_with(":ro,rslave") },
        "{service}: {volume}"
    );
}

#[test]
fn the_parts_find_each_other() {
    let services = services();
    let is_service = |url: &str| {
        let host = url.split_once("://").map_or(url, |(_, rest)| rest).split([':', '/']).next().unwrap_or_default();
        services.contains_key(host)
    };
    let datasources = list(&document("grafana/provisioning/datasources/trader.yml")["datasources"]);
    let urls: Vec<String> = datasources.iter().filter_map(|source| source["url"].as_str().map(str::to_owned)).collect();
    assert!(urls.len() == 2 && urls.iter().all(|url| is_service(url)), "{urls:?}");
    let scraped = list(&list(&document("prometheus/prometheus.yml")["scrape_configs"])[0]["static_configs"])[0].clone();
    assert!(list(&scraped["targets"]).iter().all(|target| is_service(&word(target))), "{scraped}");
    assert!(text("alloy/config.alloy").contains("http://loki:3100/loki/api/v1/push"));
    // The log that is read is the one that scheduled cycles write, in the folder that is mounted.
    let alloy = text("alloy/config.alloy");
    let log = alloy.split_once("\"/logs/").unwrap().1.split_once('"').unwrap().0;
    let crontab = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("crontab.example")).unwrap();
    let cycle = crontab.lines().find(|line| line.contains("/trader") && line.contains(" cycle ")).unwrap();
    assert!(cycle.contains("--log-format json") && cycle.ends_with(&format!(" 2>> /var/log/trader/{log}")), "{cycle}");
    assert!(list(&services["alloy"]["volumes"]).contains(&"${TRADER_LOGS:-/var/log/trader}:/logs:ro".into()));
    assert_eq!(document("loki/loki.yml")["server"]["http_listen_port"], 3100);
    // What Grafana is told of is mounted where it is told.
    let grafana = list(&services["grafana"]["volumes"]);
    let mounted = |path: &str| grafana.iter().any(|volume| word(volume).contains(&format!(":{path}:ro")));
    let provider = &list(&document("grafana/provisioning/dashboards/trader.yml")["providers"])[0];
    assert!(mounted(&word(&provider["options"]["path"])) && mounted("/trader") && mounted("/etc/grafana/provisioning"));
    let database = datasources.iter().find(|source| source["uid"] == "trader-sqlite").unwrap();
    assert_eq!(database["jsonData"]["path"], "/trader/trader.db");
    let first = word(&services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]);
    let name = first.strip_prefix("/dashboards/").unwrap();
    assert!(home().join("grafana/dashboards").join(name).is_file(), "{first}");
    // The plugin that is installed is the one that is used.
    let plugin = word(&services["grafana"]["environment"]["GF_PLUGINS_PREINSTALL_SYNC"]);
    assert!(plugin.starts_with(&word(&database["type"])), "{plugin}");
}
