{#
    A view with parameters, such as `{known_at:DateTime64(6, 'UTC')}`, which dbt-clickhouse has none of. Made anew at each build, in one
    statement. The arguments of `meta.probe` prove that it can be read and has the columns of its YAML.
#}
{% materialization parameterized_view, adapter='clickhouse' %}
    {%- set relation = api.Relation.create(schema=this.schema, identifier=this.identifier, type='view') -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%}
        CREATE OR REPLACE VIEW {{ relation }} {{ on_cluster_clause(relation) }} AS {{ sql }}
    {%- endcall -%}
    {%- set live = run_query("SELECT * FROM " ~ relation ~ "(" ~ config.require('meta').probe ~ ") LIMIT 0").column_names | list -%}
    {%- if live | sort != model.columns.keys() | sort -%}
        {%- do exceptions.raise_compiler_error(
            relation ~ " has the columns " ~ live | join(', ') ~ "; its YAML says " ~ model.columns.keys() | join(', ') ~ "."
        ) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
