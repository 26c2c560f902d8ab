{#
    The dictionary gate. Adopts a dictionary that migrations own: reloads it, on every host of TOUCHSTONE_CLUSTER if that is set, and
    proves by element count and checksum that each host holds exactly what the model's SQL selects from the dimension, within
    TOUCHSTONE_GATE_SECONDS. Facts come after it in the graph. A host that does not answer fails the proof.
#}
{% materialization adopted_dictionary, adapter='clickhouse' %}
    {%- set relation = api.Relation.create(schema=this.schema, identifier=this.identifier, type='dictionary') -%}
    {%- set cluster = env_var('TOUCHSTONE_CLUSTER', '') -%}
    {%- do assert_columns_are_as_declared(relation) -%}
    {%- call statement('main') -%}
        SYSTEM RELOAD DICTIONARY {{ relation }} {{ "ON CLUSTER `" ~ cluster ~ "`" if cluster }}
    {%- endcall -%}
    {%- set names = model.columns.keys() | list -%}
    {%- set gate = namespace(proven=false, told='') -%}
    {%- for second in range(env_var('TOUCHSTONE_GATE_SECONDS', '60') | int + 1) if not gate.proven -%}
        {%- if not loop.first -%}{%- do run_query('SELECT sleep(1)') -%}{%- endif -%}
        {%- set expected = run_query(content_of('(' ~ sql ~ ')', names)).rows[0] -%}
        {%- set hosts = run_query(content_of(dictionary_on_hosts(relation, cluster), names, 'hostName()')).rows -%}
        {%- set wrong = [] -%}
        {%- for host in hosts if host[0] != expected[0] or host[1] != expected[1] -%}
            {%- do wrong.append(host[0] ~ " element(s) with checksum " ~ host[1] ~ " on " ~ host[2]) -%}
        {%- endfor -%}
        {%- set gate.proven = not wrong and (hosts or expected[0] == 0) -%}
        {%- set gate.told = (wrong or ['no element']) | join('; ') ~ " instead of " ~ expected[0] ~ " with " ~ expected[1] -%}
        {%- if gate.proven -%}
            {{ log(relation.identifier ~ ": " ~ expected[0] ~ " elements, checksum " ~ expected[1] ~ ", hosts: " ~ hosts | length) }}
        {%- endif -%}
    {%- endfor -%}
    {%- if not gate.proven -%}
        {%- do exceptions.raise_compiler_error(
            relation ~ " does not hold what its dimension holds: " ~ gate.told
            ~ ". Look for one code with two IDs in the dimension; no fact may be loaded until this holds."
        ) -%}
    {%- endif -%}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{# The rows of a dictionary, of this host or of every host of a cluster. #}
{% macro dictionary_on_hosts(relation, cluster) -%}
    {%- set rows = "dictionary('" ~ relation.schema ~ "." ~ relation.identifier ~ "')" -%}
    {{ "clusterAllReplicas('" ~ cluster ~ "', view(SELECT * FROM " ~ rows ~ "))" if cluster else rows }}
{%- endmacro %}


{# Element count and order-independent checksum of some columns, as text so that key types may differ; by group if one is named. #}
{% macro content_of(rows, names, group=none) -%}
    SELECT
        count(),
        toString(sum(cityHash64(
            {%- for name in names -%} toString({{ name }}){{ ', ' if not loop.last }} {%- endfor -%}
        )))
        {{ ', ' ~ group if group }}
    FROM {{ rows }}
    {{ 'GROUP BY ' ~ group if group }}
{%- endmacro %}
