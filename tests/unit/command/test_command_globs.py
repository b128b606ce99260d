"""Patterns of asset and archive paths find what the SDK's documentation says."""

from pathlib import Path

import pytest
from pulumi_command_offline.globs import matching_files

FILES = ["top.txt", "a/one.txt", "a/two.js", "a/b/deep.js", "a/b/secret.js", ".hidden", "odd[1].txt", "a,b.txt"]

TABLE: list[tuple[list[str], set[str]]] = [
    (["*"], {"top.txt", ".hidden", "odd[1].txt", "a,b.txt"}),
    (["*.txt"], {"top.txt", "odd[1].txt", "a,b.txt"}),
    (["**"], set(FILES)),
    (["a/*"], {"a/one.txt", "a/two.js"}),
    (["a/**.js"], {"a/two.js", "a/b/deep.js", "a/b/secret.js"}),
    (["a/**.js", "!**secret*"], {"a/two.js", "a/b/deep.js"}),
    (["!**secret*", "a/**.js"], {"a/two.js", "a/b/deep.js", "a/b/secret.js"}),
    (["top.???"], {"top.txt"}),
    (["a/[no]*.txt"], {"a/one.txt"}),
    (["a/[!o]*"], {"a/two.js"}),
    (["a/{one,two}.*"], {"a/one.txt", "a/two.js"}),
    (["a,b.txt"], {"a,b.txt"}),
    ([r"odd\[1\].txt"], {"odd[1].txt"}),
    (["a"], set()),
    (["./top.txt"], set()),
    ([], set()),
]


@pytest.mark.parametrize(("patterns", "found"), TABLE, ids=[" ".join(row[0]) for row in TABLE])
def test_patterns_find_files_in_order_of_the_rules(tmp_path: Path, patterns: list[str], found: set[str]) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert matching_files(tmp_path, patterns) == sorted(found)
