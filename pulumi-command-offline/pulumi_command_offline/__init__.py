"""Stand-in for the official `command` plugin of Pulumi, for networks where that one cannot be had."""
