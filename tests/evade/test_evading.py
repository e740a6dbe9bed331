"""Each edit that tries to get past `check` and `review` is named by what its line says, and what passes is listed."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from coursecloud.plan.planning import Plan
from coursecloud.policy import RULES, check
from coursecloud.review import program, requirements, stacks
from coursecloud.review.gates import GATES
from tests.evade import trying
from tests.evade.trying import REFUSED, TODAY, Edit

EVERY = trying.every()
FILES: dict[str, list[str]] = yaml.safe_load((trying.HERE / "files.yaml").read_text(encoding="utf-8"))


def test_what_is_edited_breaks_no_rule_by_itself() -> None:
    def violations(plan: Plan) -> list[str]:
        return [finding.key for finding in check(plan, TODAY) if finding.violates]

    assert violations(trying.base(stack_file=False)) == []
    assert violations(trying.base(stack_file=True)) == []


def test_there_are_enough_of_each_kind_and_no_two_alike() -> None:
    kinds = {edit.kind for edit in EVERY}
    assert len(EVERY) >= 150
    assert len({(edit.edit, edit.instead) for edit in EVERY}) == len(EVERY)
    assert len(kinds) >= 8
    known = {REFUSED, *(rule.id for rule in RULES), "exceptions-current", *(f"gate {name}" for name in GATES)}
    assert {edit.by for edit in EVERY} <= known
    assert all(edit.says for edit in EVERY)


@pytest.mark.parametrize("edit", EVERY, ids=str)
def test_an_edit_is_named(edit: Edit) -> None:
    found = trying.tried(edit)
    assert found.by(edit), "\n".join(
        [f"wanted {edit.by}: {edit.says}", *(f"{rule}: {text}" for rule, text in found.said)]
    )


SILENT = ("gate violation", "gate access", "gate program", "gate protection", REFUSED)


@pytest.mark.parametrize(("edit", "why"), trying.passing(), ids=str)
def test_what_is_listed_as_passing_passes(edit: Edit, why: str) -> None:
    assert len(why.split()) > 5
    said = [(rule, text) for rule, text in trying.tried(edit).said if rule in SILENT or not rule.startswith("gate ")]
    assert said == []


def test_a_file_that_runs_as_somebody_is_named_wherever_it_is() -> None:
    named = ("./docs/setup.sh", "tests/build.yaml")
    for kind, paths in FILES.items():
        for path in paths:
            found = program.of([program.Changed(path, "100644", "100644")], "", named)
            assert (path in found.files, path in found.runs) == (kind != "words", kind == "runs"), path
    # What no stack names is read, where it is no script.
    assert program.of([program.Changed("tests/build.yaml", "100644", "100644")], "").runs == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("evil==1.0", ["evil 1.0 (new)"]),
        ("evil[worse] == 1.0", ["evil 1.0 [worse] (new)"]),
        ("pulumi[evil]==1.0.0", ["pulumi 1.0.0 -> 1.0.0 [evil]", "pulumi[evil]==1.0.0 (no release of a package)"]),
        # A second line of one package is told besides: pip takes what fits.
        (
            "pulumi==1.0.0 ; python_version < '3'",
            [
                "pulumi 1.0.0 -> 1.0.0 ;python_version<'3'",
                "pulumi==1.0.0 ; python_version < '3' (no release of a package)",
            ],
        ),
        (
            "evil==1.0 --index-url https://evil.example",
            ["evil 1.0 (new)", "evil==1.0 --index-url https://evil.example (no release of a package)"],
        ),
        ("pulumi==9.9.9", ["pulumi==9.9.9 (no release of a package)", "pulumi 1.0.0 -> 9.9.9"]),
        ("Evil_Name==1.0 ; python_version < '3'", ["evil-name 1.0 ;python_version<'3' (new)"]),
        ("evil @ git+https://evil.example/x", ["evil @ git+https://evil.example/x (no release of a package)"]),
        ("evil>=1", ["evil>=1 (no release of a package)"]),
        (
            "--extra-index-url https://evil.example",
            ["--extra-index-url https://evil.example (no release of a package)"],
        ),
        ("-r other.txt", ["-r other.txt (no release of a package)"]),
        ("./local", ["./local (no release of a package)"]),
        ("# a comment", []),
        ("    # via pulumi", []),
        ("    --hash=sha256:00", []),
        ("", []),
    ],
)
def test_a_package_that_comes_or_changes_is_named(tmp_path: Path, line: str, said: list[str]) -> None:
    sides: list[Any] = []
    for name, text in (("before", "pulumi==1.0.0\n"), ("after", f"pulumi==1.0.0\n{line}\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "requirements.txt").write_text(text, encoding="utf-8")
        sides.append(tmp_path / name)
    assert requirements.changed(*sides) == said
    # What goes is told as well as what comes.
    assert len(requirements.changed(*reversed(sides))) == len(said) or "--hash" in line


def test_other_files_under_the_same_version_are_named(tmp_path: Path) -> None:
    def side(name: str, *hashes: str) -> Path:
        (tmp_path / name).mkdir()
        text = "\n".join(["a==1.0 \\", *(f"    --hash=sha256:{each} \\" for each in hashes), "    # via b"])
        (tmp_path / name / "requirements.txt").write_text(text, encoding="utf-8")
        return tmp_path / name

    old, other, fewer, none = side("old", "1", "2"), side("other", "1", "3"), side("fewer", "1"), side("none")
    assert requirements.changed(old, other) == ["a 1.0 (other hashes: other files under the same version)"]
    assert requirements.changed(old, none) == ["a 1.0 (without hashes: whatever is served under that version)"]
    assert requirements.changed(old, fewer) == requirements.changed(old, old) == []


EXCEPTION = "{rule: input-understood, resource: m, reason: the disk of the old course, until: 2026-12-01}"


def test_an_exception_that_was_there_covers_nothing_new_in_silence(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.unit.yaml"
    text = (trying.PROGRAM / "Pulumi.unit.yaml").read_text(encoding="utf-8")
    file.write_text(f"{text}  coursecloud:guardrails: {{exceptions: [{EXCEPTION}]}}\n", encoding="utf-8")
    old = trying.program('machine("m", tags=["a"])', file)
    more = trying.program('machine("m", tags=["a"], desiredStatus="RUNNING")', file)
    assert [finding for finding in check(more, TODAY) if finding.violates] == []
    (weaker,) = stacks.review("unit", old, more, today=TODAY).protection
    assert weaker.what == "the exception from `input-understood` of `m`, now for `m`"
    assert "desiredStatus" in weaker.will
    assert stacks.review("unit", old, old, today=TODAY).protection == ()


def test_another_input_of_what_breaks_the_rule_already_is_newly_broken() -> None:
    old, more = (trying.program(f'machine("m", tags=["a"]{each})') for each in ("", ', desiredStatus="RUNNING"'))
    findings = stacks.review("unit", old, more, today=TODAY).findings
    assert findings
    assert [finding.rule.id for finding in findings.violations] == ["input-understood"]
    again = stacks.review("unit", old, old, today=TODAY).findings
    assert again
    assert (again.violations, [each.rule.id for each in again.still if each.violates]) == ((), ["input-understood"])


def test_a_package_of_a_file_that_another_names_is_named_too(tmp_path: Path) -> None:
    sides = [tmp_path / "before/own", tmp_path / "after/own"]
    for side in sides:
        (side / "more").mkdir(parents=True)
        (side / "requirements.txt").write_text(
            f"-r more/own.txt\n-r ../outside.txt\n-r /etc/hosts\n-r loop\n-r a\0b\n-r {'x' * 5000}\n", encoding="utf-8"
        )
        (side / "loop").symlink_to("loop")
        (side / "more/own.txt").write_text("-r ../requirements.txt\n-r ../last.txt\n", encoding="utf-8")
        (side / "last.txt").write_text("", encoding="utf-8")
    (tmp_path / "after/outside.txt").write_text("elsewhere==1.0\n", encoding="utf-8")
    (sides[1] / "last.txt").write_text("evil==1.0\n", encoding="utf-8")
    assert requirements.changed(*sides) == ["evil 1.0 (new)"]
