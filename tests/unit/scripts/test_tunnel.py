"""What tunnel.py does to a person's own Flower configuration: its connections, and nothing else."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from problem import Problem
from tunnel import merge_connections, write_connections

TABLES = {
    "opennebula": '[superlink.opennebula]\naddress = "127.0.0.1:9093"\ninsecure = true\n',
    "local-sim": '[superlink.local-sim]\naddress = ":local:"\noptions.num-supernodes = 2\n',
}
OURS = {
    "opennebula": {"address": "127.0.0.1:9093", "insecure": True},
    "local-sim": {"address": ":local:", "options": {"num-supernodes": 2}},
}
FLOWERS_OWN = """\
[superlink]
default = "local"

[superlink.supergrid]
address = "s.org"

[superlink.local]
address = ":local:"
"""
COMMENTED = """\
# my notes
[superlink] # here
default = 'x'

# the old one
[superlink.x]
address = "a:1"
# end
"""
WITH_SUB_TABLES = """\
[superlink.opennebula]
address="a:1"
[superlink.opennebula.options]
n = 1
[z]
k = 2
"""
FILES = {
    "empty": "",
    "Flower's own": FLOWERS_OWN,
    "no newline at the end": '[superlink.x]\naddress = "a:1" # mine',
    "comments": COMMENTED,
    "an old connection": FLOWERS_OWN + '\n[superlink.opennebula]\naddress = "127.0.0.1:1"\n\n[other]\nkey = 1\n',
    "an old one with sub-tables": WITH_SUB_TABLES,
    "other tables": '[tool]\nlist = [\n  1,\n  2,\n]\ntext = """\n[superlink.fake]\n"""\n',
}


def merged(text: str) -> str:
    return merge_connections(text, TABLES, Path("config.toml"))


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_the_connections_are_there_and_all_else_is_as_before(text: str) -> None:
    before, after = tomllib.loads(text), tomllib.loads(merged(text))
    superlink = after["superlink"]
    assert {name: superlink.pop(name) for name in OURS} == OURS
    expected = before.get("superlink", {})
    for name in OURS:
        expected.pop(name, None)
    if expected.get("default") == "local":
        expected["default"] = "opennebula"
    assert after == {**before, "superlink": expected}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_second_time_changes_nothing(text: str) -> None:
    assert merged(merged(text)) == merged(text)


def test_comments_stay_where_they_are() -> None:
    assert merged(COMMENTED).startswith(COMMENTED)


def test_a_default_that_a_person_chose_stays() -> None:
    assert tomllib.loads(merged(COMMENTED))["superlink"]["default"] == "x"


@pytest.mark.parametrize(
    "text",
    [
        "superlink.opennebula.address = 'a:1'\n",
        'superlink = {opennebula = {address = "a:1"}}\n',
        "[superlink\n",
        '[mine]\ndefault = "local"\n[superlink]\ndefault = "local"\n',
    ],
)
def test_a_file_that_cannot_be_edited_safely_is_left_and_told_what_to_add(text: str) -> None:
    with pytest.raises(Problem) as problem:
        merged(text)
    assert "config.toml cannot be edited" in problem.value.cause
    assert all(table in problem.value.remedy for table in TABLES.values())


def test_a_linked_configuration_stays_a_link_of_the_same_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text(FLOWERS_OWN)
    real.chmod(0o640)
    (tmp_path / "flwr").mkdir()
    (tmp_path / "flwr" / "config.toml").symlink_to(real)
    monkeypatch.setenv("FLWR_HOME", str(tmp_path / "flwr"))
    assert write_connections(TABLES) == real
    assert (tmp_path / "flwr" / "config.toml").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "opennebula" in tomllib.loads(real.read_text())["superlink"]
