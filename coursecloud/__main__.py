"""Where a command starts: `coursecloud`, or `python -m coursecloud`."""

import gc
import sys
from pathlib import Path

from coursecloud import project


def main() -> None:
    """Run the command line."""
    # Loading the SDK makes a million objects that all stay. With the default threshold the collector walks
    # them again and again, a tenth of a command's time, and finds nothing.
    gc.set_threshold(100_000, 50, 100)
    # A review renders each side by its own code, and is not itself done by the code that it looks at.
    if sys.argv[1:2] != ["review"]:
        project.prefer(Path.cwd())
    from coursecloud.cli import app

    app(prog_name="coursecloud")


if __name__ == "__main__":
    main()
