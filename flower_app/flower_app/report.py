"""What a run says about itself: single lines `FLOWER_REPORT {json}` in its log, which any program can read from there.

Events: `start` once, `round` after each round, then `end`, or `error` and nothing more.
"""

from __future__ import annotations

import json
import math
from typing import Any

MARK = "FLOWER_REPORT"


def report(event: str, **values: Any) -> None:
    """Print one line. A loss that is no number any more is null: JSON has no NaN."""
    print(f"{MARK} {json.dumps({'event': event, **_jsonable(values)})}", flush=True)


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _jsonable(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_jsonable(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
