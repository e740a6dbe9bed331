"""Adding a resource type touches few files, every tool knows it then, and whatever is left out is told in one list."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from catalog import completeness, types
from tests.project import CHECKOUT, make

ADDED: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "additions.yaml").read_text("utf-8"))
EVENTS = "tests/month/events.yaml"
MOST = 8
"""Files that a change which adds a type may touch, tests and docs included."""

EMPTY: dict[str, Any] = {}

Run = Callable[..., subprocess.CompletedProcess[str]]


def merged(old: Any, new: Any) -> Any:
    """Put a mapping into another one."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return new
    both = cast("tuple[dict[str, Any], dict[str, Any]]", (old, new))
    return both[0] | {key: merged(both[0].get(key), value) for key, value in both[1].items()}


def add(root: Path, addition: Mapping[str, Any]) -> None:
    """Make a change in a project's folder."""
    for name, new in addition.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        old = file.read_text(encoding="utf-8") if file.exists() else ""
        text = old + new if isinstance(new, str) else json.dumps(merged(json.loads(old or "{}"), new))
        file.write_text(text, encoding="utf-8")


def with_events(root: Path) -> None:
    """Bring the list of the month's events into a project's folder."""
    (root / EVENTS).parent.mkdir(parents=True)
    shutil.copyfile(CHECKOUT / EVENTS, root / EVENTS)


@pytest.fixture(scope="module", params=sorted(ADDED))
def changed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Give the project with a type more, and the type."""
    root = make(tmp_path_factory.mktemp("added") / "project")
    shutil.copyfile(CHECKOUT / "README.md", root / "README.md")
    with_events(root)
    add(root, ADDED[request.param])
    return request.param, root


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the project in a folder, as somebody who stands there does."""
    # The command finds the project that one stands in by itself, as the one of any environment does.
    command = [sys.executable, *(["-P"] if words[0] == "coursecloud" else []), "-m", *words]
    environment = {"PATH": "/usr/bin:/bin", "COLUMNS": "200", "HOME": str(root)}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("short", sorted(ADDED))
def test_a_new_type_touches_few_files(short: str) -> None:
    assert {"README.md", f"catalog/types/{short}.json"} <= set(ADDED[short])
    assert any(name.startswith("tests/") for name in ADDED[short])
    assert len(ADDED[short]) <= MOST


def test_nothing_is_missing_then(changed: tuple[str, Path]) -> None:
    _, root = changed
    assert completeness.missing(root, root / "catalog" / "types") == []
    assert run(root, "catalog").stdout.startswith(f"Nothing is missing: {len(types.declared()) + 1} types")


SHOWN = {"billing.Budget": "Budget budget  course", "cloudscheduler.Job": "Job morning  0 8 * * 1-5 Europe/"}
EXPORTED = {
    "billing.Budget": "google_billing_budget.budget",
    "cloudscheduler.Job": "google_cloud_scheduler_job.morning",
}


def test_every_tool_knows_it_then(changed: tuple[str, Path]) -> None:
    short, root = changed
    shown = run(root, "coursecloud", "plan", "--stack", "dev").stdout
    assert SHOWN[short] in shown
    checked = run(root, "coursecloud", "plan", "--check", "--stack", "dev")
    assert checked.returncode == 0, checked.stdout
    exported = run(root, "coursecloud", "export", "--format", "terraform-plan", "--stack", "dev")
    assert EXPORTED[short] in exported.stdout
    costs = json.loads(run(root, "coursecloud", "cost", "--stack", "dev", "--json").stdout)
    assert costs["unknown"] == []
    assert ("morning" in json.dumps(costs)) == (short == "cloudscheduler.Job")


def test_who_previews_may_read_it_and_who_deploys_may_make_it(changed: tuple[str, Path]) -> None:
    short, root = changed
    said = json.loads((root / "catalog" / "types" / f"{short}.json").read_text(encoding="utf-8"))
    plan = json.loads(run(root, "coursecloud", "plan", "--stack", "full", "--json").stdout)
    (role,) = [
        each for each in plan["resources"] if each["type"].endswith(":IAMCustomRole") and each["name"] == "preview"
    ]
    assert set(said["read"]) <= set(role["inputs"]["permissions"])
    code = f"from infra.github import deploy_roles; print(*deploy_roles([{said['api']!r}]))"
    made = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert set(said["deploy"]) <= set(made.stdout.split())


