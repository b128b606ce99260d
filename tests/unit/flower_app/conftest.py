"""The app is a bundle of its own, installed nowhere on the deployer: its folder is put on the path here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "flower_app"))
