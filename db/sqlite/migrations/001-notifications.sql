-- What Clearmatch posted. Nothing on the way to the acknowledgement touches
-- more than this table and its one index. Rows are never deleted, so the
-- highest id is the count; body becomes NULL when it has expired or is erased.
CREATE TABLE notification (
    id          INTEGER PRIMARY KEY,
    identity    BLOB    NOT NULL,           -- ppm.Identity
    application TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    event       TEXT    NOT NULL,
    partner     TEXT    NOT NULL,
    event_time  TEXT    NOT NULL,           -- as sent
    content     TEXT    NOT NULL,
    received_at INTEGER NOT NULL,           -- microseconds since 1970, UTC
    sender      TEXT    NOT NULL,           -- address without port
    arrivals    INTEGER NOT NULL DEFAULT 1, -- this one and those in arrival
    body_sha256 BLOB    NOT NULL,
    body        BLOB                        -- the bytes that came first
) STRICT;

CREATE UNIQUE INDEX notification_identity ON notification (identity);

-- The second and every further arrival of a notification.
CREATE TABLE arrival (
    notification INTEGER NOT NULL REFERENCES notification (id),
    nth          INTEGER NOT NULL,          -- from 2
    received_at  INTEGER NOT NULL,
    sender       TEXT    NOT NULL,
    body_sha256  BLOB    NOT NULL,
    body         BLOB,                      -- only where it differs from the first
    PRIMARY KEY (notification, nth)
) STRICT, WITHOUT ROWID;

-- Numbers that would be slow to count.
CREATE TABLE tally (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO tally (name, value) VALUES ('redeliveries', 0), ('probes', 0);
