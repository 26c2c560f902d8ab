-- Rendered from domains.yml by `touchstone lookups render`. A table, because codes of children are looked up in it several times.
{{ config(materialized='table', order_by='(domain, code)') }}

WITH ledger AS (
    SELECT
        domain,
        toUInt32(0) AS parent_id,
        key AS code,
        id
    FROM {{ source('operations', 'ops_ledger') }}
    WHERE parent_key = ''
),

aliases AS (
    SELECT
        trimBoth(domain) AS domain,
        toUInt32(0) AS parent_id,
        trimBoth(alias) AS alias,
        trimBoth(key) AS code
    FROM {{ ref('lookup_aliases') }}
    WHERE trimBoth(parent_key) = ''
),

{{ spellings('spellings', 'ledger', 'aliases') }}

SELECT * FROM spellings
