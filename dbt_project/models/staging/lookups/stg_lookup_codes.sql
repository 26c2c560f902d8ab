-- Rendered from domains.yml by `touchstone lookups render`. A table, because every dimension reads its part of it.
{{ config(materialized='table', order_by='(domain, code)') }}

WITH ledger AS (
    SELECT
        domain,
        parent_key,
        key AS code,
        id
    FROM {{ source('operations', 'ops_ledger') }}
),

aliases AS (
    SELECT
        trimBoth(domain) AS domain,
        trimBoth(parent_key) AS parent_key,
        trimBoth(alias) AS alias,
        trimBoth(key) AS code
    FROM {{ ref('lookup_aliases') }}
),

top_ledger AS (
    SELECT
        domain,
        toUInt32(0) AS parent_id,
        code,
        id
    FROM ledger
    WHERE parent_key = ''
),

top_aliases AS (
    SELECT
        domain,
        toUInt32(0) AS parent_id,
        alias,
        code
    FROM aliases
    WHERE parent_key = ''
),

{{ spellings('top_spellings', 'top_ledger', 'top_aliases') }},

-- A child is known by its parent's ID, so that renaming a parent renames no child.
child_ledger AS (
    SELECT
        ledger.domain AS domain,
        parents.id AS parent_id,
        ledger.code AS code,
        ledger.id AS id
    FROM ledger
    INNER JOIN top_spellings AS parents
        ON parents.domain = transform(ledger.domain, ['sub_asset_class'], ['asset_class'], '') AND parents.code = ledger.parent_key
),

child_aliases AS (
    SELECT
        aliases.domain AS domain,
        parents.id AS parent_id,
        aliases.alias AS alias,
        aliases.code AS code
    FROM aliases
    INNER JOIN top_spellings AS parents
        ON parents.domain = transform(aliases.domain, ['sub_asset_class'], ['asset_class'], '') AND parents.code = aliases.parent_key
),

{{ spellings('child_spellings', 'child_ledger', 'child_aliases') }}

SELECT * FROM top_spellings
UNION ALL
SELECT * FROM child_spellings
