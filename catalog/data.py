"""The data files of this folder, as they are."""

import functools
import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent


@functools.cache
def table(name: str) -> dict[str, Any]:
    """Read one data file; each has `source` and `date` beside its facts."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
