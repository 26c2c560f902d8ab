-- Rollback of 0002. Drops the raw rows: everything downstream can be rebuilt from them and from nothing else.
-- Take a backup first.

DROP TABLE IF EXISTS ${DATABASE}.landing_observations ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.landing_instruments ${ON_CLUSTER} SYNC;
