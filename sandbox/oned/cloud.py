"""The cloud: its memory, its driver, its worker, and what is there when it first starts."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sandbox.oned.account import ADMINISTRATORS, USERS, Group, User, digest, new_token
from sandbox.oned.document import Document
from sandbox.oned.driver import Driver, SeedImage
from sandbox.oned.image import Image, ImageState, new_source
from sandbox.oned.infrastructure import Cluster, Datastore, Host, Zone, new_datastore, new_host
from sandbox.oned.security_group import default_group
from sandbox.oned.store import Store, Transaction
from sandbox.oned.template import Template
from sandbox.oned.vm import now
from sandbox.oned.worker import Worker

DATABASE = "one.db"
AUTH = "one_auth"


@dataclass(frozen=True)
class Settings:
    """Times in seconds. `latency` is how long after a call a reader still sees the old state."""

    window: float = 1.0  # of the scheduler
    latency: float = 0.05
    poll: float = 1.0  # for VMs that died
    monitoring: float = 5.0  # of host and datastores
    threads: int = 16  # in which the driver acts


class Cloud:
    """Everything behind the API."""

    def __init__(self, state_dir: Path, driver: Driver, settings: Settings | None = None) -> None:
        self.state_dir = state_dir
        self.driver = driver
        self.store = Store(state_dir / DATABASE)
        self._worker = Worker(self.store, driver, settings or Settings())

    def seed(self, images: Iterable[SeedImage], hosts: Iterable[str]) -> None:
        """On the first start: users (by the file one_auth), groups, cluster, datastores, the default security group.

        Images and hosts that are not known by name are added on any start.
        """
        with self.store.transaction() as tx:
            if tx.get(User, 0) is None:
                self._seed_first(tx)
            self._seed_password(tx)
            cluster = tx.get(Cluster, 0)
            known = {host.name for host in tx.all(Host)}
            for name in hosts:
                if cluster and name not in known:
                    tx.put(new_host(tx.new_id(Host), name, "kvm", "kvm", cluster))
            self._seed_images(tx, images)

    def start(self) -> None:
        """Begin, or go on, with what waits."""
        self._worker.start()

    def stop(self) -> None:
        """Let driver calls end, then close the memory."""
        self._worker.stop()
        self.store.close()

    @property
    def idle(self) -> bool:
        """Whether the worker has nothing to do."""
        return self._worker.idle

    def wake(self, document: Document) -> None:
        """The document waits for the worker."""
        self._worker.wake(document)

    def _seed_first(self, tx: Transaction) -> None:
        administrators = Group(id=ADMINISTRATORS, name="oneadmin", users=[0, 1])
        views = {"DEFAULT_VIEW": "cloud", "GROUP_ADMIN_DEFAULT_VIEW": "groupadmin"}
        views |= {"GROUP_ADMIN_VIEWS": "groupadmin,cloud", "VIEWS": "cloud"}
        users = Group(id=USERS, name="users", template=Template(items=[("SUNSTONE", views)]))
        oneadmin = User(id=tx.new_id(User), name="oneadmin", gid=0, password="", template=new_token())
        server = User(
            id=tx.new_id(User),
            name="serveradmin",
            gid=0,
            password=digest(secrets.token_hex(16)),
            auth_driver="server_cipher",
            template=new_token(),
        )
        reserved = Template(items=[("RESERVED_CPU", ""), ("RESERVED_MEM", "")])
        endpoint = Template(items=[("ENDPOINT", "http://localhost:2633/RPC2"), ("ENDPOINT_GRPC", "localhost:2634")])
        base = str(self.state_dir)
        system = {"DS_LIVE_MIGRATE": "YES", "DS_MIGRATE": "YES", "DS_MIGRATE_SNAP": "YES"}
        documents: list[Document] = [
            administrators,
            users,
            oneadmin,
            server,
            Zone(id=0, name="OpenNebula", template=endpoint),
            Cluster(id=0, name="default", template=reserved),
            new_datastore(0, "system", {"TM_MAD": "local", "TYPE": "SYSTEM_DS", **system}, base),
            new_datastore(1, "default", {"DS_MAD": "fs", "TM_MAD": "local", "TYPE": "IMAGE_DS"}, base),
            new_datastore(2, "files", {"DS_MAD": "fs", "TM_MAD": "local", "TYPE": "FILE_DS"}, base),
            default_group(),
        ]
        for document in documents:
            tx.put(document)

    def _seed_password(self, tx: Transaction) -> None:
        """one_auth says oneadmin's password, on every start."""
        oneadmin = tx.get(User, 0)
        name, _, password = (self.state_dir / AUTH).read_text().strip().partition(":")
        if oneadmin is None or name != "oneadmin" or not password:
            raise ValueError(f"{self.state_dir / AUTH} has to be one line `oneadmin:PASSWORD`")
        oneadmin.password = digest(password)
        tx.put(oneadmin)

    def _seed_images(self, tx: Transaction, images: Iterable[SeedImage]) -> None:
        datastore = tx.get(Datastore, 1)
        known = {image.name: image for image in tx.all(Image)}
        for seed in images:
            if datastore is None:
                break
            if seed.name in known:
                known[seed.name].path = seed.source
                tx.put(known[seed.name])
                continue
            template = Template(items=[("DEV_PREFIX", "vd")])
            if seed.description:
                template.set("DESCRIPTION", seed.description)
            image = Image(
                id=tx.new_id(Image),
                name=seed.name,
                type=seed.type,
                path=seed.source,
                size=seed.size,
                datastore=datastore.id,
                datastore_name=datastore.name,
                format="raw",
                source=new_source(datastore),
                state=ImageState.READY,
                prev_state=ImageState.READY,
                registered=now(),
                template=template,
            )
            tx.put(image)
            datastore.images.append(image.id)
            tx.put(datastore)
