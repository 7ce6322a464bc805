-- One row an alert, as it was last; `closed` is 0 while it is open. `host_id` is 0 for the fleet.
CREATE TABLE alert (
    host_id BIGINT NOT NULL,
    id TEXT NOT NULL,
    began BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (host_id, id)
);
CREATE INDEX alert_time ON alert (began);
-- What happened to alerts, in order.
CREATE TABLE transition (
    host_id BIGINT NOT NULL,
    alert_id TEXT NOT NULL,
    secs BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (host_id, alert_id, secs, body)
);
CREATE INDEX transition_time ON transition (secs);
-- State of ours that survives a restart, by name.
CREATE TABLE kept (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
);
