"""`python -m tests.mutation`: run mutmut on a copy of the tree and hold what survived against the known survivors.

`--against REVISION` runs it on both trees instead and compares the functions of infra/ by their qualified names.

Exit codes: 0 done, 2 a missing tool or an entry of survivors.json that is about nothing any more, 3 a survivor that
nobody has given a reason for, a known one that was killed, a score under the limit, or a
function whose score is lower than in the revision.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase

from tests.mutation import bookkeeping, compare, results, run

LEAST = 80
"""The score under which the run fails: killed mutants of a hundred, the harmless ones counted as survivors."""


def main() -> int:
    """Run what is asked for, print the score of each module, and list new survivors."""
    parser = argparse.ArgumentParser(prog="make mutation", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these mutants, e.g. 'infra.network.*'; all unless given")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only one of N mutants, from all over")
    parser.add_argument("--again", action="store_true", help="run only what survived last time")
    parser.add_argument("--report", action="store_true", help="run nothing; print the last result")
    parser.add_argument("--against", metavar="REVISION", help="compare function by function with this revision")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="with --against: N functions from all over")
    asked = parser.parse_args()
    if asked.against:
        return against(asked.against, asked.names, asked.sample, run_them=not asked.report)
    if wrong := bookkeeping.mistakes(results.known(json.loads(results.KNOWN.read_text(encoding="utf-8")))):
        print("\n".join([f"{results.KNOWN.name} is not current; nothing was run", *wrong]), file=sys.stderr)  # noqa: T201
        return 2
    try:
        if not asked.report:
            run.copy_tree()
        os.chdir(run.COPY)
        survived = [m.name for m in results.mutants(run.COPY) if not m.killed and m.code not in results.NOT_RUN]
        names = survived if asked.again else asked.names
        if not asked.report:
            run.mutate(names, max(1, asked.every))
        return report()
    except ModuleNotFoundError as error:
        print(f"{error}\n    remedy  make mutation, which installs mutmut", file=sys.stderr)  # noqa: T201
        return 2


def against(revision: str, names: Sequence[str], many: int, *, run_them: bool) -> int:
    """Run the functions of infra/ that both trees have, named by patterns such as `Names.*`, and print both scores."""
    try:
        same = [not run_them or run.copy_revision(revision), not run_them or run.copy_tree()]
    except subprocess.CalledProcessError as error:
        print(f"{revision}: {error.stderr.decode().strip()}\n    remedy  name a commit that git has", file=sys.stderr)  # noqa: T201
        return 2
    paired = compare.pairs(compare.functions(run.BEFORE), compare.functions(run.COPY))
    chosen = [pair for pair in paired if not names or any(fnmatchcase(pair[1].name, name) for name in names)]
    chosen = compare.sample(chosen, many)
    if not chosen:
        print(f"no function of infra/ that both have is called {' or '.join(names)}; nothing was run", file=sys.stderr)  # noqa: T201
        return 2
    for tree, side in ((run.BEFORE, 0), (run.COPY, 1)) if run_them else ():
        # A run that was stopped goes on where it was, as long as its tree is the same.
        run.mutate([compare.pattern(pair[side]) for pair in chosen], copy=tree, go_on=same[side])
    ran = [[m for m in results.mutants(tree) if m.code not in results.NOT_RUN] for tree in (run.BEFORE, run.COPY)]
    rows, lacking = compare.rows(chosen, *ran)
    for row in rows:
        print(row)  # noqa: T201
    for function in lacking:
        print(f"not compared: {function.module}.{function.name}, as one of the two runs has no result of it")  # noqa: T201
    falls = sum(row.falls for row in rows)
    print(f"{falls} of {len(rows)} functions fall; {len(paired)} are in both, {len(chosen)} were chosen")  # noqa: T201
    return 3 if falls or lacking else 0


def report() -> int:
    """Print the last result; the working directory is the copy."""
    found = results.mutants(run.COPY)
    done = [mutant for mutant in found if mutant.code not in results.NOT_RUN]
    if not done:
        print("nothing has been run yet\n    remedy  make mutation")  # noqa: T201
        return 2
    rows = results.table(done)
    for module, count, killed, score in rows:
        print(f"{module:<30} {count:>5} mutants {killed:>5} killed {count - killed:>4} survived {score:>5.1f} %")  # noqa: T201
    survived = {results.change(mutant): mutant.name for mutant in done if not mutant.killed}
    listed = results.known(json.loads(results.KNOWN.read_text(encoding="utf-8")))
    new = results.unknown(survived, listed)
    for change in new:
        print(f"\nsurvived: {change.where}  ({survived[change]})\n  - {change.was}\n  + {change.becomes}")  # noqa: T201
    if new:
        print(  # noqa: T201
            f"\n{len(new)} survivors have no reason in {results.KNOWN.name}"
            "\n    remedy  write a test that fails with the change, or add the change there with the reason"
        )
    places = {change.where for change in listed}
    run_again = [results.change(mutant) for mutant in done if mutant.killed and mutant.where in places]
    if killed_now := results.revived(run_again, survived, listed):
        print(  # noqa: T201
            f"\n{len(killed_now)} of {len(listed)} known survivors were killed, such as {killed_now[0].where}"
            f"\n    remedy  where a test notices it now, take it out of {results.KNOWN.name}; where all of them were,"
            " the tests fail for another reason than the change, and this run says nothing"
        )
    if len(done) < len(found):
        print(f"\n{len(found) - len(done)} mutants have not been run")  # noqa: T201
    return 3 if new or killed_now or rows[-1][3] < LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
