"""The ServerApp, run where torch cannot be imported, over a grid whose sites answer with real messages."""

from __future__ import annotations

import importlib
import json
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Error, Message, MetricRecord, RecordDict
from flwr.common.constant import ErrorCode
from flwr.common.serde import message_from_proto, message_to_proto
from flwr.serverapp import Grid

BUNDLE = tomllib.loads((Path(__file__).parents[3] / "flower_app/pyproject.toml").read_text())
DEFAULTS: dict[str, Any] = BUNDLE["tool"]["flwr"]["app"]["config"]
A, B, C = 2**63 + 1, 2**63 + 2, 2**63 + 3
GONE = ErrorCode.NODE_UNAVAILABLE
VERSIONS = {"python": "3.13.5", "flwr": "1.36.0", "torch": "2.6.0"}


class Site:
    """Answers as the ClientApp does, with a model of three numbers to which its training adds `step`."""

    def __init__(self, name: str, examples: int = 10, step: float = 1.0, dataset: str = "fashion-mnist") -> None:
        self.name, self.examples, self.step, self.dataset = name, examples, step, dataset
        self.asked: list[tuple[str, ConfigRecord, np.ndarray | None]] = []
        self.fails: Callable[[Message], Error | None] = lambda message: None

    def answer(self, message: Message) -> Message:
        kind, config = message.metadata.message_type, message.content["config"]
        arrays = next(iter(message.content.array_records.values()), None)
        self.asked.append((kind, config, None if arrays is None else arrays["w"].numpy()))
        if error := self.fails(message):
            return Message(error, reply_to=message)
        if kind == "query":
            about = {"site": self.name, "dataset": self.dataset, "shape": [1, 28, 28], "partition-id": 0, **VERSIONS}
            content = RecordDict(
                {"site": ConfigRecord({**about, "train-examples": self.examples, "test-examples": 2 * self.examples})}
            )
            if config["send-weights"]:
                content["arrays"] = ArrayRecord({"w": Array(np.zeros(3, np.float32))})
            return Message(content, reply_to=message)
        content = RecordDict({"site": ConfigRecord({"site": self.name})})
        if kind == "train":
            metrics = {"num-examples": self.examples, "train-loss": self.step, "seconds": 0.5}
            trained = message.content["arrays"]["w"].numpy() + np.float32(self.step)
            content["arrays"] = ArrayRecord({"w": Array(trained)})
        else:
            accuracy = self.step / 10
            metrics = {"num-examples": 2 * self.examples, "loss": self.step, "accuracy": accuracy, "seconds": 0.25}
        content["metrics"] = MetricRecord(metrics)
        return Message(content, reply_to=message)

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.asked]


class SiteGrid(Grid):  # type: ignore[misc]
    """Hands each message to its site and back, through the wire's encoding; as the SuperLink does, it answers for a
    node that is gone in its own name."""

    def __init__(self, sites: dict[int, Site]) -> None:
        self.sites, self.replies_reversed = sites, False
        self.gone: set[tuple[int, str]] = set()  # node and kind of message that finds it gone
        self.online = iter([list(sites)] * 1000)

    def get_node_ids(self) -> Iterable[int]:
        return next(self.online)

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        replies = []
        for number, message in enumerate(messages):
            message.metadata.__dict__["_message_id"] = f"message-{number}"
            received = message_from_proto(message_to_proto(message))
            if (message.metadata.dst_node_id, message.metadata.message_type) in self.gone:
                reply = Message(Error(GONE, "no such node"), reply_to=received)
                reply.metadata.__dict__["_src_node_id"] = 1
            else:
                reply = self.sites[message.metadata.dst_node_id].answer(received)
            replies.append(message_from_proto(message_to_proto(reply)))
        return replies[::-1] if self.replies_reversed else replies

    def set_run(self, run: object) -> None:
        raise NotImplementedError

    @property
    def run(self) -> object:
        raise NotImplementedError

    def create_message(self, *_: object, **__: object) -> Message:
        raise NotImplementedError

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        raise NotImplementedError

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        raise NotImplementedError


