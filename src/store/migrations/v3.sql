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

-- Up to where candles of a series were deleted because nobody wanted to keep them any longer.
CREATE TABLE prunings (
    series_id INTEGER NOT NULL PRIMARY KEY REFERENCES series (id),
    before    INTEGER NOT NULL,
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
