"""The YAML of rendered models and seeds: grain, columns with types, and tests, from the declared domains."""

from collections.abc import Iterator
from typing import Any, Final

from orchestrator.lookups.domains import ALIASES_FILE, Declared, DeskFile, Domain, seed_columns
from orchestrator.scaffold.entries import Entry, column_entry, test_entry

_TIME: Final = "DateTime64(6, 'UTC')"


def known_columns(domain: Domain) -> list[str]:
    """What a version of a code says, beside ID, activity and version: its parent, its code, its attributes."""
    return [column["name"] for column in _said(domain)]


def dimension(domain: Domain) -> Entry:
    """The append-only log of a domain's versions."""
    origin = (
        "in the ledger (seeds/lookup_ids.csv)" if domain.is_of_ledger else "by row_number() in the order of landing"
    )
    key = key_of(domain)
    name = f"dim_{domain.name}"
    tests: list[Any] = [
        test_entry("unique_combination", name, columns=[domain.id_column, "version"]),
        test_entry("one_id_per_code", name, id=domain.id_column, key=key, **_renaming(domain)),
        test_entry("frozen", name, columns=_checked_columns(domain)),
    ]
    if domain.is_of_ledger:
        parent = {"parent": domain.parent} if domain.parent else {}
        tests.append(test_entry("ids_equal_ledger", name, domain=domain.name, **parent))
    return {
        "name": name,
        "description": f"One row per {grain_of(domain)} per version. Append-only; the ID of a code is assigned once, "
        f"{origin}, and never moves.",
        "data_tests": tests,
        "columns": [
            column_entry(domain.id_column, "UInt32", "Surrogate key; never 0.", "not_null"),
            *_said(domain, tested_in=name),
            column_entry(
                "is_active", "Bool", "False once the code is listed no longer; a retired code still resolves."
            ),
            column_entry("version", "UInt32", "1 for the first row of an ID, then one more per change."),
            column_entry("valid_from", _TIME, "From when this version holds."),
            column_entry("recorded_at", _TIME, "When the warehouse learned it."),
            column_entry("batch_id", "UInt64", "Batch that brought it; 0 for the seeds."),
        ],
    }


def dictionaries(domain: Domain) -> Iterator[Entry]:
    """ID to attributes now, code to ID, and ID and time to attributes then."""
    said = _in_memory(_said(domain))
    identity = column_entry(domain.id_column, "UInt64", "The ID.")
    activity = [
        column_entry("is_active", "UInt8", "0 once retired."),
        column_entry("version", "UInt32", "The version this is."),
    ]
    name = f"dict_{domain.name}"
    yield {
        "name": name,
        "description": f"One element per {grain_of(domain)}; gives the attributes of an ID, latest version. "
        "FLAT, in memory.",
        "data_tests": [
            test_entry("covers_dimension", name, latest=f"ref('dim_{domain.name}_latest')", id=domain.id_column)
        ],
        "columns": [identity, *said, *activity],
    }
    yield {
        "name": f"{name}_ids",
        "description": f"One element per spelling of a {grain_of(domain)}, old ones and aliases included; "
        "gives the ID of a code. Used only where rows enter.",
        "data_tests": [
            test_entry(
                "resolves_every_code",
                f"{name}_ids",
                dimension=f"ref('dim_{domain.name}')",
                aliases="ref('dim_alias')",
                domain=domain.name,
                key=key_of(domain),
            )
        ],
        "columns": [
            *(
                [column_entry(f"{domain.parent}_id", "UInt32", "ID of the parent, part of the key.")]
                if domain.parent
                else []
            ),
            column_entry("code", "String", "The spelling."),
            column_entry(domain.id_column, "UInt32", "The ID; 0 for a spelling that is not there."),
        ],
    }
    yield {
        "name": f"{name}_history",
        "description": f"One element per {grain_of(domain)} per version; gives the attributes of an ID as of a time. "
        "In memory.",
        "data_tests": [
            test_entry(
                "answers_as_of", f"{name}_history", ranges=f"ref('dim_{domain.name}_ranges')", id=domain.id_column
            )
        ],
        "columns": [identity, *_range_columns(), *said, *activity],
    }


