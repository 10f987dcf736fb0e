//! The text format of Prometheus (version 0.0.4).

use super::catalogue::Metric;

/// Samples of metrics, in the order of the catalogue whatever the order in which they came.
#[derive(Debug)]
pub(super) struct Sheet {
    /// By the metric's place in the catalogue.
    samples: Vec<Vec<String>>,
}

impl Sheet {
    pub(super) fn new() -> Self {
        Self { samples: vec![Vec::new(); Metric::ALL.len()] }
    }

    /// Adds a sample; what is no number is left out, as everything is that is not known.
    pub(super) fn add(&mut self, metric: Metric, labels: &[&str], value: impl Into<Option<f64>>) {
        debug_assert_eq!(labels.len(), metric.labels().len(), "{}", metric.name());
        let Some(value) = value.into().filter(|value| value.is_finite()) else { return };
        let named: Vec<String> =
            metric.labels().iter().zip(labels).map(|(name, of)| format!("{name}=\"{}\"", escaped(of))).collect();
        let labels = if named.is_empty() { String::new() } else { format!("{{{}}}", named.join(",")) };
        // No negative zero.
        self.samples[metric as usize].push(format!("{}{labels} {}", metric.name(), value + 0.0));
    }

    /// All of it: a metric without a sample is not mentioned.
    pub(super) fn text(&self) -> String {
        let written = Metric::ALL.iter().zip(&self.samples).filter(|(_, samples)| !samples.is_empty());
        let lines = written.map(|(metric, samples)| {
            let (name, kind) = (metric.name(), metric.kind().word());
            format!("# HELP {name} {}\n# TYPE {name} {kind}\n{}", metric.help(), samples.join("\n"))
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// A label's value between its quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_what_is_no_number_is_left_out() {
        let mut sheet = Sheet::new();
        sheet.add(Metric::Score, &["a\\b\"c\nd"], 1.5);
        sheet.add(Metric::Score, &["unknown"], None);
        sheet.add(Metric::Score, &["nan"], f64::NAN);
        sheet.add(Metric::Heat, &[], -0.0);
        sheet.add(Metric::DatabaseUp, &[], 1.0);
        let expected = "# HELP trader_database_up 1 when the database could be read for this; 0 when all that follows from it is missing.\n\
             # TYPE trader_database_up gauge\n\
             trader_database_up 1\n\
             # HELP trader_score The score of the newest decision, from -100 to 100.\n\
             # TYPE trader_score gauge\n\
             trader_score{symbol=\"a\\\\b\\\"c\\nd\"} 1.5\n\
             # HELP trader_heat_ratio What all stops together would lose, of equity.\n\
             # TYPE trader_heat_ratio gauge\n\
             trader_heat_ratio 0";
        assert_eq!(sheet.text(), expected);
    }
}
