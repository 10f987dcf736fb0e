//! Every metric there can be: its name, its kind, its labels and what it means.

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only ever grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

impl Kind {
    /// Its word in the text.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

macro_rules! metrics {
    ($($metric:ident $kind:ident $name:literal [$($label:literal)*] $help:literal)*) => {
        /// A metric. Names and units are those of Prometheus: seconds, bytes, ratios from 0 to 1; counters end in `_total`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Metric {
            $(#[doc = $help] $metric,)*
        }

        impl Metric {
            /// All of them, in the order in which they are written.
            pub const ALL: &[Self] = &[$(Self::$metric),*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$metric => $name,)* }
            }

            /// How it behaves.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$metric => Kind::$kind,)* }
            }

            /// The names of its labels.
            pub const fn labels(self) -> &'static [&'static str] {
                match self { $(Self::$metric => &[$($label),*],)* }
            }

            /// What it means.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$metric => $help,)* }
            }
        }
    };
}

#[rustfmt::skip]
metrics! {
    BuildInfo Gauge "trader_build_info" ["version"] "The program that wrote this; always 1."
    StrategyInfo Gauge "trader_strategy_info" ["strategy" "timeframe" "hash"] "The strategy that is configured; always 1."
    DatabaseUp Gauge "trader_database_up" [] "1 when the database could be read for this; 0 when all that follows from it is missing."

    LastRunTimestamp Gauge "trader_last_run_timestamp_seconds" [] "When the last cycle ended."
    LastRunDuration Gauge "trader_last_run_duration_seconds" [] "How long it took."
    LastRunExitCode Gauge "trader_last_run_exit_code" [] "How it ended: 0 ok, 3 degraded, 4 unavailable, 6 halted, 7 storage."
    LastSuccessTimestamp Gauge "trader_last_success_timestamp_seconds" [] "When a cycle last ended with 0 or 6: everything worked."
    Runs Counter "trader_runs_total" ["command" "exit_code"] "Runs on record, by how they ended."
    ClockOffset Gauge "trader_clock_offset_seconds" [] "The exchange's clock less this machine's at the last run."

    AgentExecutions Counter "trader_agent_executions_total" ["agent" "status"] "Executions of each part of a run."
    AgentDuration Gauge "trader_agent_last_duration_seconds" ["agent"] "How long the part's last execution took."
    AgentSuccess Gauge "trader_agent_last_success_timestamp_seconds" ["agent"] "When a run began whose part of this name succeeded last."

    CandleClose Gauge "trader_newest_candle_close_timestamp_seconds" ["symbol" "timeframe"] "When the newest stored candle closed."
    Candles Counter "trader_candles_total" ["command" "change"] "Candles that runs added, or replaced because the exchange says otherwise now."
    GapsOpen Gauge "trader_gaps_open" [] "Stretches of missing candles that may still come."

    Requests Counter "trader_exchange_requests_total" ["command"] "Requests sent to the exchange."
    Weight Gauge "trader_exchange_weight_used" [] "Request weight of this address that the exchange counted last; its limit is 6000 a minute."
    WeightTimestamp Gauge "trader_exchange_weight_timestamp_seconds" [] "When it said so."
    BanUntil Gauge "trader_exchange_ban_until_timestamp_seconds" [] "When the last ban or pause that the exchange asked for ends or ended."

    Decisions Counter "trader_decisions_total" ["symbol" "decision"] "Decisions made."
    DecisionTimestamp Gauge "trader_decision_timestamp_seconds" ["symbol"] "When the newest decision was made."
    Decision Gauge "trader_decision" ["symbol" "decision"] "1 for what was decided last."
    Score Gauge "trader_score" ["symbol"] "The score of the newest decision, from -100 to 100."
    Confidence Gauge "trader_confidence_ratio" ["symbol"] "Its confidence, from 0.5 to 1."
    Price Gauge "trader_price" ["symbol"] "The close it was decided on, in the pair's second asset."
    PredictedRoi Gauge "trader_predicted_roi_ratio" ["symbol" "horizon"] "The net return of buying that the newest decision expects."
    PredictedGain Gauge "trader_predicted_gain_probability_ratio" ["symbol" "horizon"] "The probability of a gain that it expects."

    ResolvedPredicted Gauge "trader_resolved_predicted_roi_ratio" ["symbol" "horizon"] "What the newest decision whose horizon has ended had expected."
    ResolvedActual Gauge "trader_resolved_actual_roi_ratio" ["symbol" "horizon"] "What buying on that decision would have brought, net."
    Waiting Gauge "trader_forecasts_waiting" ["horizon"] "Forecasts whose horizon has not ended, or whose candles are missing."
    Outcomes Counter "trader_forecast_outcomes_total" ["kind" "horizon" "timeframe"] "Forecasts that were compared with what became of them; overlapping ones tell less than their count."
    MeanPredicted Gauge "trader_forecast_predicted_roi_mean_ratio" ["kind" "horizon" "timeframe"] "Mean of the returns expected, over all outcomes."
    MeanActual Gauge "trader_forecast_actual_roi_mean_ratio" ["kind" "horizon" "timeframe"] "Mean of the net returns that came."
    MeanMiss Gauge "trader_forecast_absolute_error_mean_ratio" ["kind" "horizon" "timeframe"] "Mean distance of the two."
    HitRatio Gauge "trader_forecast_hit_ratio" ["kind" "horizon" "timeframe"] "The share of forecasts with the right sign."
    GainRatio Gauge "trader_forecast_gain_ratio" ["kind" "horizon" "timeframe"] "The share of outcomes that gained: what always saying so scores."
    Brier Gauge "trader_forecast_brier_score" ["kind" "horizon" "timeframe"] "Mean squared error of the probabilities: 0 is perfect, 0.25 is a coin."
    CalibrationError Gauge "trader_forecast_calibration_error_ratio" ["kind" "horizon" "timeframe"] "Mean distance of probabilities from what happened, over five bins."

    Equity Gauge "trader_equity" ["asset"] "Cash and coins of the account as the last run left it."
    Cash Gauge "trader_cash" ["asset"] "Money that is not in coins."
    PeakEquity Gauge "trader_peak_equity" ["asset"] "The highest equity since the beginning or a resume."
    Drawdown Gauge "trader_drawdown_ratio" [] "How far equity lies below its peak."
    DayResult Gauge "trader_day_result_ratio" [] "What today brought, of the equity at 00:00 UTC."
    Heat Gauge "trader_heat_ratio" [] "What all stops together would lose, of equity."
    CorrelatedHeat Gauge "trader_correlated_heat_ratio" [] "The same, as far as the coins move together."
    Positions Gauge "trader_open_positions" [] "Open positions."
    RiskState Gauge "trader_risk_state" ["state"] "1 for the state the account is in."
    Fills Counter "trader_fills_total" ["symbol" "side"] "Fills booked."
    Fees Counter "trader_fees_total" ["asset"] "Fees paid, in the asset they were taken in."
    Trades Counter "trader_trades_total" ["symbol" "reason"] "Closed round trips, by what ended them."
    Wins Counter "trader_winning_trades_total" ["symbol"] "Those that gained."
    Profit Gauge "trader_realised_profit" ["symbol"] "What closed round trips brought together, in the account's asset."

    DatabaseBytes Gauge "trader_database_bytes" [] "The size of the database with its log."
    Unsent Gauge "trader_notifications_unsent" [] "Messages that wait to be sent."
}
