-- two versions of one row, merged
{{ config(
    materialized='table',
    engine='ReplacingMergeTree()',
    order_by='id',
    post_hook=["INSERT INTO {{ this }} VALUES (1, 2)", "OPTIMIZE TABLE {{ this }} FINAL"]
) }}
SELECT toUInt32(1) AS id, toUInt8(1) AS version
