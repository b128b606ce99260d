"""What is in the cloud when it first starts: users, groups, a cluster, datastores, images, hosts."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from sandbox.oned.account import ADMINISTRATORS, USERS, Group, User, digest, new_token
from sandbox.oned.cloud import Cloud
from sandbox.oned.document import Document
from sandbox.oned.driver import SeedImage
from sandbox.oned.image import Image, ImageState, new_source
from sandbox.oned.infrastructure import Cluster, Datastore, Host, Zone, new_datastore, new_host
from sandbox.oned.security_group import default_group
from sandbox.oned.store import Transaction
from sandbox.oned.template import Template
from sandbox.oned.vm import now

AUTH = "one_auth"


def seed(cloud: Cloud, images: Iterable[SeedImage], hosts: Iterable[str]) -> None:
    """On the first start: users (by the file one_auth), groups, cluster, datastores, the default security group.

    Images and hosts that are not known by name are added on any start. Raises ValueError when one_auth is no such file.
    """
    with cloud.store.transaction() as tx:
        if tx.get(User, 0) is None:
            _first(tx, str(cloud.state_dir))
        _password(tx, cloud.state_dir / AUTH)
        cluster = tx.get(Cluster, 0)
        known = {host.name for host in tx.all(Host)}
        for name in hosts:
            if cluster and name not in known:
                tx.put(new_host(tx.new_id(Host), name, "kvm", "kvm", cluster))
        _images(tx, images)


def _first(tx: Transaction, base: str) -> None:
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


def _password(tx: Transaction, file: Path) -> None:
    """one_auth says oneadmin's password, on every start."""
    oneadmin = tx.get(User, 0)
    name, _, password = file.read_text().strip().partition(":")
    if oneadmin is None or name != "oneadmin" or not password:
        raise ValueError(f"{file} has to be one line `oneadmin:PASSWORD`")
    oneadmin.password = digest(password)
    tx.put(oneadmin)


def _images(tx: Transaction, images: Iterable[SeedImage]) -> None:
    datastore = tx.get(Datastore, 1)
    known = {image.name: image for image in tx.all(Image)}
    for wanted in images:
        if datastore is None:
            break
        if wanted.name in known:
            known[wanted.name].path = wanted.source
            tx.put(known[wanted.name])
            continue
        template = Template(items=[("DEV_PREFIX", "vd")])
        if wanted.description:
            template.set("DESCRIPTION", wanted.description)
        image = Image(
            id=tx.new_id(Image),
            name=wanted.name,
            type=wanted.type,
            path=wanted.source,
            size=wanted.size,
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
