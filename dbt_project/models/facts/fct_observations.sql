-- Adopted: rows arrive in mv_accept_observations, when they are placed. What follows is their lineage.
{%- for domain in ['source', 'instrument', 'asset_class', 'sub_asset_class', 'product_type', 'data_class', 'field'] %}
-- depends_on: {{ ref('dict_' ~ domain) }}, {{ ref('dict_' ~ domain ~ '_ids') }}
{%- endfor %}
-- depends_on: {{ ref('dict_feed_rule') }}, {{ ref('dict_reason') }}
-- depends_on: {{ ref('dict_combination') }}
-- After its quarantine, so that a test of both stops what is built on the fact.
-- depends_on: {{ ref('quarantine_observations') }}
SELECT * FROM {{ source('landing', 'landing_observations') }}
