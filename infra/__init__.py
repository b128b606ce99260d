"""What is deployed: one component a file, from settings to a federation. `__main__.py` is the only one who calls it."""
