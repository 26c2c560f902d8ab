{# One row per member of the set that no row of the relation has, as text. Only rows that have a member are looked at, once. #}
{% macro _absent_members(model, column_name, value_set, quote_values, row_condition) -%}
{%- set members, displayed, counts = [], [], [] -%}
{%- for value in (value_set or []) | unique(case_sensitive=true) -%}
    {%- do displayed.append(dbt_expectations._literal('NULL' if value is none else value)) -%}
    {%- do counts.append("countIf(" ~ dbt_expectations._in_set("dbt_expectations_value", [value], quote_values) ~ ")") -%}
{%- endfor -%}
SELECT dbt_expectations_member.1 AS value_field
FROM (
    SELECT arrayJoin(arrayZip([{{ displayed | join(", ") }}], [{{ counts | join(", ") }}])) AS dbt_expectations_member
    FROM (
        SELECT DISTINCT ({{ column_name }}) AS dbt_expectations_value
        FROM {{ model }}
        WHERE {{ dbt_expectations._in_set(column_name, value_set, quote_values) }}
        {%- if row_condition %} AND ({{ row_condition }}){% endif %}
    )
)
WHERE dbt_expectations_member.2 = 0
{%- endmacro %}
