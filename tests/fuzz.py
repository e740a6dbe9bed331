"""How many examples the property tests try: few and always the same each day, many by chance with `make fuzz`."""

import os

TIMES = int(os.environ.get("COURSECLOUD_FUZZ", "1"))
"""How many times as many as each day."""


def examples(each_day: int) -> int:
    """Give the number of examples of a test that tries `each_day` of them each day."""
    return each_day * TIMES
