use std::time::Instant;
use trader::backtest::{Silent, bars, replay};
use trader::command::{Span, rules, tapes};
use trader::settings::{Flags, Paths, Settings};
use trader::store::{Access, Store};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let vars: Vec<(String, String)> = std::env::vars().filter(|(k, _)| k.starts_with("TRADER_")).collect();
    let flags = Flags { db: Some(args[1].clone().into()), ..Flags::default() };
    let settings = Settings::load(&flags, &vars, &Paths::default()).unwrap();
    let store = Store::open(std::path::Path::new(&args[1]), Access::Read).unwrap();
    let span =
        Span { from: args[2].parse().unwrap(), to: args[3].parse().unwrap(), lengths: settings.cycle_timeframes() };
    let t = Instant::now();
    let tapes = tapes(&settings, &store, &span).unwrap();
    let n: usize = tapes.iter().map(|t| t.decided_on().candles().len()).sum();
    eprintln!("load {n}: {:?}  {:.2} M/s", t.elapsed(), n as f64 / t.elapsed().as_secs_f64() / 1e6);
    for _ in 0..3 {
        let t = Instant::now();
        let bars: Vec<_> = tapes
            .iter()
            .map(|tape| {
                bars(
                    tape,
                    &settings.strategy.analyst(),
                    settings.trading.atr_timeframe,
                    settings.strategy.policy.warm_up,
                )
            })
            .collect();
        let b = t.elapsed();
        let t = Instant::now();
        let r = replay(&tapes, &bars, &rules(&settings, 0), (span.from, span.to), &mut Silent).unwrap();
        let e = t.elapsed();
        eprintln!(
            "bars {:?} ({:.0} ns), replay {:?} ({:.0} ns), trades {}, last {:?}",
            b,
            b.as_nanos() as f64 / n as f64,
            e,
            e.as_nanos() as f64 / n as f64,
            r.trades.len(),
            r.last.map(|m| (m.equity.to_string(), m.state))
        );
    }
}
