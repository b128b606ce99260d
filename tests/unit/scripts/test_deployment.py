"""The remedies that train.py names for a deployed federation."""

from __future__ import annotations

import re
from pathlib import Path

from deployment import bring_container


def test_the_resource_to_replace_is_the_one_that_starts_the_container() -> None:
    program = (Path(__file__).parents[3] / "infra" / "container.py").read_text()
    (named,) = re.findall(r'remote\.Command\(\s*f"\{name\}(\S+)"', program)
    assert f"::st-agnes{named}'" in bring_container("st-agnes")
