#!/bin/sh
# invoke-rc.d(8) asks here whether a package that is being installed may start its service: on a running VM it may, while
# an image is built it may not.
grep -q guest-init /proc/1/cmdline || exit 101
