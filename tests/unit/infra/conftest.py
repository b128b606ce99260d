"""A stand-in for the engine that records what the program registers, and settings that are right."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from infra import stack_config
from infra.federation import Federation
from infra.settings import Settings

REPOSITORY = Path(__file__).parents[3]
PROJECT, STACK = "flower-on-opennebula", "test"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"


@dataclass
class Registered:
    """One resource as the program registered it (not the components, which group them)."""

    type: str
    name: str
    inputs: dict[str, Any]
    secrets: set[str]
    dependencies: set[str]
    deleted_with: str
    delete_before_replace: bool


@dataclass
class Deployment:
    """What the program registered, by name, and its stack outputs."""

    resources: dict[str, Registered] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    secret_outputs: set[str] = field(default_factory=set)

    def of_type(self, suffix: str) -> dict[str, Registered]:
        return {name: found for name, found in self.resources.items() if found.type.endswith(suffix)}


IMAGES: dict[Any, tuple[int, bool]] = {
    "debian-13-docker": (3, False),
    "agnes-data": (7, True),
    "state": (8, True),
    "throwaway": (9, False),
}


class Refused(grpc.RpcError):
    """A failed call, as the engine answers it."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


class Cloud(pulumi.runtime.Mocks):
    """Answers as the providers would."""

    def __init__(self, network: Mapping[str, Any] | None = None) -> None:
        self.network = network

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        computed: dict[str, Any] = {}
        if args.name.endswith("-host-key"):
            computed = {"stdout": f"ssh-ed25519 AAAA-{args.name}"}
        elif args.typ.startswith("command:"):
            computed = {"stdout": f"sha256:{args.name}"}
        identity = f"{100 + sum(args.name.encode()) % 900}" if args.typ.startswith("opennebula:") else f"{args.name}-id"
        return identity, {**args.inputs, **computed}

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        name = args.args.get("name")
        if args.token.endswith("getImage") and name not in IMAGES:
            raise Refused(f"invocation of {args.token} returned an error: there is no image named '{name}'")
        if args.token.endswith("getImage"):
            number, persistent = IMAGES[name]
            return {
                "id": number,
                "name": name,
                "persistent": persistent,
                "type": "OS",
                "state": "READY",
                "size": 2048,
                "datastoreId": 1,
            }
        if args.token.endswith("getTemplate"):
            return {"id": 12, "name": name}
        assert args.token.endswith("getVirtualNetwork") and self.network is not None
        return dict(self.network)


class Engine(pulumi.runtime.mocks.MockMonitor):
    """Pulumi's own mock engine, which also keeps what it does not hand to mocks."""

    def __init__(self, cloud: Cloud, deployment: Deployment) -> None:
        super().__init__(cloud)
        self.deployment = deployment

    def RegisterResource(self, request: Any) -> Any:
        if request.custom:
            inputs = {key: request.object[key] for key in request.object}
            assert request.name not in self.deployment.resources, f"two resources are called {request.name}"
            self.deployment.resources[request.name] = Registered(
                type=request.type,
                name=request.name,
                inputs=_plain(pulumi.runtime.rpc.deserialize_properties(request.object)),
                secrets=set(_secret_paths(inputs)),
                dependencies={urn.rpartition("::")[2] for urn in request.dependencies},
                deleted_with=request.deletedWith.rpartition("::")[2],
                delete_before_replace=request.deleteBeforeReplace,
            )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


def _plain(value: Any) -> Any:
    """Without the wrapping of secrets."""
    if isinstance(value, dict):
        if value.get(SECRET_SIGNATURE) == SECRET:
            return _plain(value["value"])
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _secret_paths(value: Any, path: str = "") -> list[str]:
    if hasattr(value, "keys"):
        if SECRET_SIGNATURE in value and value[SECRET_SIGNATURE] == SECRET:
            return [path]
        return [found for key in value for found in _secret_paths(value[key], f"{path}.{key}".lstrip("."))]
    if hasattr(value, "values") and not isinstance(value, str):
        return [found for item in value for found in _secret_paths(item, f"{path}[]")]
    return []


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployer's folder: key, known_hosts, credentials, and the first three partitions of the sample data."""
    folder = tmp_path_factory.mktemp("deployer")
    key = Ed25519PrivateKey.generate()
    (folder / "id").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    (folder / "id").chmod(0o600)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    (folder / "known_hosts").write_text(f"[bastion.example]:2222 {public}\n")
    (folder / "one_auth").write_text("oneadmin:secret\n")
    for partition in range(4):
        place = folder / ".tools/sample-data/fashion-mnist" / str(partition)
        place.mkdir(parents=True)
        (place / "train-labels-idx1-ubyte").write_bytes(b"\0")
    (folder / "images").symlink_to(REPOSITORY / "images")
    return folder


@pytest.fixture(scope="session")
def config(files: Path) -> dict[str, str]:
    """The least that a stack with a bastion sets."""
    return {
        "opennebula:endpoint": "http://one.example:2633/RPC2",
        "opennebula:authFile": "one_auth",
        "bastion:host": "bastion.example",
        "bastion:port": "2222",
        "bastion:knownHosts": "known_hosts",
        "ssh:privateKeyFile": "id",
        "machine:image": "debian-13-docker",
    }


@pytest.fixture(scope="session")
def load(files: Path) -> Callable[[Mapping[str, str]], Settings]:
    """Settings from a configuration."""

    def load(config: Mapping[str, str], environment: Mapping[str, str] | None = None) -> Settings:
        return stack_config.load(config, project=PROJECT, stack=STACK, environment=environment or {}, folder=files)

    return load


@pytest.fixture(scope="session")
def deploy(
    files: Path, config: dict[str, str], load: Callable[[Mapping[str, str]], Settings]
) -> Callable[..., Deployment]:
    """Run the program with `config` and these changes to it (None removes a key); the same again is not run again."""
    done: dict[str, Deployment] = {}
    attempts: list[Deployment] = []

    def deploy(changes: Mapping[str, str | None] | None = None, network: Mapping[str, Any] | None = None) -> Deployment:
        key = json.dumps([changes, network], sort_keys=True)
        if key not in done:
            done[key] = run(changes, network)
        return done[key]

    def run(changes: Mapping[str, str | None] | None, network: Mapping[str, Any] | None) -> Deployment:
        wanted = {key: value for key, value in {**config, **(changes or {})}.items() if value is not None}
        settings = load(wanted)
        deployment = Deployment()
        attempts.append(deployment)
        cloud = Cloud(network)
        pulumi.runtime.set_mocks(cloud, project=PROJECT, stack=STACK, preview=False, monitor=Engine(cloud, deployment))

        async def collect(output: pulumi.Output[Any], name: str) -> None:
            deployment.outputs[name] = await output.future()
            if await output.is_secret():
                deployment.secret_outputs.add(name)

        async def program() -> None:
            for name, value in Federation(settings, files).outputs.items():
                await collect(pulumi.Output.from_input(value), name)

        pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
        return deployment

    deploy.attempts = attempts  # type: ignore[attr-defined]  # also of those that failed
    return deploy


@pytest.fixture(scope="session")
def sites() -> Callable[..., str]:
    """The setting `sites` as the engine hands it over."""
    return lambda *items: json.dumps([{"name": item} if isinstance(item, str) else item for item in items])
