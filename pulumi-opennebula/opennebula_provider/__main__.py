"""The plugin's process."""

from pulumi_provider_kit import serve

from .provider import OpenNebula

serve(OpenNebula())
