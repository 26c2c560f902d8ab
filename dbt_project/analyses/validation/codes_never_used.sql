-- Codes that are listed now and that no fact has: there for what is to come, misspelled, or left over.
{%- set domains = ['source', 'instrument', 'asset_class', 'sub_asset_class', 'product_type', 'data_class', 'field'] %}
SELECT domain, id, code
FROM (
    {%- for domain in domains %}
    SELECT '{{ domain }}' AS domain, toUInt64({{ domain }}_id) AS id, code
    FROM {{ ref('dim_' ~ domain ~ '_latest') }}
    WHERE is_active AND {{ domain }}_id NOT IN (SELECT {{ domain }}_id FROM {{ ref('fct_observations') }})
    {{- "\n\n    UNION ALL\n" if not loop.last }}
    {%- endfor %}
)
ORDER BY domain, id
