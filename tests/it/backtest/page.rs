//! The page of a backtest: what it says, where it may be written, and how a browser lays it out.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::command::lived;
use crate::world::{Run, World};

/// A backtest over the small recording, and its page.
fn page(world: &World, more: &[&str]) -> (Value, String) {
    let run = world.run(&[&["backtest", "--from", "2026-08-28", "--html", "page.html"], more].concat()).expect(0);
    (run.json(), fs::read_to_string(world.path("page.html")).unwrap())
}

#[test]
fn the_page_tells_what_the_document_tells() {
    let world = lived();
    let (document, page) = page(&world, &[]);
    assert_eq!(document["verdict"], "too short to tell");
    assert!(page.contains("<h1>Too short to tell.</h1>"));
    let at = |pointer: &str| document.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    for told in
        [at("/manifest/strategy/hash"), at("/manifest/data_hash"), "BTC/USDT".to_owned(), "under 90 days".to_owned()]
    {
        assert!(page.contains(&told), "{told}");
    }
    let pairs = document["manifest"]["pairs"].as_array().unwrap().len();
    // Equity, drawdown, exposure, and the price of each pair.
    assert_eq!(page.matches("<svg class=\"plot\" role=\"img\" aria-label=\"").count(), 3 + pairs);
    let trades = document["trades"].as_array().unwrap().len();
    assert_eq!(page.matches("href=\"#in\"").count(), trades + 1, "each entry, and the key");
    for times in ["1\u{d7}", "2\u{d7}", "3\u{d7}"] {
        assert!(page.contains(&format!("<th class=\"w\" scope=\"row\">{times}</th>")), "{times}");
    }
}

#[test]
fn the_same_manifest_gives_the_same_page() {
    let world = lived();
    let (_, first) = page(&world, &[]);
    let (_, again) = page(&world, &[]);
    assert!(first == again);
    let (_, dearer) = page(&world, &["--costs", "2x"]);
    assert!(first != dearer);
}

#[test]
fn a_page_loads_nothing_and_runs_nothing() {
    let (_, page) = page(&lived(), &[]);
    for outside in ["http:", "https:", "<script", "<link", "<img", "url(", "@import", "src=", "onload"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_page_takes_the_place_of_nothing_that_the_program_lives_on() {
    let world = lived();
    let before = world.db_bytes();
    for file in ["trader.db", "trader.db-wal", "trader.db.lock", "nowhere/page.html", "."] {
        let run = world.run(&["backtest", "--from", "2026-08-28", "--html", file]).expect(2);
        assert!(run.stderr.contains(file) && run.stderr.contains("the page") && run.stdout.is_empty(), "{file}: {run}");
    }
    assert!(world.db_bytes() == before);
    assert_eq!(world.value("SELECT count(*) FROM trials"), "0", "nothing was tried");
    fs::write(world.path("page.html"), "the one before").unwrap();
    page(&world, &[]);
    let names = world.names();
    assert!(names.iter().all(|name| !name.contains(".part")), "{names:?}");
}

#[test]
fn a_full_disk_leaves_the_page_before_and_tells_the_cause() {
    let world = lived();
    world.query("PRAGMA wal_checkpoint(TRUNCATE)");
    let (run, whole) = page(&world, &[]);
    drop(run);
    fs::write(world.path("page.html"), "the one before").unwrap();
    // Enough for what the database writes, and not for the page.
    let bytes = whole.len() as u64 - 1024;
    let Some(run) = world.run_capped(bytes, &["backtest", "--from", "2026-08-28", "--html", "page.html"]) else {
        return;
    };
    let run = run.expect(7);
    assert_eq!((&run.json()["status"], &run.json()["errors"][0]["code"]), (&"storage".into(), &"storage".into()));
    assert!(run.stderr.contains("page.html: File too large"), "{run}");
    assert_eq!(fs::read_to_string(world.path("page.html")).unwrap(), "the one before");
    assert!(world.names().iter().all(|name| !name.contains(".part")), "{:?}", world.names());
}

/// The browser; none where there is none.
pub(crate) fn browser() -> Option<&'static str> {
    let is_there = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(is_there);
    if found.is_none() {
        eprintln!("SKIPPED: there is no chromium to lay a page out with");
    }
    found
}

/// Lays a page out in a frame of this width, and tells: the width of all of it, what is wider than the frame though it does
/// not scroll in itself, and the colour of the paper.
const MEASURE: &str = r#"<body><script>
const frame = document.createElement("iframe");
frame.style = "width:WIDTHpx;height:900px;border:0";
frame.onload = () => {
  const page = frame.contentDocument, wide = [];
  for (const element of page.querySelectorAll("main *")) {
    const box = element.getBoundingClientRect();
    if (box.right > WIDTH + 0.5 && !element.closest(".scroll, details:not([open])")) wide.push(element.tagName + ":" + element.textContent.slice(0, 20));
  }
  const paper = frame.contentWindow.getComputedStyle(page.body).backgroundColor;
  document.body.textContent = "[" + [page.documentElement.scrollWidth, wide.join(";"), paper].join("|") + "]";
};
frame.srcdoc = TEXT;
document.body.append(frame);
</script>"#;

/// What the browser measures.
pub(crate) fn measured(browser: &str, world: &World, page: &str, width: u32, scheme: u32) -> Vec<String> {
    let text = serde_json::to_string(page).unwrap().replace('<', "\\u003c");
    let harness = MEASURE.replace("WIDTH", &width.to_string()).replace("TEXT", &text);
    fs::write(world.path("harness.html"), harness).unwrap();
    let mut command = world.dress(Command::new("timeout"));
    command.args([
        "120",
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--window-size=1400,1000",
    ]);
    command.arg(format!("--blink-settings=preferredColorScheme={scheme}"));
    command.arg(format!("--user-data-dir={}", world.path("browser").display()));
    command.args(["--dump-dom", &format!("file://{}", world.path("harness.html").display())]);
    let run = Run::of(command);
    let told = run.stdout.rsplit_once('[').and_then(|(_, rest)| rest.split_once(']'));
    let Some((told, _)) = told else { panic!("the browser measured nothing: {run}") };
    told.split('|').map(str::to_owned).collect()
}

#[test]
fn nothing_is_wider_than_a_phone_or_a_desk_and_dark_is_dark() {
    let Some(browser) = browser() else { return };
    let world = lived();
    let (_, page) = page(&world, &[]);
    for (width, scheme, paper) in
        [(390, 1, "rgb(252, 251, 248)"), (1280, 1, "rgb(252, 251, 248)"), (390, 0, "rgb(23, 24, 27)")]
    {
        let told = measured(browser, &world, &page, width, scheme);
        assert_eq!(told, [&width.to_string(), "", paper], "{width}");
    }
    let planted = page.replace("</main>", "<p style=\"width:500px\">too wide</p></main>");
    let told = measured(browser, &world, &planted, 390, 1);
    assert_eq!(told[..2], ["520", "P:too wide"], "what is too wide is found");
}
