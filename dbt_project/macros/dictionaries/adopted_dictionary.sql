{#
    The dictionary gate. Adopts a dictionary that migrations own: reloads it, and proves by element count and checksum
    that it holds exactly what the model's SQL selects from the dimension. Facts come after it in the graph.
#}
{% materialization adopted_dictionary, adapter='clickhouse' %}
    {%- set relation = api.Relation.create(schema=this.schema, identifier=this.identifier, type='dictionary') -%}
    {%- do assert_columns_are_as_declared(relation) -%}
    {%- call statement('main') -%}
        SYSTEM RELOAD DICTIONARY {{ relation }}
    {%- endcall -%}
    {%- set names = model.columns.keys() | list -%}
    {%- set expected = run_query(content_of('(' ~ sql ~ ')', names)).rows[0] -%}
    {%- set loaded = run_query(content_of(relation, names)).rows[0] -%}
    {%- if expected[0] != loaded[0] or expected[1] != loaded[1] -%}
        {%- do exceptions.raise_compiler_error(
            relation ~ " does not hold what its dimension holds: " ~ loaded[0] ~ " element(s) with checksum " ~ loaded[1]
            ~ " instead of " ~ expected[0] ~ " with " ~ expected[1]
            ~ ". Look for one code with two IDs in the dimension; no fact may be loaded until this holds."
        ) -%}
    {%- endif -%}
    {{ log(relation.identifier ~ ": " ~ loaded[0] ~ " elements, checksum " ~ loaded[1]) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{# Element count and order-independent checksum of some columns, as text so that key types may differ. #}
{% macro content_of(rows, names) -%}
    SELECT
        count(),
        toString(sum(cityHash64(
            {%- for name in names -%} toString({{ name }}){{ ', ' if not loop.last }} {%- endfor -%}
        )))
    FROM {{ rows }}
{%- endmacro %}
