//! What is counted, against the tables themselves.

use std::collections::BTreeMap;

use crate::world::World;

/// Samples by name and labels.
type Samples = BTreeMap<String, f64>;

/// Samples of the text, and which of them are counters.
fn read(text: &str) -> (Samples, Samples) {
    let counters: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let all: Samples = samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect();
    let is_counter = |name: &str| counters.contains(&name.split('{').next().unwrap_or_default());
    let counted = all.iter().filter(|(name, _)| is_counter(name)).map(|(name, value)| (name.clone(), *value)).collect();
    (all, counted)
}

fn told(world: &World) -> (Samples, Samples) {
    read(&world.run(&["metrics"]).expect(0).stdout)
}

/// For each metric a query that gives its labels, as they stand in the text, and its value.
const TOLD_BY_THE_TABLES: [(&str, &str); 17] = [
    (
        "trader_runs_total",
        "SELECT format('command=\"%s\",exit_code=\"%s\"', command, exit_code), count(*) FROM runs WHERE exit_code IS NOT NULL GROUP BY 1",
    ),
    (
        "trader_agent_executions_total",
        "SELECT format('agent=\"%s\",status=\"%s\"', agent_name, status), count(*) FROM agent_executions GROUP BY 1",
    ),
    (
        "trader_agent_last_success_timestamp_seconds",
        "SELECT format('agent=\"%s\"', agent_name), max(started_at) / 1000.0 FROM agent_executions WHERE status = 'ok' GROUP BY 1",
    ),
    ("trader_candles_total", "SELECT 'command=\"cycle\",change=\"new\"', (SELECT count(*) FROM price_data)"),
    (
        "trader_decisions_total",
        "SELECT format('symbol=\"%s\",decision=\"%s\"', symbol, decision), count(*) FROM trading_decisions GROUP BY 1",
    ),
    ("trader_fills_total", "SELECT format('symbol=\"%s\",side=\"%s\"', symbol, side), count(*) FROM fills GROUP BY 1"),
    ("trader_fees_total", "SELECT format('asset=\"%s\"', fee_asset), sum(CAST(fee AS REAL)) FROM fills GROUP BY 1"),
    (
        "trader_trades_total",
        "SELECT format('symbol=\"%s\",reason=\"%s\"', symbol, reason), count(*) FROM trades GROUP BY 1",
    ),
    (
        "trader_winning_trades_total",
        "SELECT format('symbol=\"%s\"', symbol), sum(CAST(profit AS REAL) > 0) FROM trades GROUP BY 1",
    ),
    (
        "trader_realised_profit",
        "SELECT format('symbol=\"%s\"', symbol), sum(CAST(profit AS REAL)) FROM trades GROUP BY 1",
    ),
    (
        "trader_forecasts_waiting",
        "SELECT format('horizon=\"%dh\"', horizon_ms / 3600000), count(*) FROM forecasts f WHERE NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.decision_id = f.decision_id AND o.horizon_ms = f.horizon_ms AND o.kind = 'horizon') GROUP BY 1",
    ),
    ("trader_forecast_outcomes_total", "SELECT l, count(*) FROM judged GROUP BY 1"),
    ("trader_forecast_actual_roi_mean_ratio", "SELECT l, avg(net) FROM judged GROUP BY 1"),
    ("trader_forecast_absolute_error_mean_ratio", "SELECT l, avg(abs(roi_mean - net)) FROM judged GROUP BY 1"),
    (
        "trader_forecast_hit_ratio",
        "SELECT l, avg(sign(roi_mean) = sign(net)) FROM judged WHERE roi_mean <> 0 GROUP BY 1",
    ),
    (
        "trader_forecast_brier_score",
        "SELECT l, avg(iif(net > 0, (1 - p_gain) * (1 - p_gain), p_gain * p_gain)) FROM judged GROUP BY 1",
    ),
    (
        "trader_newest_candle_close_timestamp_seconds",
        "SELECT format('symbol=\"%s\",timeframe=\"%s\"', symbol, timeframe), max(open_time) / 1000 + 3600 FROM price_data p JOIN series s ON s.id = p.series_id WHERE timeframe = '1h' GROUP BY 1",
    ),
];

const JUDGED: &str = "WITH judged AS (
    SELECT format('kind=\"%s\",horizon=\"%dh\",timeframe=\"%s\"', o.kind, o.horizon_ms / 3600000, d.timeframe) AS l, o.net, f.roi_mean, f.p_gain
      FROM outcomes o JOIN forecasts f USING (decision_id, horizon_ms) JOIN trading_decisions d ON d.id = o.decision_id
     WHERE o.net IS NOT NULL AND f.roi_mean IS NOT NULL)";

#[test]
fn what_is_counted_is_what_the_tables_say_and_never_goes_down() {
    let world = World::new().with("TRADER_FORECAST_HORIZONS_H", "1,4");
    let mut before = Samples::new();
    let mut assert_grown = |what: &str| {
        let (_, counted) = told(&world);
        for (name, value) in &before {
            assert!(counted.get(name).is_some_and(|now| now >= value), "{what}: {name} was {value}: {counted:?}");
        }
        before = counted;
    };
    for hour in 12..=16 {
        world.replay_at(&format!("2026-09-01T{hour}:00:30Z")).expect(0);
        assert_grown("a run");
        world.replay_at(&format!("2026-09-01T{hour}:20:00Z")).expect(0);
        assert_grown("the same candle again");
    }
    assert_eq!(world.value("SELECT min((SELECT count(*) FROM trades), (SELECT count(*) FROM misses))"), "1");
    let (all, _) = told(&world);
    for (name, sql) in TOLD_BY_THE_TABLES {
        let rows = world.query(&format!("{JUDGED} {sql}"));
        assert!(!rows.is_empty(), "{name}");
        for row in rows {
            let (sample, value) = (format!("{name}{{{}}}", row[0]), row[1].parse::<f64>().unwrap());
            let told = all.get(&sample).unwrap_or_else(|| panic!("{sample} is not told"));
            assert!((told - value).abs() < 1e-9 * value.abs().max(1.0), "{sample}: {told}, and the tables say {value}");
        }
    }
    world.query("DELETE FROM agent_executions");
    world.query("UPDATE runs SET summary = NULL");
    assert_grown("rows that were not kept");
}
