"""These tests write whole files of the desk, so they bring its domains along."""

from collections.abc import Iterator

import pytest
from fixture_domains import FIXTURE_DOMAINS, declared_instead


@pytest.fixture(scope="module", autouse=True)
def domains_of_the_fixture() -> Iterator[None]:
    """What the project declares beyond them is not there."""
    with declared_instead(FIXTURE_DOMAINS):
        yield