@pytest.mark.parametrize("name", sorted(completeness.WANTED))
def test_what_is_left_out_is_the_one_thing_in_the_list(changed: tuple[str, Path], name: str, tmp_path: Path) -> None:
    short, root = changed
    types = tmp_path / "types"
    shutil.copytree(root / "catalog" / "types", types)
    file = types / f"{short}.json"
    said = json.loads(file.read_text(encoding="utf-8"))
    del said[name]
    file.write_text(json.dumps(said), encoding="utf-8")
    (told,) = completeness.missing(root, types)
    assert told.startswith(f"{short} (infra/")
    assert f"`{name}` is missing: {completeness.WANTED[name]}" in told


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("type", "gcp:other/thing:Thing", "`type` is gcp:other/thing:Thing, which is another one's"),
        ("source", ["hearsay"], "`source` names hearsay"),
        ("source", [], "`source` is missing"),
        ("api", "nowhere", "`api` is nowhere, which catalog/apis.json does not have"),
        ("api", "dns", "`api` is dns, which nothing in infra/ switches on"),
        ("price", "guess", "`price` names 'guess', which no PRICED of coursecloud has"),
        ("bills", "hourly", "`price` is missing: it bills (hourly)"),
        ("bills", "hourly", "catalog/running.json has no such kind"),
        ("bills", "usage", "`costs` is missing: what one of it costs an hour"),
        (
            "costs",
            [{"inputs": EMPTY, "on": 0, "idle": 0, "by": "free"}],
            "a case says by which arithmetic one costs more",
        ),
        ("costs", [{"inputs": EMPTY, "on": 1, "idle": 0, "by": ""}], "a case says by which arithmetic one costs more"),
        ("played", "a dance", "`played` names 'a dance', which tests/month/events.yaml does not have"),
        (
            "played",
            "the network deleted",
            "`played` names 'the network deleted', which tests/month/events.yaml does not",
        ),
        ("played", "VM deleted", "`played` names 'VM deleted', which does nothing to one of it"),
        ("played", "nothing at all", "`played` names 'nothing at all', which does nothing to one of it"),
        ("played", None, "`played` is missing"),
        ("between", ["guessed"], "`between` names guessed"),
        ("rules", {"name": "guessed"}, "`rules` names guessed"),
        ("components", {"Nobody": {}}, "catalog/components.json has no Nobody"),
        ("components", {}, "`components` is missing"),
        ("holds", "data", "`counted` is missing"),
        ("request", {"api": "x v1"}, "has another form"),
        ("colour", "blue", "`colour` is no field of a type"),
        ("read", None, "`read` is missing"),
        ("request", {"api": "dns v1", "method": "dns.managedZones.create", "inputs": {}}, "answers no dns.managed"),
        ("request", {"api": "run v2", "method": "run.projects.locations.dams.create", "inputs": {}}, "answers no run."),
    ],
)
def test_what_is_wrong_is_in_the_list(
    changed: tuple[str, Path], name: str, value: object, told: str, tmp_path: Path
) -> None:
    short, root = changed
    types = tmp_path / "types"
    shutil.copytree(root / "catalog" / "types", types)
    file = types / f"{short}.json"
    said = json.loads(file.read_text(encoding="utf-8")) | {name: value}
    if name == "bills":
        said["price"] = None
        said.pop("costs", None)
    file.write_text(json.dumps(said), encoding="utf-8")
    found = completeness.missing(root, types)
    assert any(text.startswith(short) and told in text for text in found), found


def test_a_component_that_a_known_type_does_not_name_is_in_the_list(changed: tuple[str, Path], tmp_path: Path) -> None:
    _, root = changed
    types = tmp_path / "types"
    shutil.copytree(root / "catalog" / "types", types)
    shutil.copyfile(CHECKOUT / "catalog" / "types" / "projects.Service.json", types / "projects.Service.json")
    (told,) = completeness.missing(root, types)
    assert told.startswith("projects.Service (infra/")
    assert told.endswith(("`components` lacks Spending", "`components` lacks Clock"))


def test_what_status_sees_and_has_no_rate_for_is_in_the_list(changed: tuple[str, Path], tmp_path: Path) -> None:
    _, root = changed
    other = tmp_path / "project"
    shutil.copytree(root, other)
    types_of = other / "catalog" / "types"
    said = json.loads((types_of / "compute.Disk.json").read_text(encoding="utf-8")) | {"price": "alert"}
    (types_of / "compute.Disk.json").write_text(json.dumps(said), encoding="utf-8")
    (told,) = completeness.missing(other, types_of)
    assert told.endswith("coursecloud/spend/rates.py has no 'alert': `coursecloud status` counts what it bills as 0")


def test_a_type_without_a_file_and_one_that_nobody_declares_are_in_the_list(
    changed: tuple[str, Path], tmp_path: Path
) -> None:
    short, root = changed
    types = tmp_path / "types"
    shutil.copytree(root / "catalog" / "types", types)
    (types / f"{short}.json").rename(types / "away")
    (told,) = completeness.missing(root, types)
    assert f"there is no catalog/types/{short}.json" in told
    assert completeness.missing(CHECKOUT, root / "catalog" / "types")[-1].endswith(
        ("declares it, and it does not", "catalog/components.json has no Spending", "components.json has no Clock")
    )


def test_no_test_begins_before_the_list_is_empty(tmp_path: Path) -> None:
    root = make(tmp_path / "project")
    shutil.copytree(CHECKOUT / "tests", root / "tests", ignore=shutil.ignore_patterns("e2e", "month", "emulator"))
    with_events(root)
    add(root, {name: new for name, new in ADDED["cloudscheduler.Job"].items() if "catalog" not in name})
    ran = run(root, "pytest", "-p", "no:cacheprovider", "tests/infra/test_clock.py")
    assert ran.returncode == 1
    told = ran.stdout + ran.stderr
    assert "3 facts about resource types are missing" in told
    assert "cloudscheduler.Job (infra/clock.py:20): `components` is missing" in told
    assert "passed" not in told
    listed = run(root, "catalog")
    assert (listed.returncode, "`components` is missing" in listed.stdout) == (1, True)
