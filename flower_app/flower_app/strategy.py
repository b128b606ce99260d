"""How the sites' weights become one model: Flower's strategies, made strict and reported.

`Reported` goes in front of any of them:

    class ReportedFedAvg(Reported, FedAvg): ...
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg, Strategy

from flower_app.report import report
from flower_app.sites import Site, missing, name_of, settle


class Reported(Strategy):
    """Stops the run when a site's app fails (Flower only logs it) or too few answer; reports every round."""

    def __init__(self, *, sites: list[Site], min_supernodes: int, **options: Any) -> None:
        super().__init__(
            min_train_nodes=min_supernodes,
            min_evaluate_nodes=min_supernodes,
            min_available_nodes=min_supernodes,
            **options,
        )
        self.names = {site.node_id: site.name for site in sites}
        self.least = min_supernodes

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Choose the sites that train; the round begins here."""
        self.started = time.monotonic()
        self.train_asked = list(super().configure_train(server_round, arrays, config, grid))
        return self.train_asked

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Make the new model of the sites' weights."""
        self.trained = settle(self.train_asked, replies, self.names, self.least)
        arrays, metrics = super().aggregate_train(server_round, self.trained)
        return arrays, metrics

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Choose the sites that test the new model."""
        self.test_asked = list(super().configure_evaluate(server_round, arrays, config, grid))
        return self.test_asked

    def aggregate_evaluate(self, server_round: int, replies: Iterable[Message]) -> MetricRecord | None:
        """Average the sites' metrics, weighted by their test images; the round ends here, with its report."""
        tested = settle(self.test_asked, replies, self.names, self.least)
        metrics = super().aggregate_evaluate(server_round, tested) or MetricRecord()
        report(
            "round",
            round=server_round,
            accuracy=metrics.get("accuracy"),
            loss=metrics.get("loss"),
            seconds=round(time.monotonic() - self.started, 3),
            bytes_up=sum(map(array_bytes, self.trained)),
            bytes_down=sum(map(array_bytes, self.train_asked + self.test_asked)),
            sites=per_site(self.trained, tested),
            missing=sorted(
                {*missing(self.train_asked, self.trained, self.names), *missing(self.test_asked, tested, self.names)}
            ),
        )
        return metrics


class ReportedFedAvg(Reported, FedAvg):
    """Federated averaging, weighted by the number of images (https://arxiv.org/abs/1602.05629)."""


def per_site(trained: list[Message], tested: list[Message]) -> dict[str, dict[str, Any]]:
    """Return each site's own figures; those of a site that only trained or only tested are None for the rest."""
    keys = ("accuracy", "loss", "train_loss", "examples", "test_examples")
    sites: dict[str, dict[str, Any]] = {
        name: {**dict.fromkeys(keys), "seconds": 0.0} for name in sorted(map(name_of, trained + tested))
    }
    for reply in trained:
        site, said = sites[name_of(reply)], reply.content["metrics"]
        site.update(train_loss=said["train-loss"], examples=said["num-examples"])
        site["seconds"] += said["seconds"]
    for reply in tested:
        site, said = sites[name_of(reply)], reply.content["metrics"]
        site.update(accuracy=said["accuracy"], loss=said["loss"], test_examples=said["num-examples"])
        site["seconds"] += said["seconds"]
    return sites


def array_bytes(message: Message) -> int:
    """Return the size of the arrays in a message: what of a model crosses the wire, without the framing."""
    return sum(len(array.data) for record in message.content.array_records.values() for array in record.values())
