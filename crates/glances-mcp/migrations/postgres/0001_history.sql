-- Ids lead with the server, so that a server's rows stand together.
CREATE TABLE host (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
-- Numbers of series count from 0 within a server.
CREATE TABLE series (
    host_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (host_id, id),
    UNIQUE (host_id, name)
);
-- Which series stand in the columns of a row, as little-endian 32-bit numbers.
CREATE TABLE layout (
    host_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    series BYTEA NOT NULL,
    PRIMARY KEY (host_id, id)
);
-- Rows that are not sealed yet. `level` is the step in seconds, 0 for polls.
CREATE TABLE head (
    host_id BIGINT NOT NULL,
    level BIGINT NOT NULL,
    secs BIGINT NOT NULL,
    layout_id BIGINT NOT NULL,
    cells BYTEA NOT NULL,
    PRIMARY KEY (host_id, level, secs)
);
-- Sealed rows: times `t0` to `t1`, both in it.
CREATE TABLE block (
    host_id BIGINT NOT NULL,
    level BIGINT NOT NULL,
    t0 BIGINT NOT NULL,
    t1 BIGINT NOT NULL,
    rows BIGINT NOT NULL,
    cells BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (host_id, level, t0)
);
CREATE TABLE program (
    host_id BIGINT NOT NULL,
    secs BIGINT NOT NULL,
    top TEXT NOT NULL,
    PRIMARY KEY (host_id, secs)
);
-- `host_id` is 0 for what happened to ourselves.
CREATE TABLE event (
    host_id BIGINT NOT NULL,
    secs BIGINT NOT NULL,
    kind TEXT NOT NULL,
    item TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (host_id, secs, kind, item)
);
CREATE INDEX event_time ON event (secs);
-- When we were watching: one row from each start on.
CREATE TABLE watch (
    t0 BIGINT PRIMARY KEY,
    t1 BIGINT NOT NULL
);
