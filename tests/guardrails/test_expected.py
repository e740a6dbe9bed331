"""What the rules expect is what the program makes; and an edit of the program alone moves no rule with it."""

import datetime
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import tables
from coursecloud.plan.planning import Plan
from coursecloud.policy import expected
from infra import federation, images, monitoring, network, storage, training
from infra.settings import machines
from infra.settings.lease import Lease
from tests.project import ROOT, STACKS

REFS = st.sampled_from(["refs/heads/main", "refs/heads/teaching/2026", "refs/tags/v1"])


def test_constants_are_the_programs() -> None:
    assert expected.ISSUER == federation.ISSUER
    assert expected.PULL_REQUEST == federation.PULL_REQUEST
    assert expected.IAP_RANGE == network.IAP_RANGE
    assert expected.LONG_RUN == machines.LONG_RUN
    assert (expected.PLACEHOLDER, expected.DEPLOYED) == (images.PLACEHOLDER, images.DEPLOYED)
    assert monitoring.PERIOD == expected.PERIOD
    assert expected.channel("p", "1") == monitoring.channel_name("p", "1")


def test_what_a_stack_stores_in_is_called_as_the_program_calls_it(committed: dict[str, Plan]) -> None:
    for kind, names in (("Bucket", expected.BUCKETS), ("Repository", expected.REPOSITORIES)):
        found = {each.name for each in committed["full"].resources if each.type.endswith(f":{kind}")}
        assert found - {"repository"} == {*names}


@given(st.integers(1, 10**12), REFS)
def test_who_comes_in_is_the_programs(repository_id: int, ref: str) -> None:
    assert expected.condition(repository_id, ref) == federation.condition(repository_id, ref)
    assert expected.run_attribute(ref) == federation.run_attribute(ref)
    assert expected.runs(ref) == frozenset(federation.ci_runs(ref).values())


def test_how_long_old_objects_stay_is_the_programs() -> None:
    day = datetime.date(2026, 11, 23)
    for lease in (Lease(), Lease(starts=day), Lease(starts=day, ends=day + datetime.timedelta(days=25))):
        assert expected.noncurrent_days(lease) == storage.noncurrent_days(lease)


def test_a_gpu_is_called_as_the_program_calls_it() -> None:
    names = {gpu.name for gpu in tables.gpus().values()}
    assert names
    assert {expected.accelerator(name) for name in names} == {name.translate(training.VERTEX_GPU) for name in names}


@pytest.mark.parametrize(
    ("file", "was", "will", "rule"),
    [
        ("federation", "assertion.repository_id == '{repository_id}' &&", "assertion.actor != 'x' &&", "federation"),
        ("federation", '"push": ("ref", "tags")', '"issue_comment": ("ref",), "push": ("ref", "tags")', "federation"),
        ("storage", "return (lease.kept_until - lease.starts).days", "return 1", "content-kept-as-declared"),
    ],
)
def test_an_edit_of_the_program_alone_moves_no_rule(tmp_path: Path, file: str, was: str, will: str, rule: str) -> None:
    for name in ("catalog", "coursecloud", "infra", "starter"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__main__.py", "Pulumi.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copy(STACKS / "Pulumi.full.yaml", tmp_path)
    path = tmp_path / f"infra/{file}.py"
    text = path.read_text(encoding="utf-8")
    assert text.count(was) == 1
    path.write_text(text.replace(was, will), encoding="utf-8")
    line = [sys.executable, "-m", "coursecloud", "check", "--stack", "full"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stdout + done.stderr
    assert rule in done.stdout
