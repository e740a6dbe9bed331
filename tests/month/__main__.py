"""`make month`: each event alone, or sequences by chance; a ledger says what was played, and a run goes on from it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from tests.month import ledger, report
from tests.month.place import TOOLS, fingerprint
from tests.month.starts import opened


def main(words: Sequence[str]) -> int:
    """Run what the command line asks for; 0 where all held."""
    parser = argparse.ArgumentParser(prog="make month ARGS=", description=__doc__)
    parser.add_argument("--stack", default="", help="only this stack: dev, full or gpu")
    parser.add_argument("--sequences", type=int, default=0, help="play so many sequences by chance")
    parser.add_argument("--steps", type=int, default=12, help="so many events a sequence, at most")
    parser.add_argument("--first", type=int, default=1, help="the seed of the first")
    parser.add_argument("--shard", default="1/1", help="I/N: only every Nth, beginning with the Ith")
    parser.add_argument("--afresh", action="store_true", help="also what the ledger has")
    parser.add_argument("--report", action="store_true", help="only say what the ledger has")
    parser.add_argument("--keep", action="store_true", help="only keep in git which sequences have held")
    parser.add_argument("--workers", default="2", help="processes for events alone")
    parser.add_argument("-k", default="", help="only events whose name has this")
    asked = parser.parse_args(list(words))
    if asked.keep:
        sys.stdout.write(f"{ledger.HELD.name} has {ledger.keep()} sequences that held\n")
        return 0
    if asked.report:
        sys.stdout.write(report.text())
        return 0
    if TOOLS.missing:
        sys.stdout.write("nothing was played: " + "; ".join(f"{m.what}: {m.remedy}" for m in TOOLS.missing) + "\n")
        return 0
    return _sequences(asked) if asked.sequences else _alone(asked)


def _alone(asked: argparse.Namespace) -> int:
    line = [sys.executable, "-m", "pytest", "tests/month/test_alone.py", "--tb=no", "-n", asked.workers]
    chosen = " and ".join(f"({each})" for each in (f"{asked.stack}:" if asked.stack else "", *asked.k.split()) if each)
    if chosen:
        line += ["-k", chosen]
    again = {} if asked.afresh else {"COURSECLOUD_MONTH_SKIP": fingerprint()}
    code = subprocess.run(line, env={**os.environ, "COURSECLOUD_MONTH": "1", **again}, check=False).returncode
    sys.stdout.write(report.text())
    return code


def _sequences(asked: argparse.Namespace) -> int:
    from tests.month.sequences import in_sequences, play

    part, parts = (int(each) for each in asked.shard.split("/"))
    stack = asked.stack or "dev"
    done = {line["seed"] for line in ledger.last("sequences") if line["stack"] == stack and ledger.counts(line)}
    numbers = [n for n in range(asked.first, asked.first + asked.sequences) if n % parts == part % parts]
    left = [number for number in numbers if asked.afresh or number not in done]
    sys.stdout.write(f"{len(left)} sequences of {stack}, {len(numbers) - len(left)} are in the ledger\n")
    failed = 0
    listed = in_sequences(stack)
    with opened() as starts:
        for number in left:
            held = play(starts, stack, number, listed, asked.steps)
            failed += not held
            sys.stdout.write(f"  {number}: {'held' if held else 'FAILED'}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{failed} of {len(left)} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
