-- From version 2 to version 3: the installation watches itself.

ALTER TABLE runs ADD COLUMN clock_offset_ms INTEGER;

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

-- What there is already.
INSERT INTO totals SELECT 'runs', command, exit_code, count(*), max(finished_at), duration_ms
  FROM runs WHERE exit_code IS NOT NULL GROUP BY command, exit_code;
INSERT INTO totals SELECT 'requests', command, '', total(summary ->> '$.collected.requests'), max(finished_at), NULL
  FROM runs WHERE exit_code IS NOT NULL GROUP BY command;
INSERT INTO totals SELECT 'candles', command, 'new', total(summary ->> '$.collected.candles_new'), max(finished_at), NULL
  FROM runs WHERE exit_code IS NOT NULL GROUP BY command;
INSERT INTO totals SELECT 'candles', command, 'revised', total(summary ->> '$.collected.candles_revised'), max(finished_at), NULL
  FROM runs WHERE exit_code IS NOT NULL GROUP BY command;
INSERT INTO totals SELECT 'executions', agent_name, status, count(*), max(started_at), duration_ms
  FROM agent_executions GROUP BY agent_name, status;
INSERT INTO totals SELECT 'decisions', symbol, decision, count(*), max(timestamp), NULL
  FROM trading_decisions GROUP BY symbol, decision;
INSERT INTO totals SELECT 'fills', symbol, side, count(*), max(at), NULL FROM fills GROUP BY symbol, side;
INSERT INTO totals SELECT 'fees', fee_asset, '', total(CAST(fee AS REAL)), max(at), NULL FROM fills GROUP BY fee_asset;
INSERT INTO totals SELECT 'trades', symbol, reason, count(*), max(closed_at), NULL FROM trades GROUP BY symbol, reason;
INSERT INTO totals SELECT 'wins', symbol, '', total(CAST(profit AS REAL) > 0), max(closed_at), NULL FROM trades GROUP BY symbol;
INSERT INTO totals SELECT 'profit', symbol, '', total(CAST(profit AS REAL)), max(closed_at), NULL FROM trades GROUP BY symbol;
INSERT INTO outcome_totals
SELECT o.kind, o.horizon_ms, d.timeframe, min(4, CAST(5 * f.p_gain AS INTEGER)), count(*), sum(f.roi_mean), sum(o.net),
       sum(abs(o.net - f.roi_mean)), sum(f.roi_mean <> 0), sum(f.roi_mean * o.net > 0), sum(o.net > 0), sum(f.p_gain),
       sum((f.p_gain - (o.net > 0)) * (f.p_gain - (o.net > 0)))
  FROM outcomes o JOIN forecasts f ON f.decision_id = o.decision_id AND f.horizon_ms = o.horizon_ms
  JOIN trading_decisions d ON d.id = o.decision_id
 WHERE o.net IS NOT NULL AND f.roi_mean IS NOT NULL
 GROUP BY 1, 2, 3, 4;
CREATE INDEX deliveries_refused ON deliveries (settled_at) WHERE state = 'refused';

-- The newest cycles are looked for among all runs.
CREATE INDEX runs_by_command ON runs (command, started_at);
