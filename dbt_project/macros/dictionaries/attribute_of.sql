{# dictGet by relation: `attribute_of(ref('dict_field'), 'code', 'field_id')`; keeps the lineage that a plain string would lose. #}
{% macro attribute_of(dictionary, attribute, id) -%}
    dictGet('{{ dictionary.schema }}.{{ dictionary.identifier }}', '{{ attribute }}', toUInt64({{ id }}))
{%- endmacro %}
