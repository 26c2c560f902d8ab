-- Rollback of 0001. Drops the audit trail: export ops_batches first if it matters.
-- Roll back landing (0002) with it, or loaded files will be taken for new ones.

DROP TABLE IF EXISTS ${DATABASE}.ops_batches ${ON_CLUSTER} SYNC;
