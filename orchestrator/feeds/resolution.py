"""How one landed row is judged, in ClickHouse's words: typed values, IDs and the condition of each reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from orchestrator.feeds.feed import DUPLICATE_IN_BATCH, FORBIDDEN_COMBINATION, Column, Feed
from orchestrator.feeds.reasons import FUTURE_EVENT_TIME, reasons_of

# there is no year 0, and the parser would take it for this year
_ISO_DATE: Final = r"([1-9]\\d{3}|0[1-9]\\d{2}|00[1-9]\\d|000[1-9])-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])"
_ISO_8601: Final = (
    rf"^{_ISO_DATE}([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{{1,9}})?)?(Z|[+-](0\\d|1[0-4]):?[0-5]\\d)?)?$"
)
_SAFE_INTEGER: Final = 2**53


@dataclass(frozen=True)
class Resolution:
    """The pieces of the view that resolves a feed.

    Attributes:
        parts: `expression AS name`, each of which may use those before it.
        typed: measure of the fact and its expression.
        conditions: by name of the reason; true when the row breaks the rule, never NULL.
        fine: what must hold of a row that breaks no rule; so cheap to know that only others are looked at closely.
    """

    parts: tuple[str, ...]
    typed: tuple[tuple[str, str], ...]
    conditions: dict[str, str]
    fine: tuple[str, ...]


def resolution_of(feed: Feed) -> Resolution:
    """The pieces for a feed with a chain."""
    parts: list[str] = []
    typed: list[tuple[str, str]] = []
    conditions: dict[str, str] = {}
    fine: list[str] = []
    for column in [*_parents_first(feed.codes), *(column for column in feed.specs if not column.code)]:
        more_parts, more_typed, more_conditions, is_fine = _of_column(column, feed)
        parts += more_parts
        fine.append(is_fine)
        typed += more_typed
        conditions |= more_conditions
    if FORBIDDEN_COMBINATION in feed.rules:
        parts += _combination_parts(feed)
        dictionary = "'${DATABASE}.dict_combination'"
        permitted = f"dictHas({dictionary}, combination)"
        conditions[FORBIDDEN_COMBINATION] = f"action = 'reject' AND has_all_ids AND NOT {permitted}"
        fine.append(f"(action != 'reject' OR {permitted})")
    if DUPLICATE_IN_BATCH in feed.rules:
        conditions[DUPLICATE_IN_BATCH] = f"is_repeated AND {_action_of(feed, DUPLICATE_IN_BATCH)} = 'reject'"
        fine.append("NOT is_repeated")
    by_bit = {reason.name: conditions[reason.name] for reason in reasons_of(feed)}
    return Resolution(tuple(parts), tuple(typed), by_bit, tuple(fine))


def measures_of(feed: Feed) -> tuple[tuple[str, str], ...]:
    """Name and type of each measure of the fact, in the order of the columns."""
    return tuple(measure for column in feed.specs for measure in _measures_of_column(column))


def constraints_of(feed: Feed) -> tuple[tuple[str, str], ...]:
    """Name and expression of each constraint of the fact: a foreign key for each ID, and what else must hold.

    Expressions have the brackets that ClickHouse prints, so that they can be found in the live table.
    """
    return (*_foreign_keys(feed), *_value_constraints(feed))


def sorting_of(feed: Feed) -> tuple[str, ...]:
    """The fact's sorting key: the natural key, then the time of knowledge."""
    by_name = {column.name: column for column in feed.specs}
    return (*(by_name[name].id if by_name[name].code else name for name in feed.natural_key), "known_at")


def _foreign_keys(feed: Feed) -> Iterator[tuple[str, str]]:
    for column in feed.codes:
        has = f"dictHas('${{DATABASE}}.dict_{column.code}', toUInt64({column.id}))"
        yield f"fk_{column.name}", f"({column.id} = 0) OR {has}" if column.optional else has
        if column.parent:
            parent = next(other for other in feed.codes if other.name == column.parent)
            belongs = (
                f"dictGet('${{DATABASE}}.dict_{column.code}', '{parent.code}_id', toUInt64({column.id})) = {parent.id}"
            )
            yield (
                f"fk_{column.name}_of_{parent.name}",
                f"({column.id} = 0) OR ({belongs})" if column.optional else belongs,
            )


def _value_constraints(feed: Feed) -> Iterator[tuple[str, str]]:
    for column in feed.specs:
        if column.value_of:
            names = [name for name, _type in _measures_of_column(column)]
            prefix = "" if column.name == "value" else f"{column.name}_"
            number, text, date = (f"isNotNull({name})" for name in names)
            yield f"{prefix}has_exactly_one_value", f"(({number} + {text}) + {date}) = 1"