def versions(domain: Domain) -> Iterator[Entry]:
    """Slowly changing dimensions of type 1, 2 and 3, as views of the one log."""
    identity = column_entry(domain.id_column, "UInt32", "The ID.")
    said = _said(domain)
    version = column_entry("version", "UInt32", "The version this is.")
    log = [
        column_entry("recorded_at", _TIME, "When the warehouse learned it."),
        column_entry("batch_id", "UInt64", "Batch that brought it; 0 for the seeds."),
    ]
    active = column_entry("is_active", "Bool", "False once the code is listed no longer.")
    valid_from = column_entry("valid_from", _TIME, "From when this version holds.")
    name = f"dim_{domain.name}"
    yield {
        "name": f"{name}_latest",
        "description": f"One row per {grain_of(domain)}, its latest version: a slowly changing dimension of type 1.",
        "data_tests": [test_entry("unique_combination", f"{name}_latest", columns=[domain.id_column])],
        "columns": [identity, *said, active, version, valid_from, *log],
    }
    yield {
        "name": f"{name}_ranges",
        "description": f"One row per {grain_of(domain)} per version, with the time in which it held: a slowly changing "
        "dimension of type 2. The first version holds since 1970-01-01.",
        "data_tests": [test_entry("without_overlap", f"{name}_ranges", id=domain.id_column)],
        "columns": [identity, *_range_columns(), *said, active, version, *log],
    }
    previous = [
        column
        for known in said
        for column in (
            known,
            column_entry(
                f"previous_{known['name']}",
                f"Nullable({_plain(known['data_type'])})",
                "What it was before; NULL if new.",
            ),
        )
    ]
    yield {
        "name": f"{name}_previous",
        "description": f"One row per {grain_of(domain)}, its latest values beside those before: a slowly changing "
        "dimension of type 3.",
        "data_tests": [test_entry("unique_combination", f"{name}_previous", columns=[domain.id_column])],
        "columns": [
            identity,
            version,
            valid_from,
            *previous,
            active,
            column_entry("was_active", "Nullable(Bool)", "Whether it was listed before; NULL if new."),
        ],
    }


def staging(declared: Declared) -> Iterator[Entry]:
    """The desk's files, trimmed, and the spellings with their IDs."""
    for name, file in declared.files.items():
        landed = (
            " Files landed as feed lookups included: those may leave codes blank, and repeat each other's rows."
            if file.is_landed
            else ""
        )
        several_files = {"among_distinct_rows": True} if file.is_landed else {}
        columns = [
            column_entry(entry["name"], None, entry["description"], *([] if file.is_landed else ["not_blank"]))
            for entry in _file_columns(declared, name)
        ]
        yield {
            "name": f"stg_{name}",
            "description": f"{file.means} Trimmed.{landed}",
            "data_tests": [
                test_entry("unique_combination", f"stg_{name}", columns=_keys_of_file(declared, name), **several_files)
            ],
            "columns": columns,
        }
    every_spelling = "One row per spelling of the desk that has an ID: keys of the ledger, renamed keys, aliases."
    yield _spellings("stg_top_codes", f"{every_spelling} Domains without parent only.")
    yield _spellings("stg_lookup_codes", every_spelling)


def _spellings(name: str, description: str) -> Entry:
    return {
        "name": name,
        "description": description,
        "data_tests": [test_entry("unique_combination", name, columns=["domain", "parent_id", "code"])],
        "columns": [
            column_entry("domain", None, "Domain, such as field."),
            column_entry("parent_id", None, "ID of the parent; 0 where the domain has none."),
            column_entry("code", None, "The spelling.", "not_blank"),
            column_entry("id", None, "The ID it has for ever."),
            column_entry("is_ledger", None, "Whether the ledger has this spelling."),
            column_entry("is_alias", None, "Whether it is an old spelling of seeds/lookup_aliases.csv."),
        ],
    }


