{#
    Rows, or groups, for which `expression test_condition` is false; where it is NULL they pass. A row comes with its columns, so that a failing
    test tells which one it was: they are read only where failures are stored or shown.
#}
{% macro expression_is_true(model, expression, test_condition="= true", group_by_columns=none, row_condition=none) -%}
{{ return(adapter.dispatch('expression_is_true', 'dbt_expectations')(model, expression, test_condition, group_by_columns, row_condition)) }}
{%- endmacro %}

{% macro default__expression_is_true(model, expression, test_condition, group_by_columns, row_condition) -%}
{%- set groups = dbt_expectations._as_list(group_by_columns) -%}
{%- set shows_rows = not groups and not dbt_expectations._has_aggregate(expression) -%}
SELECT
    {%- if shows_rows %}
    * EXCEPT (dbt_expectations_value, dbt_expectations_truth, expression),
    {%- endif %}
    {%- for group in groups %}
    dbt_expectations_group_{{ loop.index }} AS col_{{ loop.index }},
    {%- endfor %}
    {{ dbt_expectations.truth_expression(dbt_expectations._storable("dbt_expectations_value")) }}
FROM (
    SELECT
        {%- if shows_rows %}
        *,
        {%- endif %}
        {%- for group in groups %}
        ({{ group }}) AS dbt_expectations_group_{{ loop.index }},
        {%- endfor %}
        ({{ expression }}) AS dbt_expectations_value,
        (({{ expression }}) {{ test_condition }}) AS dbt_expectations_truth
    FROM {{ model }}
    {{ dbt_expectations._where(row_condition) }}
    {%- if groups %}
    GROUP BY ({{ groups | join("), (") }})
    {%- endif %}
    {%- if not shows_rows %}
    SETTINGS aggregate_functions_null_for_empty = 1
    {%- endif %}
)
WHERE NOT dbt_expectations_truth
{%- endmacro %}
