-- The whole current schema of a trader database (SQLite). Instants are milliseconds since 1970-01-01 UTC; the views at the
-- end show them as people write them. Prices of candles are REAL because every one of them is a decimal of at most 15
-- digits, which a REAL keeps exactly; amounts of money are TEXT decimals. Facts are never updated, with two exceptions that
-- keep what they replace: a candle the exchange revised (price_revisions) and the state of a gap.
--
-- Changing this file needs a migration step in src/store/migrate.rs; a test compares both ways of getting here.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for each command that wrote here. A run without finished_at was cut off.
CREATE TABLE runs (
    run_id        TEXT    NOT NULL PRIMARY KEY,
    command       TEXT    NOT NULL,
    version       TEXT    NOT NULL,
    started_at    INTEGER NOT NULL,
    finished_at   INTEGER,
    duration_ms   INTEGER,
    exit_code     INTEGER,
    strategy_hash TEXT,
    summary       TEXT CHECK (summary IS NULL OR json_valid(summary)),
    -- The exchange's clock less this machine's, where both were known.
    clock_offset_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_time ON runs (started_at);
CREATE INDEX runs_by_command ON runs (command, started_at);

-- Every strategy that ever decided, by the hash of all that it decides by.
CREATE TABLE config_versions (
    strategy_hash TEXT    NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL,
    timeframe     TEXT    NOT NULL,
    parameters    TEXT    NOT NULL CHECK (json_valid(parameters)),
    first_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE series (
    id        INTEGER NOT NULL PRIMARY KEY,
    symbol    TEXT    NOT NULL,
    timeframe TEXT    NOT NULL CHECK (timeframe IN ('1m', '5m', '15m', '1h', '4h', '1d')),
    -- Open time of the first candle there ever was, once a backfill has found it.
    listed_at INTEGER,
    UNIQUE (symbol, timeframe)
) STRICT;

-- Where candles came from and when.
CREATE TABLE ingests (
    id         INTEGER NOT NULL PRIMARY KEY,
    run_id     TEXT    NOT NULL,
    source     TEXT    NOT NULL CHECK (source IN ('rest', 'archive', 'replay')),
    origin     TEXT    NOT NULL,
    sha256     TEXT,
    fetched_at INTEGER NOT NULL
) STRICT;

CREATE TABLE price_data (
    series_id      INTEGER NOT NULL REFERENCES series (id),
    open_time      INTEGER NOT NULL,
    open           REAL    NOT NULL,
    high           REAL    NOT NULL,
    low            REAL    NOT NULL,
    close          REAL    NOT NULL,
    volume         REAL    NOT NULL,
    quote_volume   REAL,
    trades         INTEGER,
    taker_buy_base REAL,
    ingest_id      INTEGER NOT NULL REFERENCES ingests (id),
    PRIMARY KEY (series_id, open_time)
) STRICT, WITHOUT ROWID;

-- Words on a candle that do not stand in price_data: what a revision replaced, or what a weaker source said differently.
CREATE TABLE price_revisions (
    id             INTEGER NOT NULL PRIMARY KEY,
    series_id      INTEGER NOT NULL REFERENCES series (id),
    open_time      INTEGER NOT NULL,
    open           REAL    NOT NULL,
    high           REAL    NOT NULL,
    low            REAL    NOT NULL,
    close          REAL    NOT NULL,
    volume         REAL    NOT NULL,
    quote_volume   REAL,
    trades         INTEGER,
    taker_buy_base REAL,
    ingest_id      INTEGER NOT NULL REFERENCES ingests (id),
    -- 1: it stood in price_data until `noted_by` replaced it; 0: it was not believed.
    was_current    INTEGER NOT NULL CHECK (was_current IN (0, 1)),
    noted_by       INTEGER NOT NULL REFERENCES ingests (id)
) STRICT;
CREATE INDEX price_revisions_by_candle ON price_revisions (series_id, open_time);

-- Candles that a source should have had and did not.
CREATE TABLE data_gaps (
    series_id       INTEGER NOT NULL REFERENCES series (id),
    from_open       INTEGER NOT NULL,
    to_open         INTEGER NOT NULL,
    missing         INTEGER NOT NULL CHECK (missing > 0),
    state           TEXT    NOT NULL CHECK (state IN ('open', 'repaired', 'unfillable')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    found_at        INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    settled_at      INTEGER,
    PRIMARY KEY (series_id, from_open),
    CHECK (to_open >= from_open)
) STRICT, WITHOUT ROWID;
CREATE INDEX data_gaps_open ON data_gaps (series_id) WHERE state = 'open';

-- What the exchange says of a pair, and what it said before.
CREATE TABLE symbols (
    symbol       TEXT    NOT NULL PRIMARY KEY,
    status       TEXT    NOT NULL,
    tick_size    TEXT,
    step_size    TEXT,
    min_notional TEXT,
    fetched_at   INTEGER NOT NULL,
    min_quantity TEXT,
    max_quantity TEXT,
    -- A sale's price may lie between so many times the exchange's reference price.
    sell_down    TEXT,
    sell_up      TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE symbol_history (
    symbol       TEXT    NOT NULL,
    since        INTEGER NOT NULL,
    status       TEXT    NOT NULL,
    tick_size    TEXT,
    step_size    TEXT,
    min_notional TEXT,
    min_quantity TEXT,
    max_quantity TEXT,
    sell_down    TEXT,
    sell_up      TEXT,
    PRIMARY KEY (symbol, since)
) STRICT, WITHOUT ROWID;

-- What the exchange asked us to respect; shared by every process that uses this database.
CREATE TABLE rate_limits (
    exchange     TEXT NOT NULL PRIMARY KEY,
    banned_until INTEGER,
    reason       TEXT,
    used_weight  INTEGER,
    weight_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE technical_indicators (
    symbol      TEXT    NOT NULL,
    timeframe   TEXT    NOT NULL,
    open_time   INTEGER NOT NULL,
    -- How many candles the readings were taken from: the start-up error follows from it.
    candles     INTEGER NOT NULL,
    ema_9       REAL,
    ema_21      REAL,
    ema_50      REAL,
    ema_200     REAL,
    macd        REAL,
    macd_signal REAL,
    macd_hist   REAL,
    rsi_14      REAL,
    stoch_k     REAL,
    stoch_d     REAL,
    bb_upper    REAL,
    bb_middle   REAL,
    bb_lower    REAL,
    atr_14      REAL,
    adx_14      REAL,
    obv         REAL,
    vwap        REAL,
    PRIMARY KEY (symbol, timeframe, open_time)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_signals (
    id               INTEGER NOT NULL PRIMARY KEY,
    time             INTEGER NOT NULL,
    symbol           TEXT    NOT NULL,
    timeframe        TEXT    NOT NULL,
    candle_open_time INTEGER NOT NULL,
    strategy_hash    TEXT    NOT NULL REFERENCES config_versions (strategy_hash),
    agent_name       TEXT    NOT NULL,
    signal           TEXT    NOT NULL CHECK (signal IN ('BULLISH', 'NEUTRAL', 'BEARISH')),
    score            REAL    NOT NULL CHECK (score BETWEEN -100 AND 100),
    confidence       REAL    NOT NULL CHECK (confidence BETWEEN 50 AND 100),
    reasoning        TEXT    NOT NULL,
    reasons          TEXT    NOT NULL CHECK (json_valid(reasons)),
    run_id           TEXT    NOT NULL,
    UNIQUE (symbol, timeframe, candle_open_time, strategy_hash, agent_name)
) STRICT;
CREATE INDEX agent_signals_by_time ON agent_signals (time);

CREATE TABLE trading_decisions (
    id               INTEGER NOT NULL PRIMARY KEY,
    timestamp        INTEGER NOT NULL,
    symbol           TEXT    NOT NULL,
    timeframe        TEXT    NOT NULL,
    candle_open_time INTEGER NOT NULL,
    strategy_hash    TEXT    NOT NULL REFERENCES config_versions (strategy_hash),
    decision         TEXT    NOT NULL CHECK (decision IN ('BUY', 'SELL', 'HOLD')),
    -- Null where there was no opinion.
    signal           TEXT    CHECK (signal IN ('BULLISH', 'NEUTRAL', 'BEARISH')),
    score            REAL    CHECK (score BETWEEN -100 AND 100),
    confidence       REAL    CHECK (confidence BETWEEN 50 AND 100),
    current_price    TEXT    NOT NULL,
    -- What stood in the way: {"code", "text"} of the gate that was closed.
    blocked_by       TEXT    CHECK (blocked_by IS NULL OR json_valid(blocked_by)),
    -- The pair as it was printed in the summary.
    pair             TEXT    NOT NULL CHECK (json_valid(pair)),
    run_id           TEXT    NOT NULL,
    UNIQUE (symbol, timeframe, candle_open_time, strategy_hash)
) STRICT;
CREATE INDEX trading_decisions_by_time ON trading_decisions (timestamp);

CREATE TABLE agent_executions (
    id          INTEGER NOT NULL PRIMARY KEY,
    run_id      TEXT    NOT NULL,
    agent_name  TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    status      TEXT    NOT NULL CHECK (status IN ('ok', 'degraded', 'failed')),
    items       INTEGER NOT NULL,
    error_class TEXT,
    error       TEXT
) STRICT;
CREATE INDEX agent_executions_by_time ON agent_executions (agent_name, started_at);

-- Success over all executions; the 24 hours end at the newest execution of any agent, so that a recording counts too.
CREATE VIEW agent_execution_stats AS
SELECT agent_name,
       round(100.0 * sum(status = 'ok') / count(*), 2) AS success_rate,
       sum(started_at > (SELECT max(started_at) FROM agent_executions) - 86400000) AS executions_24h,
       count(*) AS executions,
       round(avg(duration_ms), 1) AS duration_ms_avg,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(started_at) / 1000, 'unixepoch') AS last_execution
  FROM agent_executions
 GROUP BY agent_name;

CREATE VIEW candles AS
SELECT s.symbol, s.timeframe, strftime('%Y-%m-%dT%H:%M:%SZ', p.open_time / 1000, 'unixepoch') AS opened,
       p.open, p.high, p.low, p.close, p.volume, p.quote_volume, p.trades, p.taker_buy_base, i.source,
       strftime('%Y-%m-%dT%H:%M:%SZ', i.fetched_at / 1000, 'unixepoch') AS fetched, p.open_time
  FROM price_data p JOIN series s ON s.id = p.series_id JOIN ingests i ON i.id = p.ingest_id;

CREATE VIEW decisions AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', timestamp / 1000, 'unixepoch') AS decided, symbol, timeframe,
       strftime('%Y-%m-%dT%H:%M:%SZ', candle_open_time / 1000, 'unixepoch') AS candle,
       decision, signal, score, confidence, current_price, blocked_by ->> '$.code' AS blocked_by
  FROM trading_decisions;

CREATE VIEW gaps AS
SELECT s.symbol, s.timeframe, strftime('%Y-%m-%dT%H:%M:%SZ', g.from_open / 1000, 'unixepoch') AS first_missing,
       strftime('%Y-%m-%dT%H:%M:%SZ', g.to_open / 1000, 'unixepoch') AS last_missing, g.missing, g.state, g.attempts
  FROM data_gaps g JOIN series s ON s.id = g.series_id;

-- The paper account. Deposits, orders, fills, ends, protections and ledger entries are facts: triggers at the end refuse to
-- change or delete them. balances, positions and open_orders are folded from them and can be rebuilt; trades is what a position
-- became. Amounts are decimals as text.
CREATE TABLE deposits (
    id     INTEGER NOT NULL PRIMARY KEY,
    at     INTEGER NOT NULL,
    asset  TEXT    NOT NULL,
    amount TEXT    NOT NULL,
    run_id TEXT    NOT NULL
) STRICT;

-- What was meant to be done, written down before it was done. The name says what for, so that nothing is done twice.
CREATE TABLE orders (
    id          INTEGER NOT NULL PRIMARY KEY,
    order_id    TEXT    NOT NULL UNIQUE,
    position_id TEXT    NOT NULL,
    symbol      TEXT    NOT NULL,
    side        TEXT    NOT NULL CHECK (side IN ('BUY', 'SELL')),
    -- Why a position is left; null for an entry.
    reason      TEXT    CHECK (reason IN ('stop', 'trailing_stop', 'target', 'time', 'signal', 'manual', 'emergency')),
    quantity    TEXT    NOT NULL,
    placed_at   INTEGER NOT NULL,
    -- The market at that moment, where it was known.
    bid         TEXT,
    ask         TEXT,
    -- An entry's plan: the close decided on, the expected price, where it ends, what it may lose.
    reference   TEXT,
    price       TEXT,
    stop        TEXT,
    target      TEXT,
    trail       TEXT,
    hold_ms     INTEGER,
    risk        TEXT,
    risk_budget TEXT,
    decision_id INTEGER REFERENCES trading_decisions (id),
    run_id      TEXT    NOT NULL,
    CHECK ((bid IS NULL) = (ask IS NULL)),
    CHECK ((side = 'SELL') = (reason IS NOT NULL)),
    CHECK ((side = 'BUY') = (stop IS NOT NULL AND reference IS NOT NULL AND price IS NOT NULL AND risk IS NOT NULL
                             AND risk_budget IS NOT NULL AND position_id = order_id))
) STRICT;
CREATE INDEX orders_by_position ON orders (position_id);
CREATE INDEX orders_by_decision ON orders (decision_id) WHERE decision_id IS NOT NULL;

CREATE TABLE fills (
    id               INTEGER NOT NULL PRIMARY KEY,
    order_id         TEXT    NOT NULL REFERENCES orders (order_id),
    part             INTEGER NOT NULL CHECK (part >= 1),
    position_id      TEXT    NOT NULL,
    symbol           TEXT    NOT NULL,
    side             TEXT    NOT NULL CHECK (side IN ('BUY', 'SELL')),
    at               INTEGER NOT NULL,
    -- The market's price, and the price with spread and slippage.
    reference        TEXT    NOT NULL,
    price            TEXT    NOT NULL,
    quantity         TEXT    NOT NULL,
    notional         TEXT    NOT NULL,
    fee              TEXT    NOT NULL,
    fee_asset        TEXT    NOT NULL,
    risk             TEXT    NOT NULL,
    -- The candle it was filled on; null where the book was known.
    timeframe        TEXT,
    candle_open_time INTEGER,
    is_ambiguous     INTEGER NOT NULL CHECK (is_ambiguous IN (0, 1)),
    is_coarse        INTEGER NOT NULL CHECK (is_coarse IN (0, 1)),
    run_id           TEXT    NOT NULL,
    UNIQUE (order_id, part)
) STRICT;
CREATE INDEX fills_by_position ON fills (position_id);

-- How an order ended; without a row it waits.
CREATE TABLE order_ends (
    order_id TEXT    NOT NULL PRIMARY KEY REFERENCES orders (order_id),
    at       INTEGER NOT NULL,
    how      TEXT    NOT NULL CHECK (how IN ('filled', 'expired', 'gapped', 'withdrawn', 'too_small')),
    run_id   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Those that wait, folded: a run need not look through all there ever were.
CREATE TABLE open_orders (
    order_id TEXT NOT NULL PRIMARY KEY REFERENCES orders (order_id)
) STRICT, WITHOUT ROWID;

-- Where a position's stop stood after a run had walked all candles before `walked_to`.
CREATE TABLE protections (
    position_id TEXT    NOT NULL REFERENCES orders (order_id),
    walked_to   INTEGER NOT NULL,
    stop        TEXT    NOT NULL,
    high        TEXT    NOT NULL,
    run_id      TEXT    NOT NULL,
    PRIMARY KEY (position_id, walked_to)
) STRICT, WITHOUT ROWID;

-- Double entry: for each deposit and fill the amounts of each asset sum to nothing.
CREATE TABLE ledger_entries (
    id         INTEGER NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    deposit_id INTEGER REFERENCES deposits (id),
    fill_id    INTEGER REFERENCES fills (id),
    account    TEXT    NOT NULL CHECK (account IN ('wallet', 'capital', 'market', 'fees')),
    asset      TEXT    NOT NULL,
    amount     TEXT    NOT NULL,
    CHECK ((deposit_id IS NULL) <> (fill_id IS NULL))
) STRICT;
CREATE INDEX ledger_entries_of_wallet ON ledger_entries (at) WHERE account = 'wallet';

CREATE TABLE balances (
    asset  TEXT NOT NULL PRIMARY KEY,
    amount TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Open positions. There is none without a stop, and one for a pair.
CREATE TABLE positions (
    position_id TEXT    NOT NULL PRIMARY KEY REFERENCES orders (order_id),
    symbol      TEXT    NOT NULL UNIQUE,
    opened_at   INTEGER NOT NULL,
    quantity    TEXT    NOT NULL,
    entry_price TEXT    NOT NULL,
    cost        TEXT    NOT NULL,
    risk        TEXT    NOT NULL,
    stop        TEXT    NOT NULL CHECK (CAST(stop AS REAL) > 0),
    target      TEXT,
    high        TEXT    NOT NULL,
    walked_to   INTEGER NOT NULL,
    leaving     TEXT
) STRICT, WITHOUT ROWID;

-- Closed round trips.
CREATE TABLE trades (
    position_id     TEXT    NOT NULL PRIMARY KEY REFERENCES orders (order_id),
    symbol          TEXT    NOT NULL,
    opened_at       INTEGER NOT NULL,
    closed_at       INTEGER NOT NULL,
    reason          TEXT    NOT NULL,
    quantity        TEXT    NOT NULL,
    sold            TEXT    NOT NULL,
    decided_price   TEXT    NOT NULL,
    entry_reference TEXT    NOT NULL,
    exit_reference  TEXT    NOT NULL,
    entry_price     TEXT    NOT NULL,
    exit_price      TEXT    NOT NULL,
    cost            TEXT    NOT NULL,
    proceeds        TEXT    NOT NULL,
    fees            TEXT    NOT NULL,
    profit          TEXT    NOT NULL,
    risk            TEXT    NOT NULL,
    r_multiple      REAL,
    roi             REAL    NOT NULL,
    -- The mean that was forecast for the longest horizon.
    predicted_roi   REAL,
    was_ambiguous   INTEGER NOT NULL CHECK (was_ambiguous IN (0, 1)),
    run_id          TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX trades_by_time ON trades (closed_at);
CREATE INDEX trades_by_pair ON trades (symbol, closed_at);

-- The account as a run left it: one row for each run that decided.
CREATE TABLE portfolio_state (
    id                  INTEGER NOT NULL PRIMARY KEY,
    time                INTEGER NOT NULL,
    run_id              TEXT    NOT NULL UNIQUE,
    equity              TEXT    NOT NULL,
    cash                TEXT    NOT NULL,
    coins               TEXT    NOT NULL,
    peak_equity         TEXT    NOT NULL,
    -- 00:00 UTC of the day, and the equity of that moment.
    day                 INTEGER NOT NULL,
    day_start_equity    TEXT    NOT NULL,
    day_is_lost         INTEGER NOT NULL CHECK (day_is_lost IN (0, 1)),
    state               TEXT    NOT NULL CHECK (state IN ('normal', 'warning', 'day_loss', 'paused', 'halted')),
    drawdown_pct        REAL    NOT NULL,
    day_pnl_pct         REAL    NOT NULL,
    heat_pct            REAL    NOT NULL,
    heat_correlated_pct REAL    NOT NULL,
    positions           INTEGER NOT NULL,
    -- The newest ledger entry that is inside.
    ledger_id           INTEGER NOT NULL
) STRICT;
CREATE INDEX portfolio_state_by_time ON portfolio_state (time);

-- Who stopped entries, when and why, and who let them in again.
CREATE TABLE risk_events (
    id          INTEGER NOT NULL PRIMARY KEY,
    at          INTEGER NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('paused', 'halted', 'resumed')),
    reason      TEXT    NOT NULL,
    equity      TEXT,
    -- A resume that sets the peak anew.
    peak_equity TEXT,
    run_id      TEXT    NOT NULL
) STRICT;

-- What outcomes have taught about decisions on candles of one length, for each horizon.
CREATE TABLE calibrations (
    id         INTEGER NOT NULL PRIMARY KEY,
    horizon_ms INTEGER NOT NULL,
    timeframe  TEXT    NOT NULL,
    fitted_at  INTEGER NOT NULL,
    outcomes   INTEGER NOT NULL,
    n_eff      REAL    NOT NULL,
    slope      REAL    NOT NULL,
    -- The 10, 50 and 90 % quantiles of standardised misses.
    misses     TEXT    CHECK (misses IS NULL OR json_valid(misses)),
    method     TEXT    NOT NULL CHECK (method IN ('prior', 'platt', 'isotonic')),
    parameters TEXT    NOT NULL CHECK (json_valid(parameters)),
    run_id     TEXT    NOT NULL
) STRICT;
CREATE INDEX calibrations_by_time ON calibrations (horizon_ms, timeframe, fitted_at);

-- What each decision expected of buying at its close, told before anybody could know. Returns are shares, costs inside.
CREATE TABLE forecasts (
    decision_id    INTEGER NOT NULL REFERENCES trading_decisions (id),
    horizon_ms     INTEGER NOT NULL CHECK (horizon_ms > 0),
    -- The end of the candle that was decided on, and its close.
    data_cutoff    INTEGER NOT NULL,
    reference      REAL    NOT NULL,
    -- The market's ask at the run, where it was known.
    arrival        REAL,
    score          REAL,
    z              REAL    NOT NULL,
    sigma          REAL,
    roi_mean       REAL,
    roi_p10        REAL,
    roi_p50        REAL,
    roi_p90        REAL,
    p_gain         REAL    NOT NULL CHECK (p_gain BETWEEN 0 AND 1),
    -- Null: the prior.
    calibration_id INTEGER REFERENCES calibrations (id),
    cost           REAL    NOT NULL,
    -- What that is made of, on each side: outcomes are told at these costs, whatever is configured by then.
    fee_bps         REAL   NOT NULL,
    slippage_bps    REAL   NOT NULL,
    half_spread_bps REAL   NOT NULL,
    -- The exit policy it assumes.
    stop           REAL,
    target         REAL,
    trail          REAL,
    hold_ms        INTEGER,
    -- What a purchase would have cost, or was to cost: errors are counted in money by it.
    notional       TEXT    NOT NULL,
    -- What the account did: it ordered the purchase, it held the coin and went on holding it, or neither.
    stance         TEXT    NOT NULL CHECK (stance IN ('ordered', 'held', 'out')),
    PRIMARY KEY (decision_id, horizon_ms)
) STRICT, WITHOUT ROWID;

-- Forecasts that wait for their horizon to end.
CREATE TABLE forecasts_due (
    due_at      INTEGER NOT NULL,
    decision_id INTEGER NOT NULL,
    horizon_ms  INTEGER NOT NULL,
    -- The candles they wait for, which are collected whatever is configured by then.
    symbol      TEXT    NOT NULL,
    timeframe   TEXT    NOT NULL,
    PRIMARY KEY (due_at, decision_id, horizon_ms),
    FOREIGN KEY (decision_id, horizon_ms) REFERENCES forecasts (decision_id, horizon_ms)
) STRICT, WITHOUT ROWID;

-- What became of them: the return over the horizon, under the exit policy, and of the trade where there was one.
CREATE TABLE outcomes (
    decision_id  INTEGER NOT NULL,
    horizon_ms   INTEGER NOT NULL,
    kind         TEXT    NOT NULL CHECK (kind IN ('horizon', 'policy', 'trade')),
    resolver     INTEGER NOT NULL,
    resolved_at  INTEGER NOT NULL,
    gross        REAL,
    net          REAL,
    ended_by     TEXT,
    ended_at     INTEGER,
    is_ambiguous INTEGER NOT NULL CHECK (is_ambiguous IN (0, 1)),
    -- Why there is no return.
    unresolvable TEXT,
    PRIMARY KEY (kind, horizon_ms, decision_id),
    FOREIGN KEY (decision_id, horizon_ms) REFERENCES forecasts (decision_id, horizon_ms),
    CHECK ((net IS NULL) = (unresolvable IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- Why a closed trade did not earn what was forecast for its longest horizon: realised less forecast, by its causes.
CREATE TABLE misses (
    position_id TEXT    NOT NULL PRIMARY KEY REFERENCES trades (position_id),
    decision_id INTEGER NOT NULL,
    horizon_ms  INTEGER NOT NULL,
    market      REAL,
    policy      REAL,
    delay       REAL,
    slippage    REAL,
    fees        REAL,
    rounding    REAL,
    -- Why that cannot be told.
    unknown     TEXT    CHECK (unknown IN ('gap', 'no_mean')),
    FOREIGN KEY (decision_id, horizon_ms) REFERENCES forecasts (decision_id, horizon_ms),
    CHECK ((market IS NULL) = (unknown IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- Closed trades whose miss waits for that horizon to end.
CREATE TABLE misses_due (
    position_id TEXT NOT NULL PRIMARY KEY REFERENCES trades (position_id)
) STRICT, WITHOUT ROWID;

-- Every backtest that was ever run, by its manifest: how many were tried decides how much to believe of the best.
CREATE TABLE trials (
    id            INTEGER NOT NULL PRIMARY KEY,
    at            INTEGER NOT NULL,
    manifest_hash TEXT    NOT NULL UNIQUE,
    manifest      TEXT    NOT NULL CHECK (json_valid(manifest)),
    -- Daily returns of marked equity after costs: how many, their Sharpe ratio (a day), skewness and raw kurtosis.
    days          INTEGER,
    sharpe        REAL,
    skewness      REAL,
    kurtosis      REAL,
    CHECK ((days IS NULL) = (sharpe IS NULL))
) STRICT;

-- What happened that somebody may want to be told, written with the facts themselves and sent after they were committed.
CREATE TABLE notifications (
    id         INTEGER NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    event      TEXT    NOT NULL CHECK (event IN ('fill', 'halt', 'failure', 'recovery', 'digest', 'test')),
    level      TEXT    NOT NULL CHECK (level IN ('info', 'warning', 'critical')),
    -- The same key is the same event: it is told once.
    dedup_key  TEXT    NOT NULL UNIQUE,
    title      TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    -- The same as HTML, where it is more than its text.
    html       TEXT,
    facts      TEXT    NOT NULL CHECK (json_valid(facts)),
    -- Not sent by then, it is not sent at all.
    expires_at INTEGER NOT NULL,
    run_id     TEXT    NOT NULL
) STRICT;
CREATE INDEX notifications_by_time ON notifications (at);

-- Which channels are to carry it, and how far each has come.
CREATE TABLE deliveries (
    notification_id INTEGER NOT NULL REFERENCES notifications (id),
    channel         TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'refused', 'expired')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    settled_at      INTEGER,
    -- What went wrong last, without any secret.
    error           TEXT,
    PRIMARY KEY (notification_id, channel),
    CHECK ((state = 'waiting') = (settled_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_waiting ON deliveries (next_attempt_at) WHERE state = 'waiting';

-- How large the database was at the last run of each day: `day` is its 00:00 UTC.
CREATE TABLE database_sizes (
    day   INTEGER NOT NULL PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every examination of the database: how many things were found wrong, and the gravest.
CREATE TABLE examinations (
    id       INTEGER NOT NULL PRIMARY KEY,
    at       INTEGER NOT NULL,
    findings INTEGER NOT NULL CHECK (findings >= 0),
    first    TEXT,
    CHECK ((findings = 0) = (first IS NULL))
) STRICT;
CREATE INDEX deliveries_refused ON deliveries (settled_at) WHERE state = 'refused';

-- Running totals for monitoring, kept by triggers: nobody counts rows for them, and they do not go down when old rows are
-- removed.
CREATE TABLE totals (
    -- What is counted, and by which two labels; '' is none.
    name      TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    total     REAL    NOT NULL,
    -- When something was last added, and how long that took where it took time.
    newest_at INTEGER NOT NULL,
    newest_ms INTEGER,
    PRIMARY KEY (name, subject, kind)
) STRICT, WITHOUT ROWID;

-- Sums over resolved forecasts that had a mean, by the fifth in which their probability of a gain lay.
CREATE TABLE outcome_totals (
    kind       TEXT    NOT NULL,
    horizon_ms INTEGER NOT NULL,
    timeframe  TEXT    NOT NULL,
    fifth      INTEGER NOT NULL CHECK (fifth BETWEEN 0 AND 4),
    outcomes   INTEGER NOT NULL,
    -- Sums of forecast means, of net returns, and of their distances.
    predicted  REAL    NOT NULL,
    actual     REAL    NOT NULL,
    missed     REAL    NOT NULL,
    -- Forecasts that named a direction, and those that named the right one.
    named      INTEGER NOT NULL,
    hits       INTEGER NOT NULL,
    gained     INTEGER NOT NULL,
    -- Sums of probabilities, and of their squared distances from what happened.
    p_gain     REAL    NOT NULL,
    squared    REAL    NOT NULL,
    PRIMARY KEY (kind, horizon_ms, timeframe, fifth)
) STRICT, WITHOUT ROWID;

-- The account over time, and the trades, as people read them.
CREATE VIEW equity_curve AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time / 1000, 'unixepoch') AS run, equity, cash, drawdown_pct, day_pnl_pct, heat_pct,
       positions, state
  FROM portfolio_state;

CREATE VIEW round_trips AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', opened_at / 1000, 'unixepoch') AS opened,
       strftime('%Y-%m-%dT%H:%M:%SZ', closed_at / 1000, 'unixepoch') AS closed,
       symbol, reason, entry_price, exit_price, profit, round(r_multiple, 2) AS r_multiple,
       round(100.0 * predicted_roi, 3) AS predicted_roi_pct, round(100.0 * roi, 3) AS roi_pct
  FROM trades;

CREATE TRIGGER deposits_are_kept BEFORE UPDATE ON deposits BEGIN SELECT RAISE(ABORT, 'deposits are facts'); END;
CREATE TRIGGER deposits_are_held BEFORE DELETE ON deposits BEGIN SELECT RAISE(ABORT, 'deposits are facts'); END;
CREATE TRIGGER orders_are_kept BEFORE UPDATE ON orders BEGIN SELECT RAISE(ABORT, 'orders are facts'); END;
CREATE TRIGGER orders_are_held BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'orders are facts'); END;
CREATE TRIGGER fills_are_kept BEFORE UPDATE ON fills BEGIN SELECT RAISE(ABORT, 'fills are facts'); END;
CREATE TRIGGER fills_are_held BEFORE DELETE ON fills BEGIN SELECT RAISE(ABORT, 'fills are facts'); END;
CREATE TRIGGER order_ends_are_kept BEFORE UPDATE ON order_ends BEGIN SELECT RAISE(ABORT, 'order_ends are facts'); END;
CREATE TRIGGER order_ends_are_held BEFORE DELETE ON order_ends BEGIN SELECT RAISE(ABORT, 'order_ends are facts'); END;
CREATE TRIGGER protections_are_kept BEFORE UPDATE ON protections BEGIN SELECT RAISE(ABORT, 'protections are facts'); END;
CREATE TRIGGER protections_are_held BEFORE DELETE ON protections BEGIN SELECT RAISE(ABORT, 'protections are facts'); END;
CREATE TRIGGER ledger_entries_are_kept BEFORE UPDATE ON ledger_entries BEGIN SELECT RAISE(ABORT, 'ledger_entries are facts'); END;
CREATE TRIGGER ledger_entries_are_held BEFORE DELETE ON ledger_entries BEGIN SELECT RAISE(ABORT, 'ledger_entries are facts'); END;
CREATE TRIGGER trades_are_kept BEFORE UPDATE ON trades BEGIN SELECT RAISE(ABORT, 'trades are facts'); END;
CREATE TRIGGER trades_are_held BEFORE DELETE ON trades BEGIN SELECT RAISE(ABORT, 'trades are facts'); END;
CREATE TRIGGER forecasts_are_kept BEFORE UPDATE ON forecasts BEGIN SELECT RAISE(ABORT, 'forecasts are facts'); END;
CREATE TRIGGER forecasts_are_held BEFORE DELETE ON forecasts BEGIN SELECT RAISE(ABORT, 'forecasts are facts'); END;
CREATE TRIGGER outcomes_are_kept BEFORE UPDATE ON outcomes BEGIN SELECT RAISE(ABORT, 'outcomes are facts'); END;
CREATE TRIGGER outcomes_are_held BEFORE DELETE ON outcomes BEGIN SELECT RAISE(ABORT, 'outcomes are facts'); END;
CREATE TRIGGER misses_are_kept BEFORE UPDATE ON misses BEGIN SELECT RAISE(ABORT, 'misses are facts'); END;
CREATE TRIGGER misses_are_held BEFORE DELETE ON misses BEGIN SELECT RAISE(ABORT, 'misses are facts'); END;
CREATE TRIGGER trials_are_kept BEFORE UPDATE ON trials BEGIN SELECT RAISE(ABORT, 'trials are facts'); END;
CREATE TRIGGER trials_are_held BEFORE DELETE ON trials BEGIN SELECT RAISE(ABORT, 'trials are facts'); END;
CREATE TRIGGER risk_events_are_kept BEFORE UPDATE ON risk_events BEGIN SELECT RAISE(ABORT, 'risk_events are facts'); END;
CREATE TRIGGER risk_events_are_held BEFORE DELETE ON risk_events BEGIN SELECT RAISE(ABORT, 'risk_events are facts'); END;

-- An insert that fires a trigger makes SQLite plan for rows that refer to what it inserts.
CREATE INDEX ledger_entries_of_fill ON ledger_entries (fill_id) WHERE fill_id IS NOT NULL;

CREATE TRIGGER runs_are_counted AFTER UPDATE OF exit_code ON runs WHEN OLD.exit_code IS NULL AND NEW.exit_code IS NOT NULL BEGIN
    INSERT INTO totals VALUES
        ('runs', NEW.command, NEW.exit_code, 1, NEW.finished_at, NEW.duration_ms),
        ('requests', NEW.command, '', coalesce(NEW.summary ->> '$.collected.requests', 0), NEW.finished_at, NULL),
        ('candles', NEW.command, 'new', coalesce(NEW.summary ->> '$.collected.candles_new', 0), NEW.finished_at, NULL),
        ('candles', NEW.command, 'revised', coalesce(NEW.summary ->> '$.collected.candles_revised', 0), NEW.finished_at, NULL)
    ON CONFLICT DO UPDATE SET total = total + excluded.total,
        newest_ms = iif(excluded.newest_at >= newest_at, excluded.newest_ms, newest_ms),
        newest_at = max(newest_at, excluded.newest_at);
END;
CREATE TRIGGER executions_are_counted AFTER INSERT ON agent_executions BEGIN
    INSERT INTO totals VALUES ('executions', NEW.agent_name, NEW.status, 1, NEW.started_at, NEW.duration_ms)
    ON CONFLICT DO UPDATE SET total = total + excluded.total,
        newest_ms = iif(excluded.newest_at >= newest_at, excluded.newest_ms, newest_ms),
        newest_at = max(newest_at, excluded.newest_at);
END;
CREATE TRIGGER decisions_are_counted AFTER INSERT ON trading_decisions BEGIN
    INSERT INTO totals VALUES ('decisions', NEW.symbol, NEW.decision, 1, NEW.timestamp, NULL)
    ON CONFLICT DO UPDATE SET total = total + excluded.total,
        newest_ms = iif(excluded.newest_at >= newest_at, excluded.newest_ms, newest_ms),
        newest_at = max(newest_at, excluded.newest_at);
END;
CREATE TRIGGER fills_are_counted AFTER INSERT ON fills BEGIN
    INSERT INTO totals VALUES
        ('fills', NEW.symbol, NEW.side, 1, NEW.at, NULL),
        ('fees', NEW.fee_asset, '', CAST(NEW.fee AS REAL), NEW.at, NULL)
    ON CONFLICT DO UPDATE SET total = total + excluded.total,
        newest_ms = iif(excluded.newest_at >= newest_at, excluded.newest_ms, newest_ms),
        newest_at = max(newest_at, excluded.newest_at);
END;
CREATE TRIGGER trades_are_counted AFTER INSERT ON trades BEGIN
    INSERT INTO totals VALUES
        ('trades', NEW.symbol, NEW.reason, 1, NEW.closed_at, NULL),
        ('wins', NEW.symbol, '', CAST(NEW.profit AS REAL) > 0, NEW.closed_at, NULL),
        ('profit', NEW.symbol, '', CAST(NEW.profit AS REAL), NEW.closed_at, NULL)
    ON CONFLICT DO UPDATE SET total = total + excluded.total,
        newest_ms = iif(excluded.newest_at >= newest_at, excluded.newest_ms, newest_ms),
        newest_at = max(newest_at, excluded.newest_at);
END;
CREATE TRIGGER outcomes_are_counted AFTER INSERT ON outcomes WHEN NEW.net IS NOT NULL BEGIN
    INSERT INTO outcome_totals
    SELECT NEW.kind, NEW.horizon_ms, d.timeframe, min(4, CAST(5 * f.p_gain AS INTEGER)), 1, f.roi_mean, NEW.net,
           abs(NEW.net - f.roi_mean), f.roi_mean <> 0, f.roi_mean * NEW.net > 0, NEW.net > 0, f.p_gain,
           (f.p_gain - (NEW.net > 0)) * (f.p_gain - (NEW.net > 0))
      FROM forecasts f JOIN trading_decisions d ON d.id = f.decision_id
     WHERE f.decision_id = NEW.decision_id AND f.horizon_ms = NEW.horizon_ms AND f.roi_mean IS NOT NULL
    ON CONFLICT DO UPDATE SET outcomes = outcomes + 1, predicted = predicted + excluded.predicted,
        actual = actual + excluded.actual, missed = missed + excluded.missed, named = named + excluded.named,
        hits = hits + excluded.hits, gained = gained + excluded.gained, p_gain = p_gain + excluded.p_gain,
        squared = squared + excluded.squared;
END;
