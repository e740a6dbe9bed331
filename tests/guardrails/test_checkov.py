"""Checkov reads our plans: it finds nothing that is not accepted with a reason, and each offence that we claim."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from coursecloud.plan import terraform
from coursecloud.plan.planning import Plan
from coursecloud.policy import RULES
from tests.guardrails.offenders import CASES

CHECKOV = os.environ.get("COURSECLOUD_CHECKOV") or shutil.which("checkov")

pytestmark = pytest.mark.skipif(
    CHECKOV is None,
    reason="no checkov on PATH, and COURSECLOUD_CHECKOV names none: `make checkov` sets it up in .venv-checkov",
)

Failure = tuple[str, str]
"""The id of a check and the address of a resource."""


def failures(folder: Path, plans: dict[str, Plan]) -> dict[str, set[Failure]]:
    """Have Checkov look at plans; what fails in each."""
    for name, plan in plans.items():
        (folder / f"{name}.json").write_text(json.dumps(terraform.export(plan).plan), encoding="utf-8")
    assert CHECKOV is not None
    done = subprocess.run(
        [CHECKOV, "-d", str(folder), "--framework", "terraform_plan", "--skip-download", "-o", "json", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        # Checkov would ask for newer versions of itself.
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "CHECKOV_RUN_SCA_PACKAGE_SCAN_V2": "false"},
    )
    assert done.returncode in (0, 1), done.stderr[-2000:]
    found: dict[str, set[Failure]] = {name: set() for name in plans}
    for file, check, address in _failed(json.loads(done.stdout)):
        found[file].add((check, address))
    return found


def _failed(report: Any) -> Iterator[tuple[str, str, str]]:
    for run in cast("list[dict[str, Any]]", report if isinstance(report, list) else [report]):
        assert run["summary"]["parsing_errors"] == 0
        assert run["summary"]["resource_count"] > 0
        for check in run["results"]["failed_checks"]:
            yield Path(check["file_path"]).stem, check["check_id"], check["resource"]


def test_what_checkov_finds_in_the_committed_stacks_is_accepted_with_a_reason(
    committed: dict[str, Plan], tmp_path: Path
) -> None:
    accepted = json.loads(Path(__file__).with_name("checkov-accepted.json").read_text(encoding="utf-8"))["accepted"]
    used: set[int] = set()
    unexplained: list[str] = []
    for stack, found in failures(tmp_path, committed).items():
        for check, address in sorted(found):
            reasons = [
                index
                for index, entry in enumerate(accepted)
                if entry["id"] == check and re.fullmatch(entry["resource"], address)
            ]
            used.update(reasons)
            if not reasons:
                unexplained.append(f"{stack}: {check} {address}")
    assert unexplained == []
    assert used == set(range(len(accepted))), "an entry that nothing needs"


def test_checkov_sees_each_offence_that_a_rule_claims_to_see_like_it(
    committed: dict[str, Plan], tmp_path: Path
) -> None:
    claimed = {check for rule in RULES for check in rule.references.checkov}
    cases = {f"case-{index}": case for index, case in enumerate(CASES) if case.checkov}
    assert {check for case in cases.values() for check in case.checkov} == claimed
    found = failures(tmp_path, {name: case.edit(committed[case.stack]) for name, case in cases.items()})
    for name, case in cases.items():
        seen = {check for check, address in found[name] if address.rpartition(".")[2] == case.name}
        assert set(case.checkov) <= seen, case.id
