"""What all unit tests need."""

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def event_loop_of_the_main_thread() -> Iterator[None]:
    """Pulumi's runtime expects the main thread to have an event loop; any `asyncio.run` before has taken it away."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
