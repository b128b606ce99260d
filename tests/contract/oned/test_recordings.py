"""The sandbox's API answers the recorded session of a real oned as oned did: same ids, addresses, states, words."""

from __future__ import annotations

import pytest

from tests.contract.oned.recording import Recording, load
from tests.contract.oned.replay import Replay
from tests.contract.oned.session import OUT_OF_SCOPE

RECORDINGS = load()
PLAYED = [recording for recording in RECORDINGS if recording.number not in OUT_OF_SCOPE]


@pytest.fixture(scope="module")
def differences(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[str]]:
    """By the recording's number, what of the answer was not as recorded. The session is played once, in order."""
    return Replay(tmp_path_factory.mktemp("oned")).run(RECORDINGS)


@pytest.mark.parametrize("recording", PLAYED, ids=lambda recording: f"{recording.number:03d}-{recording.name}")
def test_answers_as_recorded(recording: Recording, differences: dict[int, list[str]]) -> None:
    assert differences[recording.number] == []


def test_all_but_a_few_recordings_are_played() -> None:
    assert len(RECORDINGS) == 576
    assert len(PLAYED) >= 547
