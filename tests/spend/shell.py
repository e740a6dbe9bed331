"""`coursecloud status` itself against a bill: scenarios lived on an emulator, each look the command as it is typed.

`python -m tests.spend.shell` lives three hundred, or some of them (`--first 40 --scenarios 10`), and goes on where the
same code has ended: what came of each seed is kept in build/spend-shell/, so that several may share the work
(`--shard 1/4`).
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from coursecloud.cli import refusals
from coursecloud.cli.application import app
from coursecloud.spend import store
from emulator import Emulator
from tests.project import CHECKOUT, ROOT
from tests.spend import scenarios
from tests.spend.stood import APIS, PROJECT, Stood

Json = dict[str, Any]
ALL = 300
KEPT = CHECKOUT / "build" / "spend-shell"
CODE = (
    "catalog", "coursecloud/cost", "coursecloud/deploy", "coursecloud/look", "coursecloud/spend", "emulator",
    "tests/spend/scenarios.py", "tests/spend/shell.py", "tests/spend/simulator.py", "tests/spend/stood.py",
)  # fmt: skip
"""What the figures hang on; with other code a scenario is lived anew."""


@dataclass
class Run:
    """What came of a scenario."""

    seed: int
    mistakes: list[str] = field(default_factory=list[str])
    looks: int = 0
    refused: int = 0
    """Looks of which Google answered some questions with 403."""
    late: int = 0
    """Looks at which the logs held back something."""
    bill: float = 0.0
    counted: float = 0.0
    worst: float = 0.0
    """As in `judge.Run`: minutes of a thing's dearest hour for each of its starts and stops, beyond a hundredth."""


@contextlib.contextmanager
def desk() -> Generator[tuple[Emulator, Path]]:
    """Give an emulator, and a folder with the program in it."""
    with tempfile.TemporaryDirectory(prefix="coursecloud-shell-") as folder:
        root = Path(folder) / "project"
        root.mkdir()
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / name, root)
        for name in ("catalog", "infra", "starter"):
            (root / name).symlink_to(ROOT / name, target_is_directory=True)
        enabled = [f"{api}.googleapis.com" for api in APIS]
        with Emulator(projects=[PROJECT], enabled=enabled) as emulator:
            yield emulator, root


def live(seed: int, emulator: Emulator, root: Path) -> Run:
    """Live the scenario of a seed, and hold what each look printed against the bill."""
    with contextlib.chdir(root):
        return _live(seed, emulator, root)


def _live(seed: int, emulator: Emulator, root: Path) -> Run:
    run, kind = Run(seed), scenarios.world(seed)
    there = Stood(random.Random(seed), kind.odds, emulator=emulator)  # noqa: S311 - no secret
    lease = (
        f"{{starts: {there.origin:%Y-%m-%d}, ends: {there.origin + timedelta(days=25):%Y-%m-%d}, timeZone: Etc/UTC}}"
    )
    (root / "Pulumi.x.yaml").write_text(f"config: {{gcp:project: {PROJECT}, coursecloud:lease: {lease}}}\n", "utf-8")
    if seed % 5:  # else nobody may keep a ledger, as there is no bucket: each look reads the logs
        there.ask("POST", "storage/v1/b", {"name": BUCKET, "location": "EUROPE-WEST1"}, project=PROJECT)
    for event in scenarios.days(there):
        if event == "look":
            _look(there, run)
    there.delivered_all()
    told = status(there)
    run.mistakes += [f"at the end: {each}" for each in _differences(there, told, run, final=True)]
    run.bill, run.counted = sum(there.bill().values()), told["spent"]
    minutes = sum(many * dearest / 60 for many, dearest in there.edges().values())
    if abs(run.bill - run.counted) > 0.01 * run.bill + minutes and not told["unknown"]:
        run.mistakes.append(f"at the end: {run.counted} in all, the bill is {run.bill}")
    if seed % 5:
        name = store.name_of(emulator.world.projects[PROJECT].number).replace("/", "%2F")
        there.ask("DELETE", f"storage/v1/b/{BUCKET}/o/{name}")
        anew = Run(seed)
        found = _differences(there, status(there), anew, final=True)
        run.mistakes += [f"without its ledger: {each}" for each in found]
    return run


BUCKET = f"{PROJECT}-x-data"


def status(there: Stood) -> Json:
    """Type `coursecloud status --json`; what it took on the machine's own clock until it had looked has passed then."""
    there.wait(there.now)
    began = datetime.now(UTC)
    environment = {**there.emulator.env(PROJECT), "NO_COLOR": "1"}
    done = CliRunner().invoke(app, ["status", "--stack", "x", "--json"], env=environment)
    refusals.expect([])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    told: Json = json.loads(done.stdout)
    looked = (datetime.fromisoformat(told["at"]) - there.origin).total_seconds() - there.clock
    # Google's clock is read from whole seconds.
    assert -1 <= looked <= (datetime.now(UTC) - began).total_seconds() + 1, f"a look of {looked} s after its time"
    there.wait(there.now + max(0, round(looked)))
    return told


def _look(there: Stood, run: Run) -> None:
    with there.failing() as refused:
        told = status(there)
    run.looks += 1
    run.refused += bool(refused)
    run.late += bool(there.missing())
    said = " ".join((*told["unread"], *told["notes"]))
    for question in refused:
        if not any(words in said for words in SAID[question]):
            run.mistakes.append(f"look {run.looks}: {question} was refused, and nothing says so")
    run.mistakes += [f"look {run.looks}: {each}" for each in _differences(there, told, run, refused)]


