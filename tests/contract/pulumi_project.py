"""A Pulumi project in a folder of its own, driven by the real CLI, with its own home and backend."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent


@dataclass
class Project:
    """A project and its stack `test`.

    Attributes:
        folder: where it lies; gets `Pulumi.yaml`, the program, home and backend.
        program: text of `__main__.py`.
        plugins: folders of provider plugins by name, as in `Pulumi.yaml`.
        environment: additions to this process's.
    """

    folder: Path
    program: str
    plugins: Mapping[str, Path] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "backend").mkdir()
        (self.folder / "__main__.py").write_text(self.program)
        providers = [{"name": name, "path": str(path)} for name, path in self.plugins.items()]
        settings = {"name": "proj", "runtime": "python", "plugins": {"providers": providers}}
        (self.folder / "Pulumi.yaml").write_text(json.dumps(settings))  # JSON is YAML
        self.run("stack", "init", "test")

    def run(self, *arguments: str, fails: bool = False) -> str:
        """What a command prints; it must succeed, or fail if that is expected."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=120)
        assert (process.returncode != 0) is fails, f"pulumi {arguments} ended with {process.returncode}:\n{output}"
        return output

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command under way, in a process group of its own as in a terminal."""
        return subprocess.Popen(
            [str(BIN / "pulumi"), *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def up(self, *, fails: bool = False) -> str:
        return self.run("up", "--yes", "--skip-preview", fails=fails)

    def state(self) -> dict[str, Any]:
        """Resources of the stack by Pulumi name, without the stack itself and providers."""
        resources = self._export().get("resources", [])
        named = {resource["urn"].rsplit("::", 1)[-1]: resource for resource in resources}
        return {name: found for name, found in named.items() if not found["type"].startswith("pulumi:")}

    def providers(self) -> list[dict[str, Any]]:
        """Providers in the state of the stack."""
        resources = self._export().get("resources", [])
        return [resource for resource in resources if resource["type"].startswith("pulumi:providers:")]

    def pending(self) -> list[Any]:
        """Operations of which nobody knows how they ended."""
        return self._export().get("pending_operations") or []

    def _export(self) -> dict[str, Any]:
        deployment: dict[str, Any] = json.loads(self.run("stack", "export"))["deployment"]
        return deployment

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder}/backend",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **self.environment,
        }


def press_ctrl_c(process: subprocess.Popen[str]) -> str:
    """What a command under way prints after Ctrl-C, which the terminal sends to the whole group."""
    os.killpg(process.pid, signal.SIGINT)
    return process.communicate(timeout=60)[0]
