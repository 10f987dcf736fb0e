//! How hot the book is when coins fall together: `sqrt(h' C h)` of the open risks `h` and the correlations `C` of daily
//! returns. Correlations are held at 0.5 or more, since in a crash they go to 1; where they cannot be told they are 1.

/// The lowest correlation that is believed between two coins paid in the same asset.
const FLOOR: f64 = 0.5;
/// Daily returns that it takes to tell a correlation.
const NEEDED: usize = 30;

/// The heat of positions with these open risks and daily returns, in the same order, the newest return last.
pub fn correlated(risks: &[f64], returns: &[Vec<f64>]) -> f64 {
    let mut sum = 0.0;
    for (i, a) in risks.iter().enumerate() {
        for (j, b) in risks.iter().enumerate() {
            let together = if i == j { 1.0 } else { correlation(&returns[i], &returns[j]) };
            sum += a * b * together;
        }
    }
    sum.max(0.0).sqrt()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    if n < NEEDED {
        return 1.0;
    }
    let (a, b) = (&a[a.len() - n..], &b[b.len() - n..]);
    let mean = |x: &[f64]| x.iter().sum::<f64>() / n as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let covariance =
        |x: &[f64], mx: f64, y: &[f64], my: f64| -> f64 { x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum() };
    let spread = (covariance(a, mean_a, a, mean_a) * covariance(b, mean_b, b, mean_b)).sqrt();
    if spread > 0.0 { (covariance(a, mean_a, b, mean_b) / spread).clamp(FLOOR, 1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(phase: f64) -> Vec<f64> {
        (0..40).map(|i| (std::f64::consts::TAU * (f64::from(i) / 40.0 + phase)).sin()).collect()
    }

    #[test]
    fn risks_add_up_as_far_as_coins_move_together() {
        // Published vectors: three positions of 2 %, correlations of 0.5 and 1.
        for (returns, expected) in [
            ([wave(0.0), wave(0.0), wave(0.0)], 0.06),
            ([wave(0.0), wave(1.0 / 3.0), wave(2.0 / 3.0)], 0.048_989_794_86),
            ([wave(0.0)[..20].to_vec(), wave(0.3), wave(0.6)[..10].to_vec()], 0.06),
        ] {
            let heat = correlated(&[0.02; 3], &returns);
            assert!((heat - expected).abs() < 1e-9, "{heat} instead of {expected}");
        }
        // Waves a tenth of a turn apart correlate as cos 36°.
        let rho = (std::f64::consts::TAU / 10.0).cos();
        let heat = correlated(&[0.02, 0.01], &[wave(0.0), wave(0.1)]);
        assert!((heat - (0.0005 + 2.0 * 0.0002 * rho).sqrt()).abs() < 1e-12);
        assert!(correlated(&[], &[]).abs() < 1e-12);
    }
}