def _measures_of_column(column: Column) -> Iterator[tuple[str, str]]:
    if column.number:
        yield column.name, f"Nullable({column.number.type})" if column.optional else column.number.type
    if column.choice:
        words = ", ".join(f"'{word}' = {number}" for number, word in enumerate(column.choice, start=1))
        yield column.name, f"Nullable(Enum8({words}))" if column.optional else f"Enum8({words})"
    if column.value_of:
        yield f"{column.name}_number", "Nullable(Float64)"
        yield f"{column.name}_text", "Nullable(String)"
        yield f"{column.name}_date", "Nullable(Date32)"


_Pieces = tuple[list[str], list[tuple[str, str]], dict[str, str], str]


def _of_column(column: Column, feed: Feed) -> _Pieces:
    if column.code:
        return _code(column, feed)
    if column.time:
        return _time(column)
    if column.number:
        return _number(column)
    if column.choice:
        return _choice(column)
    return _value(column)


def _code(column: Column, feed: Feed) -> _Pieces:
    name = column.name
    parent = next((other for other in feed.codes if other.name == column.parent), None)
    key = f"(resolved_{parent.id}, {name}_code)" if parent else f"{name}_code"
    dictionary = f"'${{DATABASE}}.dict_{column.code}_ids', '{column.code}_id'"
    parts = [
        f"trimBoth({name}) AS {name}_code",
        f"dictGetOrDefault({dictionary}, {key}, toUInt32(0)) AS resolved_{column.id}",
    ]
    conditions = {
        f"missing_{name}": f"{name}_code = ''",
        f"unknown_{name}": f"{name}_code != '' AND resolved_{column.id} = 0",
    }
    known = f"resolved_{column.id} != 0"
    return parts, [], conditions, f"({name}_code = '' OR {known})" if column.optional else known


def _time(column: Column) -> _Pieces:
    rule = column.time
    assert rule is not None
    amount, unit = rule.ahead.split()
    parts = [
        f"trimBoth({column.name}) AS time_text",
        "toDateTime64OrZero(time_text, 6, 'UTC') AS canonical_time",
        # written back as it came it is good; only other spellings pay for the closer look
        "if(\n"
        "        toString(canonical_time) = time_text,\n"
        "        canonical_time,\n"
        "        if(\n"
        "            match(\n"
        "                time_text,\n"
        f"                '{_ISO_8601}'\n"
        "            ),\n"
        "            parseDateTime64BestEffortOrNull(time_text, 6, 'UTC'),\n"
        "            NULL\n"
        "        )\n"
        "    ) AS parsed_time",
    ]
    conditions = {
        f"missing_{column.name}": "time_text = ''",
        f"bad_{column.name}": "time_text != '' AND isNull(parsed_time)",
        f"out_of_range_{column.name}": f"ifNull(parsed_time < toDateTime64('{rule.earliest}', 6, 'UTC'), false)",
        FUTURE_EVENT_TIME: f"ifNull(parsed_time > received_at + INTERVAL {amount} {unit}, false)",
    }
    bounds = f"toDateTime64('{rule.earliest}', 6, 'UTC') AND received_at + INTERVAL {amount} {unit}"
    return parts, [], conditions, f"ifNull(parsed_time BETWEEN {bounds}, false)"


def _number(column: Column) -> _Pieces:
    rule = column.number
    assert rule is not None
    name, kind = column.name, rule.type
    if kind.startswith("Decimal"):
        scale = kind.removesuffix(")").split(",")[1].strip()
        precision = int(kind.removeprefix("Decimal(").split(",")[0])
        bits = next(bits for bits, most in ((32, 9), (64, 18), (128, 38), (256, 76)) if precision <= most)
        parsed = f"toDecimal{bits}OrNull({name}_in, {scale})"
    else:
        parsed = f"to{kind}OrNull({name}_in)"
    is_float = kind.startswith("Float")
    parts = [f"trimBoth({name}) AS {name}_in", f"{parsed} AS parsed_{name}"]
    good = f"ifNull(isFinite(parsed_{name}), false)" if is_float else f"isNotNull(parsed_{name})"
    bounds = [
        f"parsed_{name} {operator} {bound}"
        for operator, bound in (("<=", rule.above), ("<", rule.min), (">", rule.max))
        if bound is not None
    ]
    conditions = {f"missing_{name}": f"{name}_in = ''", f"bad_{name}": f"{name}_in != '' AND NOT {good}"}
    if bounds:
        conditions[f"out_of_range_{name}"] = f"{good} AND ifNull({' OR '.join(bounds)}, false)"
    typed = f"parsed_{name}" if column.optional else f"ifNull(parsed_{name}, 0)"
    within = f"{good} AND NOT ifNull({' OR '.join(bounds)}, false)" if bounds else good
    return parts, [(name, typed)], conditions, f"({name}_in = '' OR ({within}))" if column.optional else within


