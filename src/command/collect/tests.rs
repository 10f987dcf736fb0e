use super::*;
use crate::market::{Row, Sifter};

const START: UtcMillis = UtcMillis::new(1_710_288_000_000);

fn at(minute: i64) -> UtcMillis {
    Timeframe::M1.step(START, minute)
}

fn key() -> SeriesKey {
    SeriesKey { symbol: "BTC/USDT".parse().unwrap(), timeframe: Timeframe::M1 }
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
    let batch = Batch { candles: candles(minutes, 2.0), ..Batch::default() };
    match gap {
        Some(gap) => collected.old.push((gap, batch)),
        None => collected.take(&key(), batch),
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
    let now = at(10_000);
    let asked = |newest, first| due(&key(), newest, first, now).into_iter().map(|w| (w.from, w.to)).collect::<Vec<_>>();
    for (newest, from, to) in [
        (None, None, Some(at(9_999))),
        (Some(at(9_998)), Some(at(9_996)), None),
        (Some(at(5_000)), Some(at(4_998)), None),
        (Some(at(4_999)), None, Some(at(9_999))),
    ] {
        assert_eq!(asked(newest, None), [(from, to)], "{newest:?}");
        let page = |from, to| (Some(at(from)), Some(at(to)));
        let looked_back = if to.is_some() { vec![page(8_050, 8_999), (from, to)] } else { vec![(from, to)] };
        assert_eq!(asked(newest, Some(at(8_050))), looked_back, "{newest:?}");
    }
    assert_eq!(asked(Some(at(9_999)), Some(at(8_050))), []);
    // From 8,999 on the newest page is not enough; from 7,999 on two are not.
    for (first, from) in [(9_000, vec![]), (8_999, vec![8_999]), (8_000, vec![8_000]), (7_999, vec![7_999, 8_999])] {
        let begins = asked(None, Some(at(first))).into_iter().filter_map(|(from, _)| from).collect::<Vec<_>>();
        assert_eq!(begins, from.into_iter().map(at).collect::<Vec<_>>(), "{first}");
    }
}

#[test]
fn what_a_page_tells_once_more_is_taken_once_and_its_gaps_are_counted_once() {
    for (pages, known, gaps) in [
        (vec![vec![0, 1, 2], vec![3, 4]], vec![0, 1, 2, 3, 4], vec![]),
        (vec![vec![0, 1, 2], vec![5, 6]], vec![0, 1, 2, 5, 6], vec![stretch(3, 4)]),
        (vec![vec![0, 1, 2], vec![1, 2, 5, 6]], vec![0, 1, 2, 5, 6], vec![stretch(3, 4)]),
        (vec![vec![0, 2], vec![0, 2, 5, 7]], vec![0, 2, 5, 7], vec![stretch(1, 1), stretch(3, 4), stretch(6, 6)]),
        (vec![vec![0, 2], vec![0, 2]], vec![0, 2], vec![stretch(1, 1)]),
        (vec![vec![], vec![0, 2]], vec![0, 2], vec![stretch(1, 1)]),
    ] {
        let mut collected = stored(&[]);
        for page in &pages {
            let mut sifter = Sifter::new(Timeframe::M1, None, at(99));
            for minute in page {
                let one = b"1".as_slice();
                let (open_time, extras) = (at(*minute), None);
                sifter.push(Ok(&Row { open_time, open: one, high: one, low: one, close: one, volume: one, extras }));
            }
            collected.take(&key(), sifter.finish());
        }
        let taken: Vec<_> = collected.fresh.candles.iter().map(Candle::open_time).collect();
        assert_eq!(taken, known.into_iter().map(at).collect::<Vec<_>>(), "{pages:?}");
        assert_eq!(collected.fresh.gaps, gaps, "{pages:?}");
    }
}

#[test]
fn of_the_pages_a_series_begins_with_all_are_taken_or_none() {
    let lost = || Some(Fault::Timeout { host: "x".to_owned() });
    for (faults, taken, told) in [
        ([None, None], vec![0, 1], 0),
        ([lost(), None], vec![], 1),
        ([None, lost()], vec![], 1),
        ([lost(), lost()], vec![], 1),
    ] {
        let mut collection = Collection { series: BTreeMap::from([(key(), stored(&[]))]), ..Collection::default() };
        for (minute, fault) in (0..).zip(faults) {
            let wanted = Wanted { key: key(), from: Some(at(minute)), to: Some(at(minute)), pages: Pages::One };
            let candles = if fault.is_none() { candles(&[minute], 1.0) } else { Vec::new() };
            let answer = Answer { batch: Batch { candles, ..Batch::default() }, fault, ..Answer::default() };
            collection.take(&Question { wanted, gap: None }, answer);
        }
        let known: Vec<_> = collection.series[&key()].fresh.candles.iter().map(Candle::open_time).collect();
        assert_eq!((known, collection.faults.len()), (taken.into_iter().map(at).collect(), told));
    }
}
