"""Comparing versions of programs."""

import re


def at_least(oldest: str, version: str) -> bool:
    """Whether a version like "v3.259.0", "1.26.8" or "v3.260.0-alpha.1" is `oldest` or newer; False if it is none."""
    return re.match(r"v?\d+\.\d+", version) is not None and _numbers(version) >= _numbers(oldest)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    return (*numbers, *[0] * (3 - len(numbers)))
