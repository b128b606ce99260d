"""An image is named by what is in its folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from infra.image import content_tag

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(REPOSITORY / "images", tmp_path / "images")
    return tmp_path


def test_the_same_content_has_the_same_tag_wherever_it_lies(copy: Path) -> None:
    assert content_tag("supernode", copy) == content_tag("supernode", REPOSITORY)


def test_one_changed_line_changes_the_tag_of_that_image_alone(copy: Path) -> None:
    before = {name: content_tag(name, copy) for name in ("superlink", "supernode")}
    with (copy / "images/supernode/Dockerfile").open("a") as file:
        file.write("# one line\n")
    assert content_tag("supernode", copy) != before["supernode"]
    assert content_tag("superlink", copy) == before["superlink"]


def test_a_tag_is_a_name_and_twelve_hex_digits() -> None:
    name, _, digits = content_tag("superlink", REPOSITORY).partition(":")
    assert name == "flower-superlink"
    assert len(digits) == 12 and int(digits, 16) >= 0
