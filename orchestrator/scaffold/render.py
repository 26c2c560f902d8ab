"""What follows from the declared domains, as files: SQL and YAML of staging, dimensions, dictionaries, versions."""

from pathlib import Path
from typing import Any, Final

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestrator.lookups.domains import Declared, Domain, seed_columns
from orchestrator.scaffold import descriptions

_TEMPLATES: Final = Path(__file__).parent / "templates"
_MODELS: Final = Path("dbt_project/models")
_WIDTH: Final = 140

# the SQL of these files is dbt's template; ours has other brackets
_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    variable_start_string="[[",
    variable_end_string="]]",
    block_start_string="[%",
    block_end_string="%]",
    comment_start_string="[#",
    comment_end_string="#]",
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,
)


class _IndentedDumper(yaml.SafeDumper):
    """Indents the items of a list below its key, as the house does."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def rendered_files(declared: Declared) -> dict[Path, str]:
    """Content by path from the project's folder, of every file that the declaration alone decides."""
    files: dict[Path, str] = {}
    for domain in declared.domains:
        files |= _models_of(domain, declared.domains)
    for name, file in declared.files.items():
        columns = seed_columns(declared.domains)[f"{name}.csv"]
        files[_MODELS / "staging/lookups" / f"stg_{name}.sql"] = render_template(
            "stg_lookups.sql.j2", file=name, columns=columns, is_landed=file.is_landed
        )
    children = [domain for domain in declared.domains if domain.parent]
    files[_MODELS / "staging/lookups/stg_top_codes.sql"] = render_template("stg_top_codes.sql.j2")
    files[_MODELS / "staging/lookups/stg_lookup_codes.sql"] = render_template(
        "stg_lookup_codes.sql.j2",
        children=[domain.name for domain in children],
        parents=[domain.parent for domain in children],
    )
    files[_MODELS / "staging/lookups/_lookups.yml"] = _yaml(models=descriptions.staging(declared))
    files[_MODELS / "dimensions/_domains.yml"] = _yaml(models=map(descriptions.dimension, declared.domains))
    files[_MODELS / "dictionaries/_domains.yml"] = _yaml(
        models=[model for domain in declared.domains for model in descriptions.dictionaries(domain)]
    )
    files[_MODELS / "versions/_domains.yml"] = _yaml(
        models=[model for domain in declared.domains for model in descriptions.versions(domain)]
    )
    files[Path("seeds/_seeds.yml")] = _yaml(seeds=descriptions.seeds(declared))
    return files


def render_template(name: str, **values: object) -> str:
    """A template of this room with its blanks filled."""
    return _ENVIRONMENT.get_template(name).render(**values)


def _models_of(domain: Domain, domains: tuple[Domain, ...]) -> dict[Path, str]:
    by_name = {known.name: known for known in domains}
    values = {
        "domain": domain,
        "known": descriptions.known_columns(domain),
        "parent": by_name[domain.parent] if domain.parent else None,
    }
    return {
        _MODELS / path.format(domain.name): render_template(template, **values)
        for template, path in (
            ("dim.sql.j2", "dimensions/dim_{}.sql"),
            ("dict.sql.j2", "dictionaries/dict_{}.sql"),
            ("dict_ids.sql.j2", "dictionaries/dict_{}_ids.sql"),
            ("dict_history.sql.j2", "dictionaries/dict_{}_history.sql"),
            ("latest.sql.j2", "versions/dim_{}_latest.sql"),
            ("ranges.sql.j2", "versions/dim_{}_ranges.sql"),
            ("previous.sql.j2", "versions/dim_{}_previous.sql"),
        )
    }


def render_yaml(declaration: str, command: str, **content: Any) -> str:  # noqa: ANN401 whatever YAML takes
    """A YAML file of dbt's that says from what and by which command it was rendered."""
    lists = {name: list(entries) for name, entries in content.items()}
    return f"# Rendered from {declaration} by `{command}`.\n" + yaml.dump(
        {"version": 2, **lists}, Dumper=_IndentedDumper, sort_keys=False, width=_WIDTH, allow_unicode=True
    )


def _yaml(**content: Any) -> str:  # noqa: ANN401 whatever YAML takes
    return render_yaml("domains.yml", "touchstone lookups render", **content)
