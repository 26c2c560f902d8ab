-- Elements of each dictionary beside the IDs of its dimension. A difference means that facts are judged by what is no longer so: reload.
{%- set domains = ['source', 'instrument', 'asset_class', 'sub_asset_class', 'product_type', 'data_class', 'field'] %}
SELECT dictionary, elements, ids, elements = ids AS is_equal
FROM (
    {%- for domain in domains %}
    SELECT
        '{{ ref('dict_' ~ domain).identifier }}' AS dictionary,
        (SELECT count() FROM dictionary('{{ ref('dict_' ~ domain).schema }}.dict_{{ domain }}')) AS elements,
        uniqExact({{ domain }}_id) AS ids
    FROM {{ ref('dim_' ~ domain) }}
    {{- "\n\n    UNION ALL\n" if not loop.last }}
    {%- endfor %}
)
ORDER BY dictionary
