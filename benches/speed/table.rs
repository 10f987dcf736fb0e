//! The table: what was measured, beside its limit.

/// The better side of a limit.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    AtMost(f64),
    AtLeast(f64),
    /// Told without a limit.
    None,
}

/// One line.
pub(crate) struct Line {
    what: String,
    unit: &'static str,
    values: Vec<f64>,
    limit: Limit,
}

impl Line {
    pub(crate) fn new(what: impl Into<String>, unit: &'static str, limit: Limit, mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { what: what.into(), unit, values, limit }
    }

    fn median(&self) -> f64 {
        self.values[self.values.len() / 2]
    }

    fn verdict(&self) -> &'static str {
        match self.limit {
            Limit::AtMost(most) if self.median() <= most => "ok",
            Limit::AtLeast(least) if self.median() >= least => "ok",
            Limit::None => "",
            Limit::AtMost(_) | Limit::AtLeast(_) => "MISSED",
        }
    }

    /// Prints itself at once: a whole table takes a while.
    pub(crate) fn print(&self) {
        let [first, .., last] = self.values.as_slice() else { return };
        let limit = match self.limit {
            Limit::AtMost(limit) => format!("<= {}", number(limit)),
            Limit::AtLeast(limit) => format!(">= {}", number(limit)),
            Limit::None => String::new(),
        };
        let range = format!("({}..{})", number(*first), number(*last));
        let (what, median, unit, verdict) = (&self.what, number(self.median()), self.unit, self.verdict());
        println!("{what:<46} {median:>9} {range:<20} {unit:<12} {limit:<11} {verdict}");
    }
}

pub(crate) fn print_head() {
    println!("{:<46} {:>9} {:<20} {:<12} {:<11} ok", "what", "median", "(min..max)", "unit", "limit");
    println!("{}", "-".repeat(46 + 1 + 9 + 1 + 20 + 1 + 12 + 1 + 11 + 1 + 6));
}

/// Three digits that matter.
fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}
