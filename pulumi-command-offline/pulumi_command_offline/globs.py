"""Path patterns of `assetPaths` and `archivePaths`.

`*` and `?` match within one folder, `**` across folders, `[a-z]`, `[!a-z]` and `{a,b}` as in a shell; a pattern that
starts with `!` takes away what earlier ones found.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

_TOKEN = re.compile(r"\\(?P<escaped>.)|(?P<any>\*\*)|(?P<star>\*)|(?P<one>\?)|\[(?P<set>!?[^\]]+)\]|(?P<other>.)", re.S)


def matching_files(directory: Path, patterns: Iterable[str]) -> list[str]:
    """Paths of files below the directory, relative to it, sorted."""
    rules = [(pattern.startswith("!"), _compile(pattern.removeprefix("!"))) for pattern in patterns]
    found = []
    for folder, _, names in os.walk(directory):
        for name in names:
            path = (Path(folder) / name).relative_to(directory).as_posix()
            verdicts = [not exclude for exclude, rule in rules if rule.fullmatch(path)]
            if verdicts and verdicts[-1]:
                found.append(path)
    return sorted(found)


def _compile(pattern: str) -> re.Pattern[str]:
    depth = 0
    parts = []
    for token in _TOKEN.finditer(pattern):
        other = token["other"]
        if token["any"]:
            parts.append(".*")
        elif token["star"]:
            parts.append("[^/]*")
        elif token["one"]:
            parts.append("[^/]")
        elif token["set"]:
            inside = token["set"].replace("\\", r"\\")
            parts.append(f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]")
        elif other == "{":
            depth += 1
            parts.append("(?:")
        elif other == "}" and depth:
            depth -= 1
            parts.append(")")
        elif other == "," and depth:
            parts.append("|")
        else:
            parts.append(re.escape(other or token["escaped"]))
    return re.compile("".join(parts), re.S)
