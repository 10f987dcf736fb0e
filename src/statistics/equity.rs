//! What an equity curve went through. A curve begins with the equity before the first period.

use super::{finite, ratio, total_return};

/// The curve that these returns draw from `start` on: one point more than there are returns.
pub fn equity_curve(start: f64, returns: &[f64]) -> Vec<f64> {
    let later = returns.iter().scan(start, |equity, r| {
        *equity *= 1.0 + r;
        Some(*equity)
    });
    std::iter::once(start).chain(later).collect()
}

/// The simple returns between the points of a curve; none unless all but the last are above 0 and the last is not below.
pub fn returns_of_equity(equity: &[f64]) -> Option<Vec<f64>> {
    equity.windows(2).map(|pair| ratio(pair[1], pair[0]).filter(|kept| *kept >= 0.0).map(|kept| kept - 1.0)).collect()
}

/// At each point how far the equity is below its highest until then: 0 to −1.
///
/// None of no points, unless the first is above 0, and when one is negative.
pub fn drawdowns(equity: &[f64]) -> Option<Vec<f64>> {
    below_peaks(equity, equity)
}

/// At each point how far the equity was below its highest before, at its low, or until then, at its close.
fn below_peaks(closes: &[f64], lows: &[f64]) -> Option<Vec<f64>> {
    let proper = closes.first().is_some_and(|start| *start > 0.0) && closes.len() == lows.len();
    let mut peak = closes.first().copied()?;
    let below = |(close, low): (&f64, &f64)| {
        let at_low = low / peak;
        peak = peak.max(*close);
        finite(at_low.min(close / peak) - 1.0).filter(|_| *close >= 0.0 && *low >= 0.0)
    };
    closes.iter().zip(lows).map(below).collect::<Option<Vec<f64>>>().filter(|_| proper)
}

/// The largest drop from a peak as a share of the peak, between 0 and 1; 0 when the curve never fell.
///
/// None as for [`drawdowns`].
pub fn max_drawdown(equity: &[f64]) -> Option<f64> {
    drawdowns(equity).map(|drawdowns| deepest(&drawdowns))
}

fn deepest(drawdowns: &[f64]) -> f64 {
    drawdowns.iter().fold(0.0, |depth: f64, d| depth.max(-d))
}

/// The largest drop from a peak of the closes to a low: what the closes hide. At least [`max_drawdown`].
///
/// `lows` is the equity with each position at the low of the bar. The low of a bar is before its close, so it is not measured
/// from there; one above the close counts as the close. None as for [`drawdowns`], and when there are not as many of both.
pub fn intrabar_drawdown(closes: &[f64], lows: &[f64]) -> Option<f64> {
    below_peaks(closes, lows).map(|drawdowns| deepest(&drawdowns))
}

/// A time below a peak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Underwater {
    /// How many bars, from the first below the peak to the last.
    pub bars: usize,
    /// Whether the peak was reached again; if not, it is not over.
    pub recovered: bool,
}

/// The longest time below a peak, also when it is not over; of two equally long ones the later.
///
/// None when the curve never fell, and as for [`drawdowns`].
pub fn longest_drawdown(equity: &[f64]) -> Option<Underwater> {
    let drawdowns = drawdowns(equity)?;
    let mut seen = 0;
    let runs = drawdowns.chunk_by(|a, b| (*a < 0.0) == (*b < 0.0)).filter_map(|run| {
        seen += run.len();
        (run[0] < 0.0).then_some(Underwater { bars: run.len(), recovered: seen < drawdowns.len() })
    });
    runs.max_by_key(|run| run.bars)
}

/// The ulcer index, the root of the mean square drawdown over all points with the start (Martin & `McCann`, 1989).
///
/// 0 when the curve never fell; none as for [`drawdowns`].
pub fn ulcer_index(equity: &[f64]) -> Option<f64> {
    let drawdowns = drawdowns(equity)?;
    let squares: f64 = drawdowns.iter().map(|d| d * d).sum();
    finite((squares / drawdowns.len() as f64).sqrt())
}