def _choice(column: Column) -> _Pieces:
    name = column.name
    words = ", ".join(f"'{word}'" for word in column.choice)
    numbers = ", ".join(str(number) for number in range(1, len(column.choice) + 1))
    parts = [f"trimBoth({name}) AS {name}_in", f"transform({name}_in, [{words}], [{numbers}], 0) AS number_of_{name}"]
    ((_name, kind),) = _measures_of_column(column)
    known = f"CAST(number_of_{name}, '{kind.replace(chr(39), chr(92) + chr(39))}')"
    typed = (
        f"if(number_of_{name} = 0, NULL, {known})"
        if column.optional
        else f"CAST(greatest(number_of_{name}, 1), '{kind.replace(chr(39), chr(92) + chr(39))}')"
    )
    conditions = {f"missing_{name}": f"{name}_in = ''", f"bad_{name}": f"{name}_in != '' AND number_of_{name} = 0"}
    known_word = f"number_of_{name} != 0"
    return parts, [(name, typed)], conditions, f"({name}_in = '' OR {known_word})" if column.optional else known_word


def _value(column: Column) -> _Pieces:
    name = column.name
    kind = f"type_of_{name}"
    text = f"{name}_in"
    iso_date = f"match({text}, '^{_ISO_DATE}$')"
    parts = [
        f"trimBoth({name}) AS {text}",
        f"dictGetOrDefault('${{DATABASE}}.dict_{column.value_of}', 'field_type', "
        f"toUInt64(resolved_{column.value_of}_id), '') AS {kind}",
        f"if({kind} = 'number', toFloat64OrNull({text}), NULL) AS {name}_as_number",
        f"if({kind} = 'integer', toInt64OrNull({text}), NULL) AS {name}_as_integer",
        f"if({kind} = 'boolean', transform({text}, ['Y', 'N'], [1, 0], NULL), NULL) AS {name}_as_boolean",
        "if(\n"
        f"        {kind} = 'date' AND {iso_date},\n"
        f"        toDate32(parseDateTime64OrNull({text}, '%Y-%m-%d', 'UTC')),\n"
        "        NULL\n"
        f"    ) AS {name}_as_date",
        "multiIf(\n"
        f"        {kind} = 'number', ifNull(isFinite({name}_as_number), false),\n"
        "        -- beyond 2^53 a Float64 would round it\n"
        f"        {kind} = 'integer', ifNull({name}_as_integer BETWEEN -{_SAFE_INTEGER} AND {_SAFE_INTEGER}, false),\n"
        f"        {kind} = 'boolean', isNotNull({name}_as_boolean),\n"
        f"        {kind} = 'date', isNotNull({name}_as_date),\n"
        f"        {kind} = 'text', match({text}, '\\\\p{{L}}'),\n"
        f"        {kind} = 'identifier', match({text}, '[\\\\p{{L}}\\\\p{{N}}]'),\n"
        "        false\n"
        f"    ) AS is_{name}_of_type",
    ]
    typed = [
        (
            f"{name}_number",
            f"ifNull({name}_as_number, ifNull(toFloat64({name}_as_integer), toFloat64({name}_as_boolean)))",
        ),
        (f"{name}_text", f"if({kind} IN ('text', 'identifier'), {text}, NULL)"),
        (f"{name}_date", f"{name}_as_date"),
    ]
    conditions = {
        f"missing_{name}": f"{text} = ''",
        f"bad_{name}": f"{text} != '' AND {kind} != '' AND NOT is_{name}_of_type",
    }
    return parts, typed, conditions, f"is_{name}_of_type"


def _combination_parts(feed: Feed) -> list[str]:
    by_name = {column.name: column for column in feed.specs}
    ids = ", ".join(f"resolved_{by_name[name].id}" for name in feed.combination)
    return [
        f"({ids}) AS combination",
        # a combination of codes that do not all resolve is not judged: those codes are the fault
        f"least({ids}) > 0 AS has_all_ids",
        f"{_action_of(feed, FORBIDDEN_COMBINATION)} AS action",
    ]


def _action_of(feed: Feed, rule: str) -> str:
    return f"dictGetOrDefault('${{DATABASE}}.dict_feed_rule', 'action', ('{feed.name}', '{rule}'), 'off')"


def _parents_first(codes: tuple[Column, ...]) -> list[Column]:
    return sorted(codes, key=lambda column: bool(column.parent))