@pytest.fixture
def server_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module, freshly imported where importing torch, torchvision or flwr_datasets raises."""
    for name in [name for name in sys.modules if name.startswith("flower_app.")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("torch", "torchvision", "flwr_datasets"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError):
        importlib.import_module("torch")
    yield importlib.import_module("flower_app.server_app")
    for name in [name for name in sys.modules if name.startswith("flower_app.")]:
        del sys.modules[name]


@pytest.fixture
def run(server_app: ModuleType, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[dict[str, Any]]]:
    """Run the app; returns the report's events. With `fails=True` the run must raise."""

    def run(grid: SiteGrid, fails: bool = False, **settings: object) -> list[dict[str, Any]]:
        config = {**DEFAULTS, **{key.replace("_", "-"): value for key, value in settings.items()}}
        context = Context(run_id=1, node_id=0, node_config={}, state=RecordDict(), run_config=config)
        if fails:
            with pytest.raises(Exception):  # noqa: B017 - which one is in the report
                server_app.app(grid, context)
        else:
            server_app.app(grid, context)
        lines = capsys.readouterr().out.splitlines()
        return [json.loads(line.removeprefix("FLOWER_REPORT ")) for line in lines if line.startswith("FLOWER_REPORT")]

    return run


Run = Callable[..., list[dict[str, Any]]]


def two_sites() -> dict[int, Site]:
    return {A: Site("hospital-a", examples=10, step=1), B: Site("hospital-b", examples=30, step=5)}


def test_a_run_reports_its_start_its_rounds_and_its_end(run: Run) -> None:
    events = run(SiteGrid(two_sites()), num_server_rounds=3)
    assert [event["event"] for event in events] == ["start", "round", "round", "round", "end"]
    assert [event["round"] for event in events[1:4]] == [1, 2, 3]
    assert events[-1]["seconds"] >= 0


def test_the_start_names_every_site_with_what_it_has(run: Run) -> None:
    start = run(SiteGrid(two_sites()))[0]
    assert (start["rounds"], start["parameters"], start["settings"]) == (3, 3, DEFAULTS)
    assert start["sites"][1] == {
        "site": "hospital-b",
        "node_id": str(B),
        "dataset": "fashion-mnist",
        "partition_id": 0,
        "train_examples": 30,
        "test_examples": 60,
        "versions": VERSIONS,
    }


def test_the_new_model_is_the_average_weighted_by_examples(run: Run) -> None:
    sites = two_sites()
    run(SiteGrid(sites), num_server_rounds=2)
    tested = [arrays for kind, _, arrays in sites[A].asked if kind == "evaluate"]
    np.testing.assert_allclose(np.array(tested), np.array([[4.0] * 3, [8.0] * 3]))  # (10 * 1 + 30 * 5) / 40 = 4 a round


def test_a_round_reports_the_sites_own_figures_and_the_average_by_test_examples(run: Run) -> None:
    sites = two_sites()
    sites[B].examples = 30
    first = run(SiteGrid(sites), num_server_rounds=1)[1]
    assert first["accuracy"] == pytest.approx((20 * 0.1 + 60 * 0.5) / 80)
    assert first["loss"] == pytest.approx((20 * 1 + 60 * 5) / 80)
    assert first["sites"] == {
        "hospital-a": {
            "accuracy": 0.1,
            "loss": 1.0,
            "train_loss": 1.0,
            "examples": 10,
            "test_examples": 20,
            "seconds": 0.75,
        },
        "hospital-b": {
            "accuracy": 0.5,
            "loss": 5.0,
            "train_loss": 5.0,
            "examples": 30,
            "test_examples": 60,
            "seconds": 0.75,
        },
    }
    assert first["missing"] == []


