"""One cloud a test module."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from sandbox import engine, guest_images
from sandbox.down import remove_everything
from tests.e2e.sandbox.cloud import Cloud, make_cloud


@pytest.fixture(scope="session")
def docker_client() -> docker.DockerClient:
    client = engine.connect()
    guest_images.check_base(client)
    for target in guest_images.missing(client):
        for _ in guest_images.build(client, target):
            pass
    return client


@pytest.fixture(scope="module")
def cloud(docker_client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    state_dir = tmp_path_factory.mktemp("sandbox")
    made = make_cloud(docker_client, state_dir, "test")
    try:
        yield made
    finally:
        remove_everything(docker_client, made.place)
