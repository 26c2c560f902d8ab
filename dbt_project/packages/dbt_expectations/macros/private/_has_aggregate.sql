{#
    Whether an expression may hold an aggregate or window function: a call whose name begins like one. A false alarm only means that the failing
    rows show the expression without the other columns.
#}
{% macro _has_aggregate(expression) -%}
{%- do return(modules.re.search(
    '(?i)(^|[^a-z0-9_])(agg|analysisofvariance|anova|any|approx_|arg(and)?(max|min)|array_(agg|concat_agg)|avg|bit_(and|or|xor)|boundingratio'
    ~ '|categoricalinformation|contingency|corr|count|covar|cramersv|cume_dist|deltasum|dense_?rank|distinct|entropy|estimatecompression'
    ~ '|exponential|first_?value|flamegraph|gini|group|hierarchical|histogram|intervallength|kolmogorov|kurt|lag|largesttriangle|last_?value'
    ~ '|lead|lttb|mannwhitney|max|meanz|median|merged|min|mvtencode|nonnegative|nothing|nth_value|ntile|percent_?rank|quantile|rank|regr_'
    ~ '|retention|row_number|sequence|simplelinear|singlevalue|skew|sparkbar|st_asmvt|std|stochastic|string_agg|studentt|sum|theilsu|timeseries'
    ~ '|top|uniq|var_?(pop|samp)|welcht|windowfunnel)[a-z0-9_]*[ ]*[(]', expression | string) is not none) -%}
{%- endmacro %}
