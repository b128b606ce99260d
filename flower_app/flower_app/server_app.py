"""What happens beside the SuperLink: ask the sites what they have, then average their training, round after round.

The SuperLink's machine has no ML framework: nothing here may import torch, directly or through another module.
"""

from __future__ import annotations

import math
import random
import time
import traceback
from collections.abc import Mapping
from logging import INFO
from typing import Any

from flwr.app import ConfigRecord, Context
from flwr.common.logger import log
from flwr.serverapp import Grid, ServerApp

from flower_app.report import report
from flower_app.settings import Settings
from flower_app.sites import TIMEOUT, ask_sites
from flower_app.strategy import ReportedFedAvg

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Run a federation's training from its settings to its last round; whatever stops it is reported and raised."""
    started = time.monotonic()
    try:
        federate(grid, context.run_config)
    except Exception as error:
        report(
            "error",
            message=str(error),
            site=getattr(error, "site", None),
            traceback=getattr(error, "traceback", None) or traceback.format_exc(),
        )
        raise
    report("end", seconds=round(time.monotonic() - started, 3))


def federate(grid: Grid, run_config: Mapping[str, Any]) -> None:
    """Train one model over the sites that are online."""
    settings = Settings.of(run_config)
    random.seed(settings.seed)  # strategies draw the sites of a round by it
    nodes = wait_for_supernodes(grid, settings.min_supernodes)
    where = {
        "dataset": settings.dataset,
        "num-partitions": settings.num_partitions or len(nodes),
        "seed": settings.seed,
    }
    # No site's images are here to shape a model by: the first site sends the initial weights.
    sites, initial_arrays = ask_sites(grid, nodes, where, settings.min_supernodes)
    report(
        "start",
        rounds=settings.num_server_rounds,
        settings=dict(run_config),
        parameters=sum(math.prod(array.shape) for array in initial_arrays.values()),
        sites=[site.entry for site in sites],
    )
    strategy = ReportedFedAvg(
        sites=sites,
        min_supernodes=settings.min_supernodes,
        fraction_train=settings.fraction_train,
        fraction_evaluate=settings.fraction_evaluate,
    )
    training = {
        "local-epochs": settings.local_epochs,
        "batch-size": settings.batch_size,
        "learning-rate": settings.learning_rate,
    }
    strategy.start(
        grid=grid,
        initial_arrays=initial_arrays,
        num_rounds=settings.num_server_rounds,
        timeout=TIMEOUT,
        train_config=ConfigRecord({**where, **training}),
        evaluate_config=ConfigRecord(where),
    )


def wait_for_supernodes(grid: Grid, least: int) -> list[int]:
    """Return the ids of all SuperNodes online, once there are enough."""
    seen = -1
    while len(nodes := list(grid.get_node_ids())) < least:
        if len(nodes) != seen:
            seen = len(nodes)
            log(INFO, "Waiting for SuperNodes: %d online, %d needed (min-supernodes)", seen, least)
        time.sleep(1)
    return nodes
