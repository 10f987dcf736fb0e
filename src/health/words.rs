//! Stretches of time and sizes as people read them.

/// A stretch of time: its two largest units, `3 d 4 h`, `1 h 5 min`, `12 min`, `20 s`.
pub fn span(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let two = |large: i64, unit: &str, small: i64, smaller: &str| {
        if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {smaller}") }
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => two(hours, "h", minutes, "min"),
        (_, _, _) => two(days, "d", hours, "h"),
    }
}

/// A size in steps of a thousand: `512 B`, `1.2 MB`, `24.0 GB`.
pub fn size(bytes: f64) -> String {
    let (mut left, mut unit) = (bytes.abs(), "B");
    for larger in ["kB", "MB", "GB", "TB"] {
        if left < 999.95 {
            break;
        }
        (left, unit) = (left / 1000.0, larger);
    }
    let sign = if bytes < 0.0 { "-" } else { "" };
    if unit == "B" { format!("{sign}{left:.0} B") } else { format!("{sign}{left:.1} {unit}") }
}
