-- Spellings of seeds/lookup_aliases.csv, on both sides, with their IDs. Append-only: what resolved once resolves for ever.
SELECT
    domain,
    parent_id,
    code,
    id,
    {{ time_of_append() }} AS recorded_at
FROM {{ ref('stg_lookup_codes') }}
WHERE (is_alias OR NOT is_ledger)
    AND (domain, parent_id, code) NOT IN (SELECT domain, parent_id, code FROM {{ this }})