SAID = {
    "compute.instances.aggregatedList": ["compute.googleapis.com/Instance"],
    "compute.disks.aggregatedList": ["compute.googleapis.com/Disk"],
    "compute.addresses.aggregatedList": ["compute.googleapis.com/Address"],
    "aiplatform.projects.locations.customJobs.list": ["aiplatform.googleapis.com/CustomJob"],
    "run.projects.locations.services.list": ["run.googleapis.com/Service"],
    "logging.entries.list": ["the audit logs since"],
    "serviceusage.services.list": ["which APIs are on"],
    "storage.objects.get": ["the ledger was not read", "no bucket of the stack"],
    "storage.objects.insert": ["the ledger was not", "no bucket of the stack"],
}
"""By what was refused, the words of which some have to stand below the account."""
KINDS = {"Instance": "/instances/", "Disk": "/disks/", "Address": "/addresses/", "CustomJob": "/customJobs/",
         "Service": "/services/"}  # fmt: skip


def _hidden(name: str, refused: Sequence[str]) -> bool:
    """Say whether what was refused would have shown a thing: its list, or the logs, which tell of all."""
    if "logging.entries.list" in refused:
        return True
    listed = (words[0].rpartition("/")[2] for question in refused for words in [SAID[question]])
    return any(KINDS.get(kind, "?") in name for kind in listed)


def _differences(
    there: Stood, told: Json, run: Run, refused: Sequence[str] = (), *, final: bool = False
) -> Iterator[str]:
    """List what differs by more than a minute of each edge, a hundredth, and what is said to be in doubt.

    What logs have not delivered may differ, and what was refused at this look; the looks after it have to be right.
    """
    counted = dict[str, float]()
    for each in (*told["things"], *told["gone"]):
        counted[each["resource"]] = counted.get(each["resource"], 0.0) + each["spent"]
    missing, edges = there.missing(), there.edges()
    missing |= {each.replace("/instances/", "/disks/") for each in missing}
    unknown = {name for name in there.names.values() if any(_about(name, each) for each in told["unknown"])}
    for name in counted.keys() - there.names.values():
        yield f"{name} is on the account, and never was"
    for path, usd in there.bill().items():
        name, (many, dearest) = there.names[path], edges[path]
        if name in unknown or name.replace("/disks/", "/instances/") in unknown:
            continue
        off = abs(counted.get(name, 0.0) - usd)
        allowed = many * dearest / 60 + 0.01 * usd + (0.0 if final else told["inDoubt"]) + 1e-6
        if off > allowed and (final or not (name in missing or _hidden(name, refused))):
            yield f"{name} has {counted.get(name)} on the account, and {usd} on the bill; {allowed} is allowed"
        if final and dearest:
            run.worst = max(run.worst, (off - 0.01 * usd) / dearest * 60 / many)


def _about(name: str, why: str) -> bool:
    kind, last = name.split("/")[-2:]
    # It may be known what it is now, and not what it was before.
    called = (f" {kind} is", f" {WORDS[kind]} is")
    return why.startswith(f"{last}: no log and no look says") and why.endswith(called)


WORDS = {"instances": "machine", "disks": "disk", "addresses": "address", "customJobs": "training job",
         "services": "service"}  # fmt: skip
"""What the account calls a kind once something has said what it is."""


def fingerprint() -> str:
    """Name the code that the figures hang on."""
    made = hashlib.sha256()
    for name in CODE:
        for file in [CHECKOUT / name, *sorted((CHECKOUT / name).rglob("*"))]:
            if file.suffix in (".py", ".json") and file.is_file():
                made.update(f"{file.relative_to(CHECKOUT)}".encode() + file.read_bytes())
    return made.hexdigest()[:16]


def runs(seeds: list[int]) -> Iterator[Run]:
    """Give what came of each seed: from what was kept of the same code, else lived now, and kept."""
    file = KEPT / f"{fingerprint()}.jsonl"
    kept = dict[int, Run]()
    if file.is_file():
        for line in file.read_text(encoding="utf-8").splitlines():
            found = Run(**json.loads(line))
            kept[found.seed] = found
    yield from (kept[seed] for seed in seeds if seed in kept)
    left = [seed for seed in seeds if seed not in kept]
    if not left:
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    with desk() as (emulator, root):
        for seed in left:
            run = live(seed, emulator, root)
            with file.open("a", encoding="utf-8") as log:  # one write a line: others may add theirs
                log.write(json.dumps(asdict(run)) + "\n")
            yield run


def main() -> int:
    """Live scenarios, say what was wrong with each, and what came of all."""
    parser = argparse.ArgumentParser(prog="python -m tests.spend.shell", description=__doc__)
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--scenarios", type=int, default=ALL, metavar="N", help=f"{ALL} unless given")
    parser.add_argument("--shard", default="1/1", metavar="I/N", help="only each N-th of them, from the I-th on")
    asked = parser.parse_args()
    place, of = (int(each) for each in asked.shard.split("/"))
    wrong = 0
    for run in runs([*range(asked.first, asked.first + asked.scenarios)][place - 1 :: of]):
        for mistake in run.mistakes:
            wrong += 1
            print(f"scenario {run.seed}: {mistake}", flush=True)  # noqa: T201
    print(f"{wrong} mistakes; `make bench ARGS=spend` adds up what is kept")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
