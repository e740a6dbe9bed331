"""Where a command starts: `coursecloud`, or `python -m coursecloud`."""

import gc
import os
import sys

COMPLETE = "_COURSECLOUD_COMPLETE"
"""The variable by which a shell asks for what a TAB offers (Typer's protocol)."""


def main() -> None:
    """Run the command line."""
    _streams()
    # `python -m` puts the folder that one stands in before Python's own modules and the libraries.
    here = os.getcwd()  # noqa: PTH109 - pathlib is one of those modules
    if sys.path[0] == here:
        sys.path.append(sys.path.pop(0))
    # Loading the SDK makes a million objects that all stay. With the default threshold the collector walks
    # them again and again, a tenth of a command's time, and finds nothing.
    gc.set_threshold(100_000, 50, 100)
    from coursecloud.common import project

    # A review renders each side by its own code, and is not itself done by the code that it looks at.
    project.prefer(project.Path.cwd(), reviews=sys.argv[1:2] == ["review"])
    if COMPLETE in os.environ:
        # A shell waits for each TAB. Typer would load rich only to take markup out of texts that have none.
        sys.modules.setdefault("rich", None)  # pyright: ignore[reportArgumentType]
    from coursecloud.cli import app

    sys.excepthook = _told
    app(prog_name="coursecloud")


def _streams() -> None:
    """Have the three streams that a program begins with: Python has none for one that is closed (`0<&-`, some cron)."""
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.exit(141)  # as where somebody stops reading: nothing is done that nobody would hear of
    for name, mode in (("stdin", "r"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123


def _told(_: type[BaseException], error: BaseException, __: object) -> None:
    """Print a traceback, whose messages may repeat what was read, without what looks like a secret."""
    import traceback

    from infra import secrecy

    sys.stderr.write(secrecy.hide("".join(traceback.format_exception(error))))


if __name__ == "__main__":
    main()
