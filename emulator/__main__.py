"""python -m emulator: serve until interrupted, or print the environment that leads there."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from .environment import environment
from .server import Emulator


def main(arguments: list[str]) -> int:
    """Read the command line, then serve or print."""
    parser = argparse.ArgumentParser(prog="python -m emulator", description="A local emulator of Google Cloud's APIs.")
    parser.add_argument("--port", type=int, default=0, help="0 (the default): any free one")
    parser.add_argument("--project", action="append", required=True, help="a project id; may be given several times")
    parser.add_argument("--scenario", type=Path, help="JSON with faults, quotas, latency")
    parser.add_argument("--enabled", action="append", default=[], help="an API that is on from the start")
    parser.add_argument("--enforce-iam", action="store_true", help="refuse what no policy allows; see README.md")
    parser.add_argument("--env", action="store_true", help="only print what to export for an emulator on --port")
    chosen = parser.parse_args(arguments)
    if chosen.env:
        if not chosen.port:
            parser.error("--env needs the --port on which the emulator runs")
        _tell(exports(environment(f"http://127.0.0.1:{chosen.port}", chosen.project[0])))
        return 0
    try:
        scenario: dict[str, Any] = json.loads(chosen.scenario.read_text(encoding="utf-8")) if chosen.scenario else {}
        emulator = Emulator(
            chosen.project,
            port=chosen.port,
            scenario=scenario,
            enabled=chosen.enabled,
            enforce_iam=chosen.enforce_iam,
        )
    except ImportError as missing:
        parser.error(f"--enforce-iam: {missing}")
    except (OSError, ValueError, TypeError, OverflowError, RecursionError) as wrong:
        about = f"--scenario {chosen.scenario}, --port {chosen.port}" if chosen.scenario else f"--port {chosen.port}"
        parser.error(f"{about}: {wrong}; README.md shows a scenario, and port 0 is any free one")
    _tell(f"# {emulator.url} stands in for Google Cloud; interrupt to end. In another shell:")
    _tell(exports(emulator.env()))
    try:
        emulator.serve()
    except KeyboardInterrupt:
        _tell(f"# {len(emulator.requests)} requests; still there: {len(emulator.remaining())}")
    return 0


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def exports(found: dict[str, str]) -> str:
    """Lines for a shell to read."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in sorted(found.items()))


sys.exit(main(sys.argv[1:]))
