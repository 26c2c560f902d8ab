-- Rendered from domains.yml by `touchstone lookups render`. A table, because every dimension reads its part of it.
{{ config(materialized='table', order_by='(domain, code)') }}

-- A child is known by its parent's ID, so that renaming a parent renames no child.
WITH parents AS (
    SELECT
        domain,
        code,
        id
    FROM {{ ref('stg_top_codes') }}
    WHERE domain IN ['asset_class']
),

ledger AS (
    SELECT
        ledger.domain AS domain,
        parents.id AS parent_id,
        ledger.key AS code,
        ledger.id AS id
    FROM {{ source('operations', 'ops_ledger') }} AS ledger
    INNER JOIN parents
        ON parents.code = ledger.parent_key
            AND parents.domain = transform(
                ledger.domain,
                ['sub_asset_class'],
                ['asset_class'],
                ''
            )
),

aliases AS (
    SELECT
        trimBoth(aliases.domain) AS domain,
        parents.id AS parent_id,
        trimBoth(aliases.alias) AS alias,
        trimBoth(aliases.key) AS code
    FROM {{ ref('lookup_aliases') }} AS aliases
    INNER JOIN parents
        ON parents.code = trimBoth(aliases.parent_key)
            AND parents.domain = transform(
                trimBoth(aliases.domain),
                ['sub_asset_class'],
                ['asset_class'],
                ''
            )
),

{{ spellings('spellings', 'ledger', 'aliases') }}

SELECT * FROM {{ ref('stg_top_codes') }}
UNION ALL
SELECT * FROM spellings
