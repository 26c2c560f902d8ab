-- Rollback of 0006. No data is lost, but rows landed while the views are gone reach neither a fact nor quarantine:
-- stop loading first, and after re-applying feed such rows again (INSERT INTO feed_observations SELECT ... FROM landing_observations).

DROP VIEW IF EXISTS ${DATABASE}.mv_feed_observations ${ON_CLUSTER} SYNC;
DROP VIEW IF EXISTS ${DATABASE}.mv_resolve_observations ${ON_CLUSTER} SYNC;
DROP VIEW IF EXISTS ${DATABASE}.mv_accept_observations ${ON_CLUSTER} SYNC;
DROP VIEW IF EXISTS ${DATABASE}.mv_reject_observations ${ON_CLUSTER} SYNC;
