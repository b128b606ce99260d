"""What a site does when the ServerApp asks: describe itself, train, evaluate.

Everything that leaves the site is in the replies below: weights, counts, losses, seconds, versions, and a traceback
when something fails; never an image.
"""

from __future__ import annotations

import json
import platform
import time
import traceback
from importlib.metadata import version
from logging import ERROR

import numpy as np
import torch
from flwr.app import ArrayRecord, ConfigRecord, Context, Error, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.clientapp.typing import ClientAppCallable
from flwr.common.constant import ErrorCode
from flwr.common.logger import log

from flower_app import data, model


def reply_with_traceback(message: Message, context: Context, handle: ClientAppCallable) -> Message:
    """Answer an exception with the site's name and traceback; Flower itself would send the exception's text alone."""
    try:
        return handle(message, context)
    except Exception:
        log(ERROR, "%s failed", message.metadata.message_type, exc_info=True)
        reason = json.dumps({"site": site_of(context), "traceback": traceback.format_exc()})
        return Message(Error(ErrorCode.CLIENT_APP_RAISED_EXCEPTION, reason), reply_to=message)


app = ClientApp()


@app.query(mods=[reply_with_traceback])
def describe(message: Message, context: Context) -> Message:
    """Say what the site would train on; with "send-weights" in the config, send initial weights too."""
    config = message.content["config"]
    site = load_site(config, context)
    about = ConfigRecord(
        {
            "site": site_of(context),
            "dataset": site.dataset,
            "shape": list(site.shape),
            "partition-id": partition_of(config, context),
            "train-examples": len(site.train.labels),
            "test-examples": len(site.test.labels),
            "python": platform.python_version(),
            "flwr": version("flwr"),
            "torch": torch.__version__,
        }
    )
    reply = RecordDict({"site": about})
    if config["send-weights"]:
        torch.manual_seed(config["seed"])
        reply["arrays"] = ArrayRecord(model.SimpleCNN(site.shape).state_dict())
    return Message(reply, reply_to=message)


@app.train(mods=[reply_with_traceback])
def train(message: Message, context: Context) -> Message:
    """Train the received weights on the site's images and send them back."""
    started = time.monotonic()
    config = message.content["config"]
    site = load_site(config, context)
    net = model.SimpleCNN(site.shape)
    net.load_state_dict(message.content["arrays"].to_torch_state_dict())
    # Another order of the images at each site and in each round, the same ones in a repeated run.
    entropy = [config["seed"], config["server-round"], partition_of(config, context)]
    torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1)[0]))
    loss = model.train(net, site.train, config["local-epochs"], config["learning-rate"], config["batch-size"])
    metrics = {"num-examples": len(site.train.labels), "train-loss": loss, "seconds": time.monotonic() - started}
    return answer(message, context, metrics, ArrayRecord(net.state_dict()))


@app.evaluate(mods=[reply_with_traceback])
def evaluate(message: Message, context: Context) -> Message:
    """Test the received weights on the site's test images."""
    started = time.monotonic()
    site = load_site(message.content["config"], context)
    net = model.SimpleCNN(site.shape)
    net.load_state_dict(message.content["arrays"].to_torch_state_dict())
    loss, accuracy = model.test(net, site.test)
    metrics = {
        "num-examples": len(site.test.labels),
        "loss": loss,
        "accuracy": accuracy,
        "seconds": time.monotonic() - started,
    }
    return answer(message, context, metrics)


def answer(message: Message, context: Context, metrics: dict[str, float], arrays: ArrayRecord | None = None) -> Message:
    """Build the reply that Flower's strategies expect: one MetricRecord, and after training one ArrayRecord."""
    reply = RecordDict({"metrics": MetricRecord(metrics), "site": ConfigRecord({"site": site_of(context)})})
    if arrays is not None:
        reply["arrays"] = arrays
    return Message(reply, reply_to=message)


def site_of(context: Context) -> str:
    """Return the name in the node's config, else (in a simulation) one made of its partition."""
    return str(context.node_config.get("site", f"site-{context.node_config.get('partition-id', context.node_id)}"))


def partition_of(config: ConfigRecord, context: Context) -> int:
    """Return which partition is this site's; see `data.partition_of`."""
    return data.partition_of(context.node_config, context.node_id, config["num-partitions"])


def load_site(config: ConfigRecord, context: Context) -> data.SiteData:
    """Find the site's images."""
    return data.load(config["dataset"], partition_of(config, context), config["num-partitions"])