def test_bytes_are_those_of_the_models_each_way(run: Run) -> None:
    first = run(SiteGrid(two_sites()), num_server_rounds=1)[1]
    model = len(Array(np.zeros(3, np.float32)).data)
    assert first["bytes_up"] == 2 * model
    assert first["bytes_down"] == 4 * model  # to train on and to test


def test_initial_weights_come_from_one_site_alone(run: Run) -> None:
    sites = two_sites()
    run(SiteGrid(sites), num_server_rounds=1)
    asked = {node: site.asked[0][1]["send-weights"] for node, site in sites.items()}
    assert asked == {A: True, B: False}


def test_another_site_is_asked_when_the_first_one_has_gone(run: Run) -> None:
    sites = {**two_sites(), C: Site("hospital-c")}
    grid = SiteGrid(sites)
    grid.gone.update((A, kind) for kind in ("query", "train", "evaluate"))
    events = run(grid, num_server_rounds=1)
    assert sites[B].kinds() == ["query", "query", "train", "evaluate"]
    assert [site["site"] for site in events[0]["sites"]] == ["hospital-b", "hospital-c"]


@pytest.mark.parametrize(("setting", "sent"), [(0, 3), (10, 10)])
def test_the_number_of_partitions_travels_in_every_config(run: Run, setting: int, sent: int) -> None:
    sites = {**two_sites(), C: Site("hospital-c")}
    run(SiteGrid(sites), num_server_rounds=1, num_partitions=setting)
    for site in sites.values():
        assert [config["num-partitions"] for _, config, _ in site.asked] == [sent] * 3


def test_training_gets_its_settings_and_its_round(run: Run) -> None:
    sites = two_sites()
    run(SiteGrid(sites), num_server_rounds=2, local_epochs=4, learning_rate=0.5, batch_size=7, seed=9)
    configs = [config for kind, config, _ in sites[A].asked if kind == "train"]
    assert [config["server-round"] for config in configs] == [1, 2]
    assert (configs[0]["local-epochs"], configs[0]["learning-rate"], configs[0]["batch-size"]) == (4, 0.5, 7)
    assert (configs[0]["seed"], configs[0]["dataset"]) == (9, "auto")


@pytest.mark.parametrize("kind", ["query", "train", "evaluate"])
def test_a_failing_app_stops_the_run_with_the_sites_traceback(run: Run, kind: str) -> None:
    sites = two_sites()
    trace = 'Traceback (most recent call last):\n  File "client_app.py", line 9\nValueError: label 11'
    reason = json.dumps({"site": "hospital-b", "traceback": trace})
    error = Error(ErrorCode.CLIENT_APP_RAISED_EXCEPTION, reason)
    sites[B].fails = lambda message: error if message.metadata.message_type == kind else None
    last = run(SiteGrid(sites), fails=True)[-1]
    assert last == {
        "event": "error",
        "message": "the ClientApp failed at hospital-b: ValueError: label 11",
        "site": "hospital-b",
        "traceback": trace,
    }


def test_an_error_in_flowers_own_words_still_names_the_site(run: Run) -> None:
    sites = two_sites()
    error = Error(ErrorCode.LOAD_CLIENT_APP_EXCEPTION, "An exception was raised when attempting to load `ClientApp`")
    sites[B].fails = lambda message: error if message.metadata.message_type == "train" else None
    last = run(SiteGrid(sites), fails=True)[-1]
    assert (last["site"], last["traceback"]) == ("hospital-b", error.reason)


def test_a_site_that_goes_away_is_missing_and_the_others_go_on(run: Run) -> None:
    sites = {**two_sites(), C: Site("hospital-c")}
    grid = SiteGrid(sites)
    grid.gone.update({(C, "train"), (C, "evaluate")})
    first = run(grid, num_server_rounds=1)[1]
    assert first["missing"] == ["hospital-c"]
    assert list(first["sites"]) == ["hospital-a", "hospital-b"]


