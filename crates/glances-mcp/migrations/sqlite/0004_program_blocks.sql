-- Sealed lists of programs: times `t0` to `t1`, both in it.
CREATE TABLE program_block (
    host_id INTEGER NOT NULL,
    t0 INTEGER NOT NULL,
    t1 INTEGER NOT NULL,
    lists INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (host_id, t0)
);
