#!/bin/sh
# Runs as root each time the machine starts. What it does is in /var/log/flower-start.log; how it ended, in /run/flower-start.*.
exec >>/var/log/flower-start.log 2>&1
set -eu

rm -f /run/flower-start.done /run/flower-start.failed
trap 'if [ $? -eq 0 ]; then touch /run/flower-start.done; else touch /run/flower-start.failed; fi' EXIT
say() { echo "$(date -u +%H:%M:%S) $*"; }

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
    : "$components"
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
say "ready"