def test_fewer_answers_than_min_supernodes_stop_the_run(run: Run) -> None:
    sites = two_sites()
    grid = SiteGrid(sites)
    grid.gone.add((B, "train"))
    last = run(grid, fails=True)[-1]
    assert last["event"] == "error"
    assert "1 of 2 sites answered, 2 are needed (min-supernodes). Gone: hospital-b" in last["message"]
    assert "evaluate" not in sites[A].kinds()


def test_different_images_stop_the_run_and_name_every_site(run: Run) -> None:
    sites = two_sites()
    sites[B].dataset = "cifar10"
    last = run(SiteGrid(sites), fails=True)[-1]
    assert "hospital-a has fashion-mnist 1x28x28; hospital-b has cifar10 1x28x28" in last["message"]
    assert sites[A].kinds() == ["query"]


def test_two_sites_of_one_name_stop_the_run(run: Run) -> None:
    sites = {A: Site("hospital-a"), B: Site("hospital-a")}
    assert "calls itself hospital-a" in run(SiteGrid(sites), fails=True)[-1]["message"]


def test_bad_settings_stop_the_run_before_any_site_is_asked(run: Run) -> None:
    sites = two_sites()
    events = run(SiteGrid(sites), fails=True, num_server_rounds=0)
    assert [event["event"] for event in events] == ["error"]
    assert "num-server-rounds is 0" in events[0]["message"]
    assert "Traceback" in events[0]["traceback"]
    assert not sites[A].asked


def test_the_run_waits_until_enough_supernodes_are_online(
    run: Run, server_app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(server_app.time, "sleep", waits.append)
    grid = SiteGrid(two_sites())
    grid.online = iter([[], [A], [A], *[[A, B]] * 100])
    assert run(grid, num_server_rounds=1)[-1]["event"] == "end"
    assert len(waits) == 3


def test_a_fraction_of_the_sites_trains_but_never_fewer_than_min_supernodes(run: Run) -> None:
    sites = {node: Site(f"hospital-{node}") for node in range(1, 11)}
    events = run(SiteGrid(sites), num_server_rounds=1, fraction_train=0.5, fraction_evaluate=0.01)
    assert sum("train" in site.kinds() for site in sites.values()) == 5
    assert sum("evaluate" in site.kinds() for site in sites.values()) == 2
    only_trained = next(site for site in sites.values() if site.kinds() == ["query", "train"])
    figures = events[1]["sites"][only_trained.name]
    assert (figures["accuracy"], figures["examples"], figures["test_examples"]) == (None, 10, None)


def test_the_same_seed_draws_the_same_sites(run: Run) -> None:
    def drawn(seed: int) -> set[int]:
        sites = {node: Site(f"hospital-{node}") for node in range(1, 11)}
        run(SiteGrid(sites), num_server_rounds=1, fraction_train=0.3, seed=seed)
        return {node for node, site in sites.items() if "train" in site.kinds()}

    assert drawn(1) == drawn(1)
    assert any(drawn(seed) != drawn(1) for seed in range(2, 10))


def test_the_model_does_not_depend_on_who_answers_first(run: Run) -> None:
    def model(replies_reversed: bool) -> bytes:
        # Float32 sums of these depend on their order.
        steps = [1.0, 1e8, -1e8, 3.0, 1e7, -1e7, 7.0]
        sites = {node: Site(f"hospital-{node}", step=step) for node, step in enumerate(steps, start=1)}
        grid = SiteGrid(sites)
        grid.replies_reversed = replies_reversed
        run(grid, num_server_rounds=1)
        return next(arrays.tobytes() for kind, _, arrays in sites[1].asked if kind == "evaluate" and arrays is not None)

    assert model(False) == model(True)


def test_a_loss_that_is_no_number_is_null_in_the_report(run: Run) -> None:
    sites = two_sites()
    sites[B].step = float("nan")
    first = run(SiteGrid(sites), num_server_rounds=1)[1]
    assert first["loss"] is None
    assert first["sites"]["hospital-b"]["train_loss"] is None
