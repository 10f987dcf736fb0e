//! The trend analyst against scores that were computed elsewhere.

use crate::paper_account::Recording;
use crate::world::World;

/// ETH/USDT, hourly candles: the score of plain sums over the same candles in another language, which knows nothing of points
/// in tenths. Each of five rules may be a twentieth off.
const ELSEWHERE: [(&str, f64); 4] = [
    ("2021-06-20T13:00:30Z", -57.50),
    ("2022-11-10T21:00:30Z", -36.73),
    ("2023-10-25T08:00:30Z", 56.46),
    ("2024-03-05T16:00:30Z", 83.73),
];

#[test]
fn scores_of_recorded_candles_are_those_that_were_computed_elsewhere() {
    for (now, score) in ELSEWHERE {
        let Some(recording) = Recording::unpack(now, now, &["ETHUSDT"]) else { return };
        let world = World::new().with("TRADER_STRATEGY_NAME", "trend").with("TRADER_PAIRS", "ETH/USDT");
        let run = world.run(&["cycle", "--replay", &recording.folder.display().to_string(), "--now", now]);
        let told = run.pair("ETH/USDT")["score"].as_f64().unwrap();
        assert!((told - score).abs() <= 0.25, "{now}: {told} instead of {score}");
    }
}