/// The total return for each share of the largest drawdown; none when the curve never fell, and as for [`drawdowns`].
pub fn recovery_factor(equity: &[f64]) -> Option<f64> {
    ratio(total_return(&returns_of_equity(equity)?)?, max_drawdown(equity)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::{A, assert_close};
    use super::*;

    const SWINGS: [f64; 6] = [100.0, 120.0, 90.0, 130.0, 80.0, 110.0];

    #[test]
    fn the_curve_of_twelve_returns_is_worth_what_was_computed_elsewhere() {
        let equity = equity_curve(1000.0, &A);
        for (what, actual, expected) in [
            ("depth", max_drawdown(&equity), 0.02),
            ("ulcer index", ulcer_index(&equity), 0.009_585_871_609),
            ("recovery factor", recovery_factor(&equity), 1.272_521),
        ] {
            assert_close(what, actual, expected);
        }
        let longest = longest_drawdown(&equity).unwrap();
        assert_eq!(longest.bars, 4);
        for (back, r) in returns_of_equity(&equity).unwrap().into_iter().zip(A) {
            assert_close("a return", back, r);
        }
    }

    #[test]
    fn a_drop_is_measured_from_the_highest_point_before_it() {
        assert_close("130 to 80", max_drawdown(&SWINGS), 0.384_615_384_6);
        assert_close("still open", drawdowns(&SWINGS).unwrap()[5], -0.153_846_153_8);
        assert_eq!(longest_drawdown(&SWINGS), Some(Underwater { bars: 2, recovered: false }));
    }

    #[test]
    fn a_drawdown_lasts_until_its_peak_is_reached_again() {
        let under = |bars, recovered| Some(Underwater { bars, recovered });
        for (equity, longest) in [
            (vec![10.0, 9.0, 8.0, 10.0, 9.0], under(2, true)),
            (vec![10.0, 9.0, 10.0, 9.0, 9.5], under(2, false)),
            (vec![10.0, 9.0, 10.0, 9.0], under(1, false)),
            (vec![10.0, 10.0, 11.0], None),
            (vec![10.0], None),
        ] {
            assert_eq!(longest_drawdown(&equity), longest, "{equity:?}");
        }
    }

    #[test]
    fn the_lows_of_bars_show_what_their_closes_hide() {
        for (what, lows, depth) in [
            ("a low below every close", [100.0, 99.0, 89.0, 120.0, 65.0, 100.0], 0.5),
            ("nothing lower than the closes", SWINGS, 0.384_615_384_6),
            ("lows that are none", [200.0; 6], 0.384_615_384_6),
            // The close of a bar comes after its low: 100 is the peak before it.
            ("a low before a new peak", [100.0, 60.0, 90.0, 130.0, 80.0, 110.0], 0.4),
        ] {
            assert_close(what, intrabar_drawdown(&SWINGS, &lows), depth);
        }
        assert_eq!(intrabar_drawdown(&SWINGS, &SWINGS[1..]), None);
    }

    #[test]
    fn a_curve_that_never_fell_has_no_recovery() {
        let rising = [1.0, 1.0, 2.0];
        assert_eq!((max_drawdown(&rising), ulcer_index(&rising)), (Some(0.0), Some(0.0)));
        assert_eq!((recovery_factor(&rising), longest_drawdown(&rising)), (None, None));
    }

    #[test]
    fn a_curve_without_a_start_or_with_debts_is_none() {
        for equity in [vec![], vec![0.0, 1.0], vec![1.0, -0.1], vec![1.0, f64::NAN], vec![1.0, f64::INFINITY]] {
            assert_eq!((max_drawdown(&equity), ulcer_index(&equity)), (None, None), "{equity:?}");
            assert_eq!((longest_drawdown(&equity), recovery_factor(&equity)), (None, None), "{equity:?}");
        }
        assert_eq!(max_drawdown(&[1.0, 0.0]), Some(1.0));
        assert_eq!(returns_of_equity(&[1.0, 0.0, 1.0]), None);
    }

    proptest! {
        #[test]
        fn a_drawdown_knows_no_currency(
            returns in prop::collection::vec(-0.2f64..0.2, 1..60), start in 0.01f64..1e6,
        ) {
            let (one, other) = (equity_curve(1.0, &returns), equity_curve(start, &returns));
            let (depth, scaled) = (max_drawdown(&one).unwrap(), max_drawdown(&other).unwrap());
            prop_assert!((depth - scaled).abs() < 1e-12 && (0.0..=1.0).contains(&depth));
            prop_assert!(ulcer_index(&one).unwrap() <= depth + 1e-15);
        }

        #[test]
        fn lows_never_make_a_drawdown_smaller(
            bars in prop::collection::vec((1.0f64..9.0, 0.0f64..1.0), 1..60),
        ) {
            let (closes, lows): (Vec<f64>, Vec<f64>) = bars.iter().map(|(close, part)| (*close, close * part)).unzip();
            prop_assert!(intrabar_drawdown(&closes, &lows) >= max_drawdown(&closes));
        }
    }
}
