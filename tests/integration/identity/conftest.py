"""A checkout of which the dimensions were built from the desk, and how to change that desk."""

from collections.abc import Callable
from pathlib import Path

import pytest
from house import Checkout

from orchestrator.lookups.domains import DOMAINS

DIMENSIONS = tuple(domain.name for domain in DOMAINS)
REFERENCE = ("--select", "+path:models/dictionaries", "path:models/versions", "--indirect-selection", "cautious")


class Desk:
    """The lookup desk of a checkout, and the warehouse that is built from it."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout

    def path(self, name: str) -> Path:
        return self.checkout.folder / "seeds" / name

    def text(self, name: str = "lookups.csv") -> str:
        return self.path(name).read_text(encoding="utf-8")

    def replace(self, old: str, new: str) -> None:
        """Replace a text everywhere in lookups.csv; it must be there."""
        text = self.text()
        assert old in text, old
        self.path("lookups.csv").write_text(text.replace(old, new), encoding="utf-8")

    def drop_rows(self, part: str) -> None:
        """Delete the rows of lookups.csv that have this text."""
        kept = [line for line in self.text().splitlines() if part not in line]
        assert len(kept) < len(self.text().splitlines()), part
        self.path("lookups.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")

    def append(self, name: str, *lines: str) -> None:
        with self.path(name).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)

    def build(self, *more: str, must_succeed: bool = True, with_tests: bool = True, **variables: str) -> str:
        """Staging, dimensions, versions and dictionaries, with their tests unless told otherwise."""
        arguments = [*REFERENCE, *(() if with_tests else ("--exclude", "resource_type:test")), *more]
        done = self.checkout.touchstone("build", *arguments, must_succeed=must_succeed, **variables)
        return done.stdout + done.stderr

    def ids(self) -> dict[str, set[tuple[object, ...]]]:
        """(ID, latest code, is_active) by dimension."""
        return {
            name: {
                tuple(row) for row in self.checkout.rows(f"SELECT {name}_id, code, is_active FROM dim_{name}_latest")
            }
            for name in DIMENSIONS
        }

    def id_of(self, domain: str, code: str) -> int:
        """What a code resolves to where rows enter."""
        [[number]] = self.checkout.rows(
            f"SELECT dictGet('touchstone.dict_{domain}_ids', '{domain}_id', tuple('{code}'))"
        )
        return int(number)


@pytest.fixture(scope="session")
def desk_of_checkout(run_checkout: Callable[[], Checkout]) -> Desk:
    """A warehouse with dimensions, which several tests change one after the other; none relies on what another one did."""
    checkout = run_checkout()
    checkout.is_shared = True
    return Desk(checkout)
