"""Paths of properties as the engine writes them: `nics[1].ip`, `context["a.b"]`."""

import json
import re
from collections.abc import Sequence

Path = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[^.\[\]\"]+\Z")
_STEP = re.compile(r'\.?(?P<key>[^.\[\]"]+)|\[(?P<index>\d+)\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]|\[(?P<any>\*)\]')


def format_path(path: Sequence[str | int]) -> str:
    """The path of a property, from its keys and list indexes."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif not _PLAIN_KEY.match(step):
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
        else:
            text += f".{step}" if text else step
    return text


def parse_path(text: str) -> Path:
    """The keys and indexes of a path; the wildcard `[*]` becomes the key "*"."""
    path: list[str | int] = []
    position = 0
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise ValueError(f"{text!r} is not a property path: cannot read it from {text[position:]!r} on")
        if step["index"] is not None:
            path.append(int(step["index"]))
        elif step["quoted"] is not None:
            path.append(json.loads(step["quoted"]))
        else:
            path.append(step["key"] or step["any"])
        position = step.end()
    return tuple(path)


def covers(pattern: Path, path: Path) -> bool:
    """Whether the path is the pattern's property or lies inside it; "*" stands for any key or index."""
    return len(pattern) <= len(path) and all(want in ("*", have) for want, have in zip(pattern, path, strict=False))
