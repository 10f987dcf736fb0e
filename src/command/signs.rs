//! Lines that begin with a sign: what is right, what is not, and the way out.

/// What a line begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// It is right.
    Good,
    /// It deserves a look.
    Doubtful,
    /// It is wrong.
    Bad,
    /// It was not looked at.
    Skipped,
}

impl Sign {
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Doubtful => "!",
            Self::Bad => "✗",
            Self::Skipped => "–",
        }
    }

    /// Green, yellow, red, grey.
    const fn colour(self) -> u8 {
        match self {
            Self::Good => 32,
            Self::Doubtful => 33,
            Self::Bad => 31,
            Self::Skipped => 90,
        }
    }
}

/// A line.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) sign: Sign,
    pub(super) name: String,
    pub(super) text: String,
    /// On a line of its own below.
    pub(super) remedy: Option<String>,
}

/// The lines, their names in one column.
pub(super) fn lines(all: &[Signed], colour: bool) -> String {
    let width = all.iter().map(|line| line.name.chars().count()).max().unwrap_or_default();
    let lines: Vec<String> = all.iter().map(|line| line.drawn(width, colour)).collect();
    lines.join("\n")
}

impl Signed {
    fn drawn(&self, width: usize, colour: bool) -> String {
        let (word, code) = (self.sign.word(), self.sign.colour());
        let sign = if colour { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() };
        let line = format!("{sign} {:width$}  {}", self.name, self.text);
        match &self.remedy {
            Some(remedy) => format!("{line}\n  {:width$}  → {remedy}", ""),
            None => line,
        }
    }
}
