-- Sealed lists of programs: times `t0` to `t1`, both in it.
CREATE TABLE program_block (
    host_id BIGINT NOT NULL,
    t0 BIGINT NOT NULL,
    t1 BIGINT NOT NULL,
    lists BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (host_id, t0)
);
