-- The partner's programs that want notifications, and the ways to reach them.
-- Never deleted: deliveries name them.
CREATE TABLE client (
    id             INTEGER PRIMARY KEY,
    name           TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    settings       TEXT    NOT NULL,           -- JSON, without secrets
    secrets        TEXT    NOT NULL,           -- JSON, by the setting's name
    data           INTEGER NOT NULL,           -- the application's data goes along
    ordered        INTEGER NOT NULL,
    backoff        TEXT    NOT NULL,           -- JSON
    concurrency    INTEGER NOT NULL,
    per_minute     INTEGER NOT NULL,
    held           INTEGER NOT NULL DEFAULT 0,
    created_at     INTEGER NOT NULL,
    removed_at     INTEGER,
    -- How it has been doing, counted with each change.
    waiting        INTEGER NOT NULL DEFAULT 0, -- deliveries, those that need data included
    delivered      INTEGER NOT NULL DEFAULT 0,
    gave_up        INTEGER NOT NULL DEFAULT 0,
    failing        INTEGER NOT NULL DEFAULT 0, -- attempts in a row
    failing_since  INTEGER,
    last_error     TEXT    NOT NULL DEFAULT '',
    last_delivered INTEGER
) STRICT;

CREATE UNIQUE INDEX client_name ON client (name COLLATE NOCASE) WHERE removed_at IS NULL;

-- Under number 0 the fetching of applications counts as a client that has no name.
INSERT INTO client (id, name, kind, settings, secrets, data, ordered, backoff, concurrency, per_minute, created_at, removed_at)
VALUES (0, '', '', '{}', '{}', 0, 1, '{}', 1, 0, 0, 0);

CREATE TABLE subscription (
    id       INTEGER PRIMARY KEY,
    client   INTEGER NOT NULL REFERENCES client (id),
    ended_at INTEGER
) STRICT;

-- Rules are added to, never changed; the newest of a subscription is in force.
CREATE TABLE rule (
    id           INTEGER PRIMARY KEY,
    subscription INTEGER NOT NULL REFERENCES subscription (id),
    type         TEXT    NOT NULL,
    event        TEXT    NOT NULL,
    partner      TEXT    NOT NULL,
    expression   TEXT    NOT NULL,
    since        INTEGER NOT NULL
) STRICT;

CREATE INDEX rule_subscription ON rule (subscription, id);

-- What has become of a notification and a client: a delivery, or why there is
-- none. Client 0 is the fetching of the application.
CREATE TABLE delivery (
    notification  INTEGER NOT NULL REFERENCES notification (id),
    client        INTEGER NOT NULL REFERENCES client (id),
    application   TEXT    NOT NULL,           -- as in the notification
    state         INTEGER NOT NULL,           -- 1 waiting, 2 waiting for data, 3 delivered, 4 gave up, 5 not wanted
    queued        INTEGER NOT NULL,           -- 1: waits for another one of its application, or for data, or gave up for want of data
    next_attempt  INTEGER,                    -- or the end of the lease; NULL unless waiting and not queued
    claim         INTEGER NOT NULL DEFAULT 0, -- who has the lease
    attempts      INTEGER NOT NULL DEFAULT 0,
    failed        INTEGER NOT NULL DEFAULT 0,
    first_attempt INTEGER,
    changed_at    INTEGER NOT NULL,
    rule          INTEGER NOT NULL,
    reason        TEXT    NOT NULL,
    error         TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (notification, client)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_due ON delivery (client, next_attempt) WHERE next_attempt IS NOT NULL;
-- The line of an application: first the one that is on its way, then the others.
CREATE INDEX delivery_line ON delivery (client, application, queued, notification) WHERE state <= 2;
-- Dead letters: of one client, and of all.
CREATE INDEX delivery_gave_up ON delivery (client, notification) WHERE state = 4;
CREATE INDEX delivery_dead ON delivery (notification, client) WHERE state = 4;

CREATE TABLE attempt (
    notification INTEGER NOT NULL,
    client       INTEGER NOT NULL,
    nth          INTEGER NOT NULL,           -- from 1
    began_at     INTEGER NOT NULL,
    took         INTEGER NOT NULL,           -- microseconds
    status       INTEGER NOT NULL,
    error        TEXT    NOT NULL,           -- '': delivered
    excerpt      BLOB,
    PRIMARY KEY (notification, client, nth),
    FOREIGN KEY (notification, client) REFERENCES delivery (notification, client)
) STRICT, WITHOUT ROWID;

-- The application's data, every time that it was fetched.
CREATE TABLE fetch (
    notification INTEGER NOT NULL REFERENCES notification (id),
    nth          INTEGER NOT NULL,
    fetched_at   INTEGER NOT NULL,
    data         BLOB,                       -- NULL: erased or expired
    PRIMARY KEY (notification, nth)
) STRICT;

-- Notifications for which there is, or was, something to do.
CREATE TABLE work (
    notification INTEGER PRIMARY KEY REFERENCES notification (id),
    open         INTEGER NOT NULL,           -- how much is left to do
    gave_up      INTEGER NOT NULL,
    ended_at     INTEGER                     -- when nothing was left to do any more
) STRICT;

CREATE INDEX work_open ON work (notification) WHERE open > 0;
CREATE INDEX work_failed ON work (notification) WHERE open = 0 AND gave_up > 0;

-- What people did.
CREATE TABLE action (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    by      TEXT    NOT NULL,
    what    TEXT    NOT NULL,
    about   TEXT    NOT NULL,
    details TEXT    NOT NULL
) STRICT;

CREATE INDEX action_about ON action (about, id);

-- routed: the number of the last notification routed; what was there before
-- there were clients needs nothing done. idle: 1 while nobody wants anything.
-- queued, failed: notifications among those routed. expired: the number up to
-- which bodies have gone, but for those in expiry_later. passed: 1 if complete
-- ones were left as they were on the way, since they were to be kept for ever.
INSERT INTO tally (name, value)
VALUES ('routed', (SELECT coalesce(max(id), 0) FROM notification)), ('idle', 1), ('queued', 0), ('failed', 0), ('expired', 0), ('passed', 0);

-- Notifications that were not to be forgotten yet when those around them were,
-- and when to look at them again.
CREATE TABLE expiry_later (
    notification INTEGER PRIMARY KEY REFERENCES notification (id),
    look_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX expiry_look_at ON expiry_later (look_at);

-- What was deleted before deleting meant overwriting lies about in the pages of
-- the rejections, and in free ones. The rejections are written anew, and
-- something is made of all free pages and deleted again.
CREATE TABLE scrub (id INTEGER, received_at INTEGER, sender TEXT, status INTEGER, reason TEXT, line INTEGER, col INTEGER, body BLOB) STRICT;
INSERT INTO scrub SELECT id, received_at, sender, status, reason, line, col, body FROM rejection;
DELETE FROM rejection;
INSERT INTO rejection SELECT id, received_at, sender, status, reason, line, col, body FROM scrub ORDER BY id;
DELETE FROM scrub;
WITH RECURSIVE free (pages) AS (
    SELECT freelist_count FROM pragma_freelist_count WHERE freelist_count > 0
    UNION ALL
    SELECT pages - 1000 FROM free WHERE pages > 1000)
INSERT INTO scrub (body)
SELECT zeroblob(min(pages, 1000) * page_size) FROM free, pragma_page_size;
DROP TABLE scrub;
