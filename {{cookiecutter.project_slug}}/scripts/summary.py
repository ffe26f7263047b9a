"""Say what runs where, once the containers are up."""

import sys
from pathlib import Path

from project import banner, discover, settings

root = Path.cwd()
key = settings(root).get("AUTH__DEVELOPMENT_KEY") or "$KEY"
lines = ["", "Everything runs. `make down` stops it.", "", *banner(discover(root), key), ""]
sys.stdout.write("\n".join(lines))
