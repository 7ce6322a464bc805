-- Ids lead with the server, so that a server's rows stand together.
CREATE TABLE host (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
-- Numbers of series count from 0 within a server.
CREATE TABLE series (
    host_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (host_id, id),
    UNIQUE (host_id, name)
) WITHOUT ROWID;
-- Which series stand in the columns of a row, as little-endian 32-bit numbers.
CREATE TABLE layout (
    host_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    series BLOB NOT NULL,
    PRIMARY KEY (host_id, id)
) WITHOUT ROWID;
-- Rows that are not sealed yet. `level` is the step in seconds, 0 for polls.
CREATE TABLE head (
    host_id INTEGER NOT NULL,
    level INTEGER NOT NULL,
    secs INTEGER NOT NULL,
    layout_id INTEGER NOT NULL,
    cells BLOB NOT NULL,
    PRIMARY KEY (host_id, level, secs)
) WITHOUT ROWID;
-- Sealed rows: times `t0` to `t1`, both in it.
CREATE TABLE block (
    host_id INTEGER NOT NULL,
    level INTEGER NOT NULL,
    t0 INTEGER NOT NULL,
    t1 INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    cells INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (host_id, level, t0)
);
CREATE TABLE program (
    host_id INTEGER NOT NULL,
    secs INTEGER NOT NULL,
    top TEXT NOT NULL,
    PRIMARY KEY (host_id, secs)
) WITHOUT ROWID;
-- `host_id` is 0 for what happened to ourselves.
CREATE TABLE event (
    host_id INTEGER NOT NULL,
    secs INTEGER NOT NULL,
    kind TEXT NOT NULL,
    item TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (host_id, secs, kind, item)
) WITHOUT ROWID;
CREATE INDEX event_time ON event (secs);
-- When we were watching: one row from each start on.
CREATE TABLE watch (
    t0 INTEGER PRIMARY KEY,
    t1 INTEGER NOT NULL
);
