-- Rollback of 0004. Facts and quarantine can be fed again from landing; the history of attempts is lost.
-- ClickHouse refuses this while a materialized view of 0006 still writes here: roll that back first.

DROP TABLE IF EXISTS ${DATABASE}.quarantine_observations ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.fct_observations ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.resolved_observations ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.feed_observations ${ON_CLUSTER} SYNC;
