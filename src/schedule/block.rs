//! Our block in somebody else's crontab: found, replaced, taken out; every other line stays, byte for byte.

use super::Made;

/// The first line of what is ours.
pub const BEGIN: &str = "# BEGIN trader (managed)";
const END: &str = "# END trader";
const MADE_FROM: &str = "# made from ";

/// The markers do not stand as they should: whoever moved them has to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{marker}` without its other half; mend or delete the block by hand")]
pub struct Torn {
    /// Counted from 1.
    pub line: usize,
    /// Which marker.
    pub marker: &'static str,
}

/// The text between our markers.
pub(super) fn marked(body: &str) -> String {
    format!("{BEGIN}\n{body}{END}\n")
}

/// The line that says what a schedule was made from.
pub(super) fn made_from(made: &Made) -> String {
    let json = serde_json::to_string(made).unwrap_or_default();
    format!("{MADE_FROM}{json}")
}

/// Whether a file is one that we made.
pub fn is_ours(text: &str) -> bool {
    text.lines().any(|line| line.trim_end() == BEGIN)
}

impl Made {
    /// What a schedule says that it was made from; none where it says nothing that is understood.
    pub fn of(schedule: &str) -> Option<Self> {
        let line = schedule.lines().find_map(|line| line.strip_prefix(MADE_FROM))?;
        serde_json::from_str(line).ok()
    }
}

/// A crontab, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crontab {
    before: String,
    block: Option<String>,
    after: String,
}

impl Crontab {
    /// Takes it apart. Two blocks, or half of one, are nothing we would touch.
    pub fn read(text: &str) -> Result<Self, Torn> {
        let (mut crontab, mut opened, mut is_closed) =
            (Self { before: String::new(), block: None, after: String::new() }, None, false);
        for (n, line) in text.split_inclusive('\n').enumerate() {
            match line.trim_end() {
                BEGIN if opened.is_some() => return Err(Torn { line: n + 1, marker: BEGIN }),
                BEGIN => (opened, crontab.block) = (Some(n + 1), Some(line.to_owned())),
                END if opened.is_none() || is_closed => return Err(Torn { line: n + 1, marker: END }),
                _ if is_closed => crontab.after.push_str(line),
                end => {
                    crontab.block.as_mut().unwrap_or(&mut crontab.before).push_str(line);
                    is_closed = end == END;
                }
            }
        }
        match opened {
            Some(line) if !is_closed => Err(Torn { line, marker: BEGIN }),
            _ => Ok(crontab),
        }
    }

    /// Our block, where there is one.
    pub fn block(&self) -> Option<&str> {
        self.block.as_deref()
    }

    /// The whole crontab with this block in the place of ours, or at its end.
    pub fn with(&self, block: &str) -> String {
        if self.block.is_some() || self.before.is_empty() {
            return format!("{}{block}{}", self.before, self.after);
        }
        let end = if self.before.ends_with('\n') { "" } else { "\n" };
        format!("{}{end}{block}", self.before)
    }

    /// The whole crontab without our block.
    pub fn without(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    /// How many lines below our block say something: what the block sets counts for them as well.
    pub fn below(&self) -> usize {
        let says = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        self.after.lines().filter(says).count()
    }

    /// Lines that are not ours and run a cycle.
    pub fn strangers(&self) -> Vec<String> {
        [&self.before, &self.after]
            .into_iter()
            .flat_map(|text| text.lines())
            .filter(|line| runs_a_cycle(line))
            .map(str::to_owned)
            .collect()
    }
}

/// Whether a line starts `trader`, wherever that lies, with `cycle` among its words.
pub fn runs_a_cycle(line: &str) -> bool {
    if line.trim_start().starts_with('#') {
        return false;
    }
    let bare = |word: &str| word.trim_matches(|c| "\"'();&|".contains(c)).to_owned();
    let words: Vec<String> = line.split_whitespace().map(bare).collect();
    let program = words.iter().position(|word| word == "trader" || word.ends_with("/trader"));
    program.is_some_and(|at| words[at..].iter().any(|word| word == "cycle"))
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::plan;
    use super::*;

    const BLOCK: &str = "# BEGIN trader (managed)\nours\n# END trader\n";

    #[test]
    fn other_lines_stay_byte_for_byte_and_the_block_stands_once() {
        for other in ["", "a\n", "a", "\tb  \r\n\n# c\n", "no end of a line\n\n\n"] {
            let installed = Crontab::read(other).unwrap().with(BLOCK);
            assert_eq!(installed.matches(BEGIN).count(), 1);
            let again = Crontab::read(&installed).unwrap();
            assert_eq!((again.block(), again.with(BLOCK)), (Some(BLOCK), installed.clone()), "twice changes nothing");
            // A last line without its end got one: a crontab without is refused.
            let whole = if other.is_empty() || other.ends_with('\n') { other.to_owned() } else { format!("{other}\n") };
            assert_eq!(again.without(), whole);
            let moved = Crontab::read(&format!("{installed}later\n")).unwrap();
            assert_eq!(moved.with("new\n"), format!("{whole}new\nlater\n"));
            assert_eq!(moved.without(), format!("{whole}later\n"));
            assert_eq!((moved.below(), again.below()), (1, 0), "what stands above it is not touched by what it sets");
        }
    }

    #[test]
    fn half_a_block_or_two_are_not_touched() {
        for (text, line, marker) in [
            ("a\n# BEGIN trader (managed)\nb\n", 2, BEGIN),
            ("a\n# END trader\n", 2, END),
            ("# BEGIN trader (managed)\n# BEGIN trader (managed)\n# END trader\n", 2, BEGIN),
            ("# BEGIN trader (managed)\n# END trader\n# END trader\n", 3, END),
            ("# BEGIN trader (managed)\n# END trader\n# BEGIN trader (managed)\n# END trader\n", 3, BEGIN),
        ] {
            assert_eq!(Crontab::read(text), Err(Torn { line, marker }), "{text}");
        }
    }

    #[test]
    fn lines_that_run_a_cycle_are_found_however_they_are_written() {
        for line in [
            "0 * * * * trader cycle",
            "0 * * * * sleep 20 && /usr/local/bin/trader -q cycle --summary-file x",
            "@hourly cd /x; '/opt/my trader/trader' cycle>>y cycle",
            "5 * * * * root (\"/a/trader\" cycle)",
        ] {
            assert!(runs_a_cycle(line), "{line}");
        }
        for line in [
            "# 0 * * * * trader cycle",
            "0 * * * * trader status",
            "0 * * * * daytrader cycle",
            "0 * * * * cycle trader",
            "",
        ] {
            assert!(!runs_a_cycle(line), "{line}");
        }
        let text = format!("0 * * * * trader cycle\n{BLOCK}1 * * * * /b/trader cycle\n2 * * * * x\n");
        assert_eq!(Crontab::read(&text).unwrap().strangers(), ["0 * * * * trader cycle", "1 * * * * /b/trader cycle"]);
    }

    #[test]
    fn a_schedule_says_what_it_was_made_from() {
        let made = plan().made;
        let text = marked(&format!("{}\nrest\n", made_from(&made)));
        assert_eq!(Made::of(&text), Some(made));
        assert!(is_ours(&text) && !is_ours("0 * * * * x\n"));
        assert_eq!((Made::of("x"), Made::of("# made from {}")), (None, None));
    }
}
