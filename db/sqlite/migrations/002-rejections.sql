-- Bodies that came with the right credentials and could not be used. The
-- oldest are forgotten beyond the bounds in reject.go.
CREATE TABLE rejection (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,
    sender      TEXT    NOT NULL,
    status      INTEGER NOT NULL,           -- 400 or 422
    reason      TEXT    NOT NULL,
    line        INTEGER NOT NULL,           -- 0: no place to point at
    col         INTEGER NOT NULL,
    body        BLOB    NOT NULL
) STRICT;
