#!/bin/sh
# Runs as root each time the machine starts. What it does is in /var/log/flower-start.log; how it ended, in /run/flower-start.*.
exec >>/var/log/flower-start.log 2>&1
set -eu

rm -f /run/flower-start.done /run/flower-start.failed
trap 'if [ $? -eq 0 ]; then touch /run/flower-start.done; else touch /run/flower-start.failed; fi' EXIT
say() { echo "$(date -u +%H:%M:%S) $*"; }

# mount_disk DEVICE FOLDER
mount_disk() {
    if mountpoint -q "$2"; then
        return
    fi
    tries=0
    until [ -b "$1" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 60 ]; then
            say "no disk $1 for $2: is its image attached?"
            return 1
        fi
        sleep 1
    done
    found=0
    blkid -p "$1" >/dev/null || found=$?
    if [ "$found" -eq 2 ]; then
        say "$1 is blank: making an ext4 file system"
        mkfs.ext4 -q "$1"
    elif [ "$found" -ne 0 ]; then
        say "cannot tell what is on $1; it is left alone"
        return 1
    fi
    # Nobody but root may use the folder while the disk is not there: containers must not write beside it.
    install -d -o root -g root -m 0700 "$2"
    mount -o nosuid,nodev "$1" "$2"
    say "$1 is mounted at $2"
    mounted=$(date -u +%Y-%m-%dT%H:%M:%S.%N)
}
mounted=
mount_disk /dev/vdb /srv/flower/data

install_docker() {
    # shellcheck source=/dev/null
    . /etc/os-release
    case "$ID" in
        debian) components=main ;;
        ubuntu) components="main universe" ;;
        *)
            say "this image has no Docker, and it can be added to Debian and Ubuntu only: use an image that has it"
            return 1
            ;;
    esac
    export DEBIAN_FRONTEND=noninteractive
    set -- -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -q
    printf 'deb %s %s %s\n' http://10.1.2.3/debian "$VERSION_CODENAME" "$components" >/etc/apt/flower.list
    set -- "$@" -o Dir::Etc::SourceList=/etc/apt/flower.list -o Dir::Etc::SourceParts=-
    say "installing Docker"
    apt-get "$@" update
    packages=docker.io
    if apt-cache "$@" show docker-cli >/dev/null 2>&1; then
        packages="docker.io docker-cli"
    fi
    # shellcheck disable=SC2086 # one or two words
    apt-get "$@" install --yes --no-install-recommends ca-certificates $packages
}
if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then
    install_docker
    if [ -d /run/systemd/system ]; then
        systemctl enable --now docker
    else
        service docker start
    fi
fi

# Docker may have started containers before their disk was mounted.
if [ -n "$mounted" ] && docker info >/dev/null 2>&1; then
    docker ps --quiet --filter label=flower.spec \
        | xargs -r docker container inspect --format '{{.State.StartedAt}} {{.Id}}' \
        | awk -v mounted="$mounted" '$1 < mounted { print $2 }' \
        | xargs -r docker restart
fi
say "ready"
