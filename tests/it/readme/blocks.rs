//! Reading a README: its fenced blocks and its tables.

/// A fenced block: what follows the fence's opening, and its lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) language: String,
    pub(super) lines: Vec<String>,
}

/// All fenced blocks, in order.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        match (open.as_mut(), line.strip_prefix("```")) {
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => block.lines.push(line.to_owned()),
            (None, Some(language)) => open = Some(Block { language: language.trim().to_owned(), lines: Vec::new() }),
            (None, None) => {}
        }
    }
    assert_eq!(open, None, "a block that is never closed");
    found
}

/// The cells of the first table under a heading, without its head.
pub(super) fn table(text: &str, heading: &str) -> Vec<Vec<String>> {
    let below = text.lines().skip_while(|line| *line != heading).skip(1);
    let rows = below.skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    rows.skip(2).map(cells).collect()
}

/// Every word of the text that begins so, each once: letters, digits and underscores belong to a word.
pub(super) fn words(text: &str, start: &str) -> Vec<String> {
    let all = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut found: Vec<String> = all.filter(|word| word.starts_with(start)).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}

/// A command of a transcript and what it printed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) command: String,
    pub(super) output: Vec<String>,
}

/// The commands of a transcript.
pub(super) fn transcript(block: &Block) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    for line in &block.lines {
        match (line.strip_prefix("$ "), all.last_mut()) {
            (Some(command), _) => all.push(Shown { command: command.to_owned(), output: Vec::new() }),
            (None, Some(shown)) => shown.output.push(line.clone()),
            (None, None) => panic!("a transcript begins with a command: {line}"),
        }
    }
    all
}

/// Compares what is shown with what is so. A line that is `…` alone stands for any lines, `…` within a line for any text.
/// Gives the first line that is not so.
pub(super) fn differs(shown: &[String], real: &str) -> Option<String> {
    let real: Vec<&str> = real.lines().collect();
    let (mut at, mut anywhere) = (0, false);
    for line in shown {
        if line == "…" {
            anywhere = true;
            continue;
        }
        let within = if anywhere { &real[at..] } else { real.get(at..=at).unwrap_or_default() };
        let Some(ahead) = within.iter().position(|real| is_like(line, real)) else { return Some(line.clone()) };
        (at, anywhere) = (at + ahead + 1, false);
    }
    let rest = real.get(at).filter(|_| !anywhere)?;
    Some(format!("nothing more, but there is: {rest}"))
}

fn is_like(shown: &str, real: &str) -> bool {
    let Some((first, rest)) = shown.split_once('…') else { return shown == real };
    let Some(mut left) = real.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split('…').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some((_, after)) = left.split_once(piece) else { return false };
        left = after;
    }
    left.ends_with(last)
}

#[test]
fn what_is_left_out_may_be_anything_and_what_is_shown_must_be_so() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for (shown, real, fits) in [
        ("a\nb", "a\nb", true),
        ("a", "a\nb", false),
        ("a\nb", "a", false),
        ("a\n…", "a\nb\nc", true),
        ("…\nc", "a\nb\nc", true),
        ("a\n…\nb", "a\nc", false),
        ("x…z", "xyz", true),
        ("x…y…", "xzzy!", true),
        ("x…y", "xyz", false),
        ("…y", "xz", false),
    ] {
        assert_eq!(differs(&lines(shown), real).is_none(), fits, "{shown:?} of {real:?}");
    }
}

#[test]
fn blocks_tables_and_words_are_found() {
    let text = "# T\n```sh\nls\n```\n## A\nx\n| a | b |\n|---|---|\n| 1 | `two` |\n\nAB_C, AB_D.\n";
    assert_eq!(blocks(text), [Block { language: "sh".to_owned(), lines: vec!["ls".to_owned()] }]);
    assert_eq!(table(text, "## A"), [["1", "`two`"]]);
    assert_eq!(words(text, "AB_"), ["AB_C", "AB_D"]);
}
