-- Facts whose IDs their dictionaries do not hold, by key, in one scan. All counts should be 0; the scan should not.
{%- set domains = ['source', 'instrument', 'asset_class', 'sub_asset_class', 'product_type', 'data_class', 'field'] %}
SELECT
    count() AS rows_scanned,
    {%- for domain in domains %}
    countIf(
        NOT dictHas('{{ ref('dict_' ~ domain).schema }}.dict_{{ domain }}', toUInt64({{ domain }}_id))
    ) AS orphans_of_{{ domain }}{{ ',' if not loop.last }}
    {%- endfor %}
FROM {{ ref('fct_observations') }}
