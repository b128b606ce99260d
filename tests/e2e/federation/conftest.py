"""One federation of two SuperNodes, deployed once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.federation.workspace import Workspace, workspace


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The project on a cloud of its own, two SuperNodes up. A test that changes their number sets it back."""
    parent: Path = tmp_path_factory.mktemp("federation")
    with workspace(parent, subnet="172.16.217.0/24") as place:
        place.up()
        yield place
