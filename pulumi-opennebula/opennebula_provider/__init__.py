"""Pulumi's provider plugin for OpenNebula; run as `python3 -m opennebula_provider`."""

VERSION = "0.1.0"
