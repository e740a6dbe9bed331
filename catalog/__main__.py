"""`python -m catalog`: list what is missing for the resource types that the program declares."""

import sys
from pathlib import Path

from catalog import completeness, types


def main() -> int:
    """Print the list; exit code 1 where it is not empty."""
    found = completeness.missing(Path(__file__).parents[1])
    if found:
        sys.stdout.write(f"{completeness.told(found)}\n")
        return 1
    every = types.every()
    sys.stdout.write(
        f"Nothing is missing: {len(types.declared())} types that the program declares, {len(every)} known\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
