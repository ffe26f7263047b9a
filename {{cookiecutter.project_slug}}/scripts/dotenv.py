"""Make `.env` from `.env.example`, with random secrets in place of its placeholders."""

import sys
from pathlib import Path

from project import write_dotenv

sys.stdout.write("Wrote .env with fresh secrets.\n" if write_dotenv(Path.cwd()) else "Kept the .env that is there.\n")
