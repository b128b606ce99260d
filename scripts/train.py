"""Train over the deployed federation, or on this machine alone, and write the report.

    python scripts/train.py                                  # the app's own settings, on the selected stack
    python scripts/train.py --rounds 10 --epochs 2 --lr 0.01
    python scripts/train.py --detach                         # submit only; later: --follow RUN_ID
    python scripts/train.py --target local-sim               # no cloud: Flower's simulation in a container

Ctrl-C stops the run and keeps what is known so far. Everything goes to runs/<run id>/: report.html, report.json,
metrics.csv, accuracy-loss.png and Flower's log; runs/latest leads to the last one.
Exit code: 0 completed, 1 failed, 2 wrong options, 130 stopped.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from options import Options, parse_options
from outputs import PROJECT
from problem import Problem, listen_to_signals, run_script

if TYPE_CHECKING:  # loaded when needed: --help and mistakes answer at once
    from flower import Flower, RunSettings, RunStatus
    from progress import Progress
    from report import Report

APP = PROJECT / "flower_app"
RUNS = PROJECT / "runs"
RECONNECTS = 5


class Target(Protocol):
    """Where a run goes: a `Deployment` or a `Simulation`, entered."""

    target: str
    supernodes: int
    flower: Flower
    federation: RunSettings

    def app(self, path: Path) -> str:
        """Return where `flower` finds the app that is at `path` here."""

    def digests(self) -> dict[str, str]:
        """Return the digests of the images that run."""

    def wait_online(self, wanted: int, step: Callable[[str], None], say: Callable[[str], None]) -> None:
        """Return when `wanted` SuperNodes are online."""

    def reconnect(self) -> None:
        """Restore the connection to the SuperLink where it was lost."""


def main() -> int:
    """Command line; see the module's docstring."""
    options = parse_options(sys.argv[1:], APP)
    listen_to_signals()
    return train(options)


def train(options: Options, app: Path = APP, runs: Path = RUNS) -> int:
    """Do what the options say; return the exit code. Progress goes to stderr when stdout is for JSON."""
    from deployment import Deployment
    from progress import Progress
    from simulation import Simulation

    with Progress(sys.stderr if options.json else sys.stdout) as progress:
        if options.target == "local-sim":
            progress.step("starting the container of the simulation")
            with Simulation(options.min_supernodes or 2, app, options.hub, progress.say) as simulation:
                return _train(simulation, options, app, runs, progress)
        progress.step("reaching the SuperLink")
        with Deployment(options.stack) as deployment:
            return _train(deployment, options, app, runs, progress)


def _train(target: Target, options: Options, app: Path, runs: Path, progress: Progress) -> int:
    if options.follow:
        from report import Report

        started_at = target.flower.status(options.follow).submitted_at  # an unknown run is told before all else
        report = Report(options.follow, target.target, started_at=started_at, digests=target.digests())
    else:
        report = _submit(target, options, app, progress)
    if options.detach:
        stack = f" --stack {options.stack}" if options.stack else ""
        progress.say(f"follow it: python scripts/train.py --follow {report.run_id}{stack}")
    else:
        page = _watch(target, report, options, runs / report.run_id, progress)
        if report.error:
            where = f" at {report.error['site']}" if report.error["site"] else ""
            progress.say(f"\n{report.error['traceback']}\nerror{where}: {report.error['message']}")
        progress.say(f"{report.status}; report: {page}")
    if options.json:
        print(report.as_json(), end="")
    return {"submitted": 0, "completed": 0, "failed": 1}.get(report.status, 130)


def _submit(target: Target, options: Options, app: Path, progress: Progress) -> Report:
    from report import Report

    wanted = options.min_supernodes or target.supernodes
    if wanted > target.supernodes:
        raise Problem(
            f"--min-supernodes {wanted}: the stack has {target.supernodes} SuperNodes",
            f"Ask for fewer, or grow it: `pulumi config set supernodes {wanted} && pulumi up`.",
        )
    target.wait_online(wanted, progress.step, progress.say)
    progress.step("submitting the app")
    settings = {**options.settings, "min-supernodes": wanted}
    run_id = target.flower.run(target.app(app), settings, target.federation)
    progress.say(f"run {run_id} submitted")
    return Report(run_id=run_id, target=target.target, settings=settings, digests=target.digests())


def _watch(target: Target, report: Report, options: Options, folder: Path, progress: Progress) -> Path:
    """Follow the run to its end, or stop it on Ctrl-C; write the report and return its page."""
    status: RunStatus | None
    report.versions |= {"flwr": version("flwr"), "python": platform.python_version()}
    try:
        status = _follow(target, report, folder, progress)
    except KeyboardInterrupt:
        status = _interrupted(target, report, options, progress)
    except Problem:
        _finish(report, folder, progress)
        raise
    if status:
        report.status = status.status
        report.digests["app"] = status.fab_hash
        report.versions["app"] = status.fab_version
    if report.status == "failed" and not report.error:
        details = status.details if status and status.details != "N/A" else "the app ended without a word"
        tail = (folder / "flower.log").read_text().splitlines()[-20:]
        report.error = {"message": details, "site": None, "traceback": "\n".join(tail)}
    return _finish(report, folder, progress)


def _follow(target: Target, report: Report, folder: Path, progress: Progress) -> RunStatus:
    """Take in the run's log until the run has ended; a stream that is lost is opened again."""
    from report import parse_event, write_report

    write_report(report, folder)
    lost = 0
    progress.step("waiting for the app to start on the sites")
    while True:
        with closing(target.flower.log(report.run_id)) as log, (folder / "flower.log").open("w") as copy:
            for line in log:
                print(line, end="", file=copy, flush=True)
                try:
                    event = parse_event(line)
                except ValueError as wrong:
                    progress.say(f"a report line of the app cannot be read ({wrong}): {line.strip()}")
                    continue
                if event:
                    lost = 0
                    report.add(event)
                    report.status = "running"
                    progress.event(event, report)
                    write_report(report, folder)
        try:
            status = target.flower.status(report.run_id)
            if status.finished:
                return status
        except Problem as problem:
            lost += 1
            if lost > RECONNECTS:
                raise Problem(
                    f"the connection to the SuperLink is lost: {problem.cause}",
                    f"The run goes on without us. Follow it later: python scripts/train.py --follow {report.run_id}",
                ) from None
            progress.say(f"lost the log stream, trying again ({lost} of {RECONNECTS})")
            time.sleep(lost)
            try:
                target.reconnect()
            except Problem as still:
                progress.say(f"  {still.cause}")


def _interrupted(target: Target, report: Report, options: Options, progress: Progress) -> RunStatus | None:
    if options.follow:
        progress.say(f"left; run {report.run_id} goes on. To end it: `python scripts/tunnel.py`, then `flwr stop`")
        return None
    progress.step("asking Flower to stop the run; Ctrl-C again leaves it running")
    try:
        target.flower.stop(report.run_id)
        status = target.flower.status(report.run_id)
    except Problem as problem:  # it may have ended in the meantime
        progress.say(problem.cause)
        return None
    except KeyboardInterrupt:
        progress.say(f"left before Flower said that run {report.run_id} has stopped")
        return None
    progress.say(f"run {report.run_id} is {status.status}")
    return status


def _finish(report: Report, folder: Path, progress: Progress) -> Path:
    from page import write_page
    from report import point_latest, write_report

    progress.step("writing the report")
    write_report(report, folder)
    page = write_page(report, folder)
    point_latest(folder.parent, report.run_id)
    progress.stop()
    return page


if __name__ == "__main__":
    sys.exit(run_script(main))
