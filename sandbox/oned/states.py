"""States of a VM: STATE, and LCM_STATE while it is ACTIVE. Names and numbers are oned's."""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """STATE. (There is no 7: a failure is ACTIVE with an LCM state that says so.)"""

    INIT = 0
    PENDING = 1
    HOLD = 2
    ACTIVE = 3
    STOPPED = 4
    SUSPENDED = 5
    DONE = 6
    POWEROFF = 8
    UNDEPLOYED = 9
    CLONING = 10
    CLONING_FAILURE = 11


class Lcm(IntEnum):
    """LCM_STATE, as far as the sandbox goes through them."""

    LCM_INIT = 0
    PROLOG = 1
    BOOT = 2
    RUNNING = 3
    SAVE_STOP = 5
    SAVE_SUSPEND = 6
    EPILOG = 11
    SHUTDOWN = 12
    CLEANUP_RESUBMIT = 15
    HOTPLUG = 17
    SHUTDOWN_POWEROFF = 18
    BOOT_POWEROFF = 20
    BOOT_SUSPENDED = 21
    BOOT_STOPPED = 22
    CLEANUP_DELETE = 23
    HOTPLUG_NIC = 25
    SHUTDOWN_UNDEPLOY = 29
    BOOT_UNDEPLOY = 32
    HOTPLUG_PROLOG_POWEROFF = 33
    HOTPLUG_EPILOG_POWEROFF = 34
    BOOT_FAILURE = 36
    PROLOG_FAILURE = 39
    EPILOG_FAILURE = 40
    BOOT_UNDEPLOY_FAILURE = 47
    BOOT_STOPPED_FAILURE = 48
    DISK_RESIZE = 62
    DISK_RESIZE_POWEROFF = 63
    HOTPLUG_NIC_POWEROFF = 65
    HOTPLUG_RESIZE = 66


FAILURES = frozenset(
    {
        Lcm.BOOT_FAILURE,
        Lcm.PROLOG_FAILURE,
        Lcm.EPILOG_FAILURE,
        Lcm.BOOT_UNDEPLOY_FAILURE,
        Lcm.BOOT_STOPPED_FAILURE,
    }
)


class Reason(IntEnum):
    """ACTION of a history record: what ended it."""

    NONE = 0
    UNDEPLOY = 5
    UNDEPLOY_HARD = 6
    STOP = 9
    SUSPEND = 10
    DELETE = 13
    DELETE_RECREATE = 14
    POWEROFF = 19
    POWEROFF_HARD = 20
    DISK_ATTACH = 21
    DISK_DETACH = 22
    NIC_ATTACH = 23
    NIC_DETACH = 24
    TERMINATE = 27
    TERMINATE_HARD = 28
    DISK_RESIZE = 29
    RESIZE = 35
