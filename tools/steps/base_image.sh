#!/bin/sh
# Writes a minimal Debian 13 as a tar archive to stdout.
# usage, as root: base_image.sh FOLDER-FOR-THE-TREE MIRROR SECURITY-MIRROR-OR-EMPTY
set -eu
tree="$1/tree"
mirror="$2"
security="$3"
trap 'rm -rf --one-file-system "$tree"' EXIT
trap 'exit 1' INT TERM HUP

debootstrap --variant=minbase trixie "$tree" "$mirror" >&2
{
    echo "deb $mirror trixie main"
    echo "deb $mirror trixie-updates main"
    [ -z "$security" ] || echo "deb $security trixie-security main"
} >"$tree/etc/apt/sources.list"

# As slim images are: no lists, no archives, no documentation but the licences.
rm -rf "$tree"/var/cache/apt/*.bin "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/* "$tree"/var/log/*.log
find "$tree/usr/share/doc" -type f ! -name copyright -delete
rm -rf "$tree"/usr/share/man/* "$tree"/usr/share/info/* "$tree"/usr/share/locale/*
tar --create --numeric-owner --one-file-system --directory "$tree" .
