"""The sites of a run as the ServerApp sees them: who they are, what they have, and what their replies are worth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flwr.app import ArrayRecord, ConfigRecord, Message, MessageType, RecordDict
from flwr.common.constant import ErrorCode
from flwr.serverapp import Grid

# Nobody's program failed: the node went away, or its answer did. A run goes on without it while enough others answer.
GONE = (
    ErrorCode.MESSAGE_UNAVAILABLE,
    ErrorCode.REPLY_MESSAGE_UNAVAILABLE,
    ErrorCode.NODE_UNAVAILABLE,
    ErrorCode.CLIENT_APP_CRASHED,
)
TIMEOUT = 3600.0  # seconds that a site may take to answer


class SiteError(RuntimeError):
    """The ClientApp failed at a site; `traceback` is what the site says of it."""

    def __init__(self, site: str, traceback: str) -> None:
        super().__init__(f"the ClientApp failed at {site}: {traceback.strip().splitlines()[-1]}")
        self.site = site
        self.traceback = traceback


@dataclass(frozen=True)
class Site:
    """What a site said of itself at the start of the run."""

    node_id: int
    name: str
    dataset: str
    shape: tuple[int, ...]
    partition_id: int
    train_examples: int
    test_examples: int
    versions: dict[str, str]

    @property
    def entry(self) -> dict[str, Any]:
        """The site's entry in the report."""
        return {
            "site": self.name,
            "node_id": str(self.node_id),  # 64 bits: more than a JSON number can be trusted with
            "dataset": self.dataset,
            "partition_id": self.partition_id,
            "train_examples": self.train_examples,
            "test_examples": self.test_examples,
            "versions": self.versions,
        }


def ask_sites(grid: Grid, nodes: list[int], config: dict[str, Any], least: int) -> tuple[list[Site], ArrayRecord]:
    """Ask every node what it has, and the first one for initial weights.

    Raises SiteError when a site cannot say, RuntimeError when fewer than `least` answer, and ValueError when the sites
    have different kinds of images or two have one name.
    """
    first = min(nodes)
    messages = [
        Message(
            RecordDict({"config": ConfigRecord({**config, "send-weights": node == first})}), node, MessageType.QUERY
        )
        for node in nodes
    ]
    replies = settle(messages, grid.send_and_receive(messages, timeout=TIMEOUT), {}, least)
    sites = [_read_site(reply) for reply in replies]
    check_alike(sites)
    arrays = [record for reply in replies for record in reply.content.array_records.values()]
    if not arrays:
        # The first one has gone; those that answered are asked again.
        return ask_sites(grid, [site.node_id for site in sites], config, least)
    return sites, arrays[0]


def check_alike(sites: list[Site]) -> None:
    """Raise ValueError, naming the sites, when they cannot train one model together or be told apart."""
    twice = [name for name, count in Counter(site.name for site in sites).items() if count > 1]
    if twice:
        raise ValueError(f"more than one SuperNode calls itself {', '.join(twice)}: give each a name of its own")
    if len({(site.dataset, site.shape) for site in sites}) > 1:
        have = "; ".join(f"{site.name} has {site.dataset} {'x'.join(map(str, site.shape))}" for site in sites)
        raise ValueError(
            f"the sites have different images: {have}. Put the same kind into /data of each, or set dataset"
        )


def settle(asked: Iterable[Message], replies: Iterable[Message], names: dict[int, str], least: int) -> list[Message]:
    """Return the replies that hold something, in the order of the sites' names, so that sums come out the same.

    `names` are the sites' by node id. Raises SiteError for a site whose app failed, RuntimeError when fewer than
    `least` replies are left (none is needed when none was asked).
    """
    asked, good = list(asked), []
    for reply in replies:
        if reply.has_content():
            good.append(reply)
        elif reply.error.code not in GONE:
            raise _site_error(reply, names)
    if asked and len(good) < least:
        gone = ", ".join(missing(asked, good, names))
        raise RuntimeError(
            f"{len(good)} of {len(asked)} sites answered, {least} are needed (min-supernodes). Gone: {gone}"
        )
    return sorted(good, key=name_of)


def missing(asked: list[Message], good: list[Message], names: dict[int, str]) -> list[str]:
    """Return the names of the sites that were asked and have not answered."""
    answered = {reply.metadata.src_node_id for reply in good}
    nodes = {message.metadata.dst_node_id for message in asked} - answered
    return sorted(names.get(node, f"node {node}") for node in nodes)


def name_of(reply: Message) -> str:
    """Return the name that the site put into its reply."""
    return str(reply.content["site"]["site"])


def _site_error(reply: Message, names: dict[int, str]) -> SiteError:
    node = reply.metadata.src_node_id
    reason = reply.error.reason or "no reason given"
    try:
        said = json.loads(reason)
        return SiteError(said["site"], said["traceback"])
    except ValueError:  # Flower's own words, for instance when the app cannot be imported at the site
        return SiteError(names.get(node, f"node {node}"), reason)


def _read_site(reply: Message) -> Site:
    said = reply.content["site"]
    return Site(
        node_id=reply.metadata.src_node_id,
        name=said["site"],
        dataset=said["dataset"],
        shape=tuple(said["shape"]),
        partition_id=said["partition-id"],
        train_examples=said["train-examples"],
        test_examples=said["test-examples"],
        versions={name: said[name] for name in ("python", "flwr", "torch")},
    )
