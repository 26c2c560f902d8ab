{#
    Adopts a table that migrations own: it must exist, have exactly the columns of its YAML with their types,
    and every constraint that its YAML names. Nothing is created or altered. The model's SQL states its lineage.
#}
{% materialization adopted, adapter='clickhouse' %}
    {%- set relation = api.Relation.create(schema=this.schema, identifier=this.identifier, type='table') -%}
    {%- do assert_columns_are_as_declared(relation) -%}
    {%- do assert_constraints_are_in_force(relation) -%}
    {%- call statement('main') -%}
        SELECT count() FROM {{ relation }}
    {%- endcall -%}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
