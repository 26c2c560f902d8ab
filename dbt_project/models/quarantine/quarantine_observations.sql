-- Adopted: rows arrive in mv_reject_observations, when they are placed. What follows is their lineage.
{%- for domain in ['source', 'instrument', 'asset_class', 'sub_asset_class', 'product_type', 'data_class', 'field'] %}
-- depends_on: {{ ref('dict_' ~ domain ~ '_ids') }}
{%- endfor %}
-- depends_on: {{ ref('dict_field') }}
-- depends_on: {{ ref('dict_feed_rule') }}, {{ ref('dict_reason') }}
-- depends_on: {{ ref('dict_combination') }}
SELECT * FROM {{ source('landing', 'landing_observations') }}
