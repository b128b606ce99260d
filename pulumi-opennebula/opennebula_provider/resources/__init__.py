"""The resources, one a file: how each is checked, created, read, changed and deleted."""
