-- two versions of one row, which never merge
{{ config(
    materialized='table',
    engine='ReplacingMergeTree()',
    order_by='id',
    settings={'max_bytes_to_merge_at_max_space_in_pool': 1, 'max_bytes_to_merge_at_min_space_in_pool': 1},
    post_hook="INSERT INTO {{ this }} VALUES (1, 2)"
) }}
SELECT toUInt32(1) AS id, toUInt8(1) AS version
