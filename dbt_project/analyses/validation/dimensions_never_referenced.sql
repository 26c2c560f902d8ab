-- Dimensions none of whose listed codes any fact has. Should be empty.
{%- set domains = ['source', 'instrument', 'asset_class', 'sub_asset_class', 'product_type', 'data_class', 'field'] %}
SELECT domain, listed, used
FROM (
    {%- for domain in domains %}
    SELECT
        '{{ domain }}' AS domain,
        count() AS listed,
        countIf({{ domain }}_id IN (SELECT {{ domain }}_id FROM {{ ref('fct_observations') }})) AS used
    FROM {{ ref('dim_' ~ domain ~ '_latest') }}
    WHERE is_active
    {{- "\n\n    UNION ALL\n" if not loop.last }}
    {%- endfor %}
)
WHERE used = 0
ORDER BY domain
