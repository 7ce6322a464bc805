-- What an operator says of an alert, the last word. `host_id` is 0 for the fleet.
CREATE TABLE verdict (
    host_id INTEGER NOT NULL,
    alert_id TEXT NOT NULL,
    secs INTEGER NOT NULL,
    principal TEXT NOT NULL,
    word TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (host_id, alert_id)
) WITHOUT ROWID;
-- What operators did, one row each, chained: `hash` is over the row and the hash before it.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    secs INTEGER NOT NULL,
    principal TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL,
    outcome TEXT NOT NULL,
    hash TEXT NOT NULL
);
