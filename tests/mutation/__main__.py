"""`python -m tests.mutation`: run mutmut on a copy of the tree and hold what survived against the known survivors.

`--against COMMIT` runs it on two commits instead and compares the functions of infra/ by their qualified names.

Exit codes: 0 done, 2 a missing tool or an entry of survivors.json that is about nothing any more, 3 a survivor that
nobody has given a reason for, a known one that was killed, a score under the limit, or a
function whose score is lower than in the earlier commit, or that one of the two runs has no result of.
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
    parser.add_argument("--against", metavar="COMMIT", help="compare function by function with this commit")
    parser.add_argument("--at", metavar="COMMIT", default="HEAD", help="with --against: the later one, HEAD by default")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="with --against: N functions from all over")
    asked = parser.parse_args()
    if asked.against:
        return against(asked.against, asked.at, asked.names, asked.sample, run_them=not asked.report)
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


def against(before: str, after: str, names: Sequence[str], many: int, *, run_them: bool) -> int:
    """Compare the functions of infra/ that two commits have, named by patterns such as `Names.*`; print both scores.

    What has been run of a commit is kept in compared.jsonl and not run again. The later commit goes first: a function
    of which it has no survivor cannot fall, and is not run before.
    """
    try:
        commits = [run.commit_of(before), run.commit_of(after)]
        trees = [run.copy_commit(commit, alone=commit == commits[0]) for commit in commits]
    except subprocess.CalledProcessError as error:
        print(f"{error.stderr.strip()}\n    remedy  name commits that git has", file=sys.stderr)  # noqa: T201
        return 2
    paired = compare.pairs(*map(compare.functions, trees))
    chosen = [pair for pair in paired if not names or any(fnmatchcase(pair[1].name, name) for name in names)]
    chosen = compare.sample(chosen, many)
    if not chosen:
        print(f"no function of infra/ that both have is called {' or '.join(names)}; nothing was run", file=sys.stderr)  # noqa: T201
        return 2
    for side in (1, 0):
        there, now = compare.ran(commits[side]), compare.ran(commits[1])
        missing = [pair[side] for pair in chosen if pair[side] not in there]
        if side == 0:
            missing = [old for old, new in chosen if old in missing and new in now and not now[new].whole]
        if missing and run_them:
            run.mutate([compare.pattern(each) for each in missing], copy=trees[side], go_on=True)
        # Of a module that mutmut has not looked at nobody knows that it has no mutants.
        asked = [each for each in missing if results.file_of(each.module, trees[side]).is_file()]
        compare.keep(commits[side], compare.scores(asked, results.mutants(trees[side])))
    found = compare.compared(chosen, *map(compare.ran, commits))
    for row in found.rows:
        print(row)  # noqa: T201
    for function in found.lacking:
        print(f"not compared: {function.module}.{function.name}, as one of the two runs has no result of it")  # noqa: T201
    falls = sum(row.falls for row in found.rows)
    print(  # noqa: T201
        f"{falls} of {len(chosen)} functions fall: of {len(found.noticed)} every mutant is noticed now,"
        f" {len(found.rows)} were compared, {len(found.lacking)} not; {len(paired)} are in both commits"
    )
    return 3 if falls or found.lacking else 0


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
