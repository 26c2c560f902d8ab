{#
    More than 0 where the regex is found in the value, else 0. Asked for a later position or occurrence it is the position in bytes, which needs
    ClickHouse 26.5. The regex means what the YAML says, raw or not. Flags stand in front of it; `c` is what RE2 does anyway.
#}
{% macro regexp_instr(source_value, regexp, position=1, occurrence=1, is_raw=false, flags="") -%}
{{ return(adapter.dispatch('regexp_instr', 'dbt_expectations')(source_value, regexp, position, occurrence, is_raw, flags)) }}
{%- endmacro %}

{% macro default__regexp_instr(source_value, regexp, position, occurrence, is_raw, flags) -%}
{%- do dbt_expectations._validate_re2_flags(flags) -%}
{%- set kept = (flags or "") | replace("c", "") -%}
{%- set pattern = dbt_expectations._literal(("(?" ~ kept ~ ")" if kept else "") ~ regexp) -%}
{%- if position == 1 and occurrence == 1 -%}
    match(toString({{ source_value }}), {{ pattern }})
{%- else -%}
    regexpPosition(toString({{ source_value }}), {{ pattern }}, {{ position }}, {{ occurrence }})
{%- endif -%}
{%- endmacro %}
