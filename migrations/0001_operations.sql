-- Operations: the audit trail of batches. Append-only: each change of a batch's state is a row.
-- A batch is one file's content for one feed; batch_id is the head of SHA-256(feed, content), so the same content is the same batch.

CREATE TABLE IF NOT EXISTS ${DATABASE}.ops_batches ${ON_CLUSTER} (
    batch_id UInt64,
    feed LowCardinality(String),
    state Enum8('started' = 1, 'committed' = 2, 'failed' = 3),
    content_sha256 FixedString(64),
    source_file String,
    rows_landed UInt64,
    rows_accepted UInt64,
    rows_rejected UInt64,
    message String,
    code_version LowCardinality(String),
    dagster_run_id String,
    received_at DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC')
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (feed, batch_id, recorded_at)
COMMENT 'One row per change of state of a batch.';
