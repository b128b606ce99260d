"""Averages by hand and logs the lines that train.py reads."""

import json
import time

import numpy as np
from flwr.app import ArrayRecord, Context, Message, RecordDict
from flwr.common.logger import log
from flwr.serverapp import Grid, ServerApp

app = ServerApp()
INFO = 20


def report(**event: object) -> None:
    log(INFO, "FLOWER_REPORT %s", json.dumps(event))


@app.main()  # type: ignore[untyped-decorator]
def main(grid: Grid, context: Context) -> None:
    started = time.monotonic()
    rounds = int(context.run_config["num-server-rounds"])
    while len(nodes := sorted(grid.get_node_ids())) < int(context.run_config["min-supernodes"]):
        time.sleep(0.1)
    sites = [
        {
            "site": f"site-{partition}",
            "node_id": str(node),
            "dataset": "none",
            "partition_id": partition,
            "train_examples": 10 * (partition + 1),
            "test_examples": 5,
            "versions": {"flwr": "1.36.0"},
        }
        for partition, node in enumerate(nodes)
    ]
    report(event="start", rounds=rounds, settings=dict(context.run_config), parameters=4, sites=sites)
    weights = [np.zeros(4)]
    for number in range(1, rounds + 1):
        began = time.monotonic()
        content = RecordDict({"arrays": ArrayRecord(weights)})
        replies = list(
            grid.send_and_receive([Message(content=content, dst_node_id=node, message_type="train") for node in nodes])
        )
        for reply in replies:
            if reply.has_error():
                report(event="error", message="training failed", site="site-1", traceback=reply.error.reason)
                raise RuntimeError(f"a site failed: {reply.error.reason}")
        examples = [int(reply.content["metrics"]["num-examples"]) for reply in replies]
        updates = [reply.content["arrays"].to_numpy_ndarrays()[0] for reply in replies]
        weights = [np.average(updates, axis=0, weights=examples)]
        accuracy = float(weights[0][0] / (1 + weights[0][0]))
        report(
            event="round",
            round=number,
            accuracy=accuracy,
            loss=1 - accuracy,
            seconds=time.monotonic() - began,
            bytes_up=weights[0].nbytes * len(replies),
            bytes_down=weights[0].nbytes * len(nodes),
            sites={
                f"site-{int(reply.content['metrics']['partition-id'])}": {
                    "accuracy": accuracy,
                    "loss": 1 - accuracy,
                    "train_loss": 1.0,
                    "examples": int(reply.content["metrics"]["num-examples"]),
                    "test_examples": 5,
                    "seconds": 0.1,
                }
                for reply in replies
            },
            missing=[],
        )
        time.sleep(float(context.run_config["round-seconds"]))
    report(event="end", seconds=time.monotonic() - started)
