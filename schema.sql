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
    summary       TEXT CHECK (summary IS NULL OR json_valid(summary))
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_time ON runs (started_at);

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
