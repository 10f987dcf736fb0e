use super::*;

const START: UtcMillis = UtcMillis::new(1_710_288_000_000);

fn at(minute: i64) -> UtcMillis {
    Timeframe::M1.step(START, minute)
}

fn stretch(from: i64, to: i64) -> Stretch {
    Stretch { from: at(from), to: at(to) }
}

fn candles(minutes: &[i64], price: f64) -> Vec<Candle> {
    minutes.iter().map(|m| Candle::from_parts(at(*m), [price; 4], 1.0, None).unwrap()).collect()
}

fn stored(minutes: &[i64]) -> Collected {
    Collected::new(Series::new(Timeframe::M1, candles(minutes, 1.0)).unwrap(), None)
}

fn take(collected: &mut Collected, minutes: &[i64], gap: Option<Stretch>) {
    let key = SeriesKey { symbol: "BTC/USDT".parse().unwrap(), timeframe: Timeframe::M1 };
    let batch = Batch { candles: candles(minutes, 2.0), ..Batch::default() };
    match gap {
        Some(gap) => collected.old.push((gap, batch)),
        None => collected.take(&key, batch),
    }
}

#[test]
fn what_is_missing_between_the_stored_and_the_new_candles_is_a_gap() {
    for (old, answers, gaps) in [
        (vec![], vec![vec![5, 6]], vec![]),
        (vec![0, 1, 2], vec![vec![0, 1, 2, 3]], vec![]),
        (vec![0, 1, 2], vec![vec![3]], vec![]),
        (vec![0, 1, 2], vec![vec![], vec![5]], vec![stretch(3, 4)]),
        (vec![0, 1, 2], vec![vec![5], vec![8]], vec![stretch(3, 4), stretch(6, 7)]),
    ] {
        let mut collected = stored(&old);
        for answer in &answers {
            take(&mut collected, answer, None);
        }
        assert_eq!(collected.fresh.gaps, gaps, "{old:?}, then {answers:?}");
    }
}

#[test]
fn answers_are_laid_over_what_is_stored_and_old_gaps_are_filled() {
    let mut collected = stored(&[0, 1, 4]);
    take(&mut collected, &[2], Some(stretch(2, 3)));
    take(&mut collected, &[4, 5], None);
    collected.merge();
    let known: Vec<_> = collected.series.candles().iter().map(|c| (c.open_time(), c.close())).collect();
    assert_eq!(known, [(at(0), 1.0), (at(1), 1.0), (at(2), 2.0), (at(4), 2.0), (at(5), 2.0)]);
    assert_eq!((collected.added, collected.revised), (2, 1));
    assert_eq!(collected.fresh.gaps, [], "the rest of an old gap is no new one");
}

#[test]
fn an_old_gap_that_was_asked_for_in_vain_has_to_be_stored() {
    let mut collected = stored(&[0, 1, 4]);
    take(&mut collected, &[], None);
    assert!(collected.is_untouched());
    take(&mut collected, &[], Some(stretch(2, 3)));
    assert!(!collected.is_untouched(), "the attempt counts");
}

#[test]
fn a_series_far_behind_begins_with_its_newest_page_or_as_far_back_as_is_looked() {
    let key = SeriesKey { symbol: "BTC/USDT".parse().unwrap(), timeframe: Timeframe::M1 };
    let now = at(10_000);
    let asked = |newest, first| due(&key, newest, first, now).into_iter().map(|w| (w.from, w.to)).collect::<Vec<_>>();
    for (newest, from, to) in [
        (None, None, Some(at(9_999))),
        (Some(at(9_998)), Some(at(9_996)), None),
        (Some(at(5_000)), Some(at(4_998)), None),
        (Some(at(4_999)), None, Some(at(9_999))),
    ] {
        assert_eq!(asked(newest, None), [(from, to)], "{newest:?}");
        let page = |from, to| (Some(at(from)), Some(at(to)));
        let looked_back = if to.is_some() { vec![page(8_050, 9_049), page(9_050, 9_999)] } else { vec![(from, to)] };
        assert_eq!(asked(newest, Some(at(8_050))), looked_back, "{newest:?}");
    }
    assert_eq!(asked(Some(at(9_999)), Some(at(8_050))), []);
}
