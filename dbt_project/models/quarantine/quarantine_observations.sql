-- Adopted: rows arrive in mv_reject_observations, at the moment they land. What follows is their lineage.
{%- for domain in ['instrument', 'field', 'data_class', 'product_type', 'asset_class', 'sub_asset_class', 'source'] %}
-- depends_on: {{ ref('dict_' ~ domain ~ '_ids') }}
{%- endfor %}
-- depends_on: {{ ref('dict_combination') }}, {{ ref('dict_feed_rule') }}
SELECT * FROM {{ source('landing', 'landing_observations') }}