def seeds(declared: Declared) -> Iterator[Entry]:
    """The files that analysts edit. The ledger is not among them: it is no seed of dbt's, see docs/decisions."""
    for name, file in declared.files.items():
        yield _seed(declared, name, file)
    yield {
        "name": ALIASES_FILE.removesuffix(".csv"),
        "description": "One row per old spelling, with the key that took its place. The spelling keeps its ID.",
        "config": {"column_types": dict.fromkeys(("domain", "parent_key", "alias", "key"), "String")},
        "columns": [
            column_entry("domain", None, "Domain, such as field."),
            column_entry("parent_key", None, "Key of the parent domain, blank where the domain has none."),
            column_entry("alias", None, "The old spelling."),
            column_entry("key", None, "The key that is written now."),
        ],
    }


def _seed(declared: Declared, name: str, file: DeskFile) -> Entry:
    columns = _file_columns(declared, name)
    return {
        "name": name,
        "description": f"{file.means} Analysts edit it in pull requests.",
        "config": {"column_types": {column["name"]: "String" for column in columns}},
        "data_tests": [test_entry("unique_combination", name, columns=_keys_of_file(declared, name))],
        "columns": columns,
    }


def _file_columns(declared: Declared, file: str) -> list[Entry]:
    meaning = {}
    for domain in declared.domains:
        if domain.seed == f"{file}.csv":
            meaning[domain.key_column] = f"{domain.noun[0].upper()}{domain.noun[1:]}: {domain.means}."
            meaning.update({attribute.column: attribute.means for attribute in domain.attributes})
    return [column_entry(name, None, meaning[name]) for name in seed_columns(declared.domains)[f"{file}.csv"]]


def _keys_of_file(declared: Declared, file: str) -> list[str]:
    return [domain.key_column for domain in declared.domains if domain.seed == f"{file}.csv"]


def _said(domain: Domain, *, tested_in: str = "") -> list[Entry]:
    """Columns of what a version says; with tests for the model that has them."""
    columns = []
    if domain.parent:
        id_column = f"{domain.parent}_id"
        to = {"to": f"ref('dim_{domain.parent}')", "field": id_column}
        relations = [test_entry("relationships", f"{tested_in}_{id_column}", **to)] if tested_in else []
        meaning = f"The {domain.parent.replace('_', ' ')} within which the code is unique."
        columns.append(column_entry(id_column, "UInt32", meaning, *relations))
    code_tests = ["not_null", "not_blank"] if tested_in else []
    columns.append(column_entry("code", "String", f"Natural key: {domain.means}.", *code_tests))
    for attribute in domain.attributes:
        # a retired code that was never listed has no attributes
        is_tested = bool(tested_in and attribute.values)
        of = f"{tested_in}_{attribute.name}"
        values = [test_entry("accepted_values", of, values=[*attribute.values, ""])] if is_tested else []
        columns.append(column_entry(attribute.name, attribute.type, attribute.means, *values))
    return columns


def _checked_columns(domain: Domain) -> list[str]:
    return [domain.id_column, *known_columns(domain), "is_active", "version"]


def _in_memory(columns: list[Entry]) -> list[Entry]:
    return [{**column, "data_type": _plain(column["data_type"])} for column in columns]


def _range_columns() -> list[Entry]:
    return [
        column_entry("valid_from", _TIME, "Begin of the time in which the version held."),
        column_entry("valid_to", _TIME, "Its last microsecond; 2262-01-01 while it holds."),
    ]


def _renaming(domain: Domain) -> Entry:
    return {"may_be_renamed": True} if domain.is_of_ledger else {}


def key_of(domain: Domain) -> list[str]:
    """Columns that make a code unique: the parent's ID where there is one, and the code."""
    return [*([f"{domain.parent}_id"] if domain.parent else []), "code"]


def grain_of(domain: Domain) -> str:
    """One of the domain's codes, in words."""
    return f"{domain.noun} within its {domain.parent.replace('_', ' ')}" if domain.parent else domain.noun


def _plain(data_type: str) -> str:
    return "String" if data_type == "LowCardinality(String)" else data_type
