"""Where a command starts: `coursecloud`, or `python -m coursecloud`."""

import gc
import sys
import traceback
from types import TracebackType


def main() -> None:
    """Run the command line."""
    # Loading the SDK makes a million objects that all stay. With the default threshold the collector walks
    # them again and again, a tenth of a command's time, and finds nothing.
    gc.set_threshold(100_000, 50, 100)
    from coursecloud.cli import app

    sys.excepthook = _told
    app(prog_name="coursecloud")


def _told(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    """Print a traceback, whose messages may repeat what was read, without what looks like a secret."""
    from infra import secrecy

    sys.stderr.write(secrecy.hide("".join(traceback.format_exception(error))))


if __name__ == "__main__":
    main()
