{#
    Whether a column has the type that YAML names, whatever the case and spaces. Nullable and LowCardinality count where they are asked for. A name
    without parentheses fits whatever the type's own parentheses hold; of DateTime64 the time zone may be left out.
#}
{% macro _type_fits(column, wanted, aliases) -%}
{%- set has = column.dtype | lower | replace(" ", "") -%}
{%- set asked = namespace(type=wanted | string | lower | replace(" ", ""), fits=true) -%}
{%- for wrapper, is_wrapped in (("lowcardinality(", column.is_low_cardinality), ("nullable(", column.is_nullable)) -%}
    {%- if asked.type.startswith(wrapper) -%}
        {%- set asked.type = asked.type[wrapper | length:-1] -%}
        {%- set asked.fits = asked.fits and is_wrapped -%}
    {%- endif -%}
{%- endfor -%}
{%- set name, parenthesis, parameters = asked.type.partition("(") -%}
{%- set target = aliases.get(name, name) -%}
{%- set with_scale = target ~ "(" ~ parameters[:-1] ~ ",0)" if target == "decimal" and "," not in parameters else "" -%}
{%- set spellings = [asked.type, target ~ parenthesis ~ parameters, with_scale] -%}
{%- if name in aliases and has == target -%}{%- do spellings.append(has) -%}{%- endif -%}
{%- set base_fits = not parenthesis and has.startswith(target ~ "(") -%}
{%- set zone_left_out = name == "datetime64" and parenthesis and has.startswith(asked.type[:-1] ~ ",") -%}
{%- do return(asked.fits and (has in spellings or base_fits or zone_left_out)) -%}
{%- endmacro %}
