"""What `coursecloud plan` tells: the same program as `pulumi up`, and nothing that is not in it."""

import json
import os
import shutil
from pathlib import Path

import pytest

from coursecloud.common import stack_file
from coursecloud.plan import engine, json_form, notices, planning
from infra.federation import ci_runs
from infra.settings import SettingsError
from tests.project import CHECKOUT, ROOT


@pytest.fixture(scope="module")
def full() -> planning.Plan:
    return planning.make("full", ROOT / "Pulumi.full.yaml", ROOT)


@pytest.mark.parametrize("stack", ["dev", "gpu", "full"])
def test_every_committed_stack_plans(stack: str) -> None:
    assert planning.make(stack, stack_file.path_of(stack, ROOT), ROOT).custom


def test_a_plan_is_the_same_twice_in_one_process(full: planning.Plan) -> None:
    again = planning.make("full", ROOT / "Pulumi.full.yaml", ROOT)
    assert json_form.to_json(again) == json_form.to_json(full)


def test_a_plan_leaves_the_environment_as_it_was(tmp_path: Path) -> None:
    before = dict(os.environ), Path.cwd()
    (tmp_path / "Pulumi.x.yaml").write_text("config: {gcp:project: some-project-1}")
    planning.make("x", tmp_path / "Pulumi.x.yaml", ROOT)
    assert (dict(os.environ), Path.cwd()) == before


def test_the_json_form_survives_a_round_trip_and_has_every_field(full: planning.Plan) -> None:
    written = json.loads(json.dumps(json_form.to_json(full)))
    assert written == json_form.to_json(full)
    assert written["version"] == 1
    documented = (CHECKOUT / "docs" / "json.md").read_text(encoding="utf-8")
    for field in (*written, *written["resources"][0]):
        assert f"`{field}`" in documented, f"docs/json.md does not document {field}"


def test_parents_and_dependencies_are_resources_of_the_same_plan(full: planning.Plan) -> None:
    urns = {resource.urn for resource in full.resources}
    for resource in full.resources:
        assert resource.parent is None or resource.parent in urns
        assert set(resource.dependencies) <= urns
        assert {urn for urns_ in resource.property_dependencies.values() for urn in urns_} <= urns
    assert any(resource.dependencies for resource in full.resources)


def test_what_only_the_real_run_can_know_is_marked_and_nothing_else(full: planning.Plan) -> None:
    found = {(planning.short_type(each.type), each.name): planning.unknowns(each) for each in full.custom}
    members = [name for _, name in found if name.startswith("member-") and name.endswith("-operator")]
    assert {key: paths for key, paths in found.items() if paths} == {
        ("iam.WorkloadIdentityPool", "pool"): ["workloadIdentityPoolId"],
        ("iam.WorkloadIdentityPoolProvider", "provider"): ["workloadIdentityPoolId"],
        **{
            ("serviceaccount.IAMMember", f"{name}-federation"): ["member"]
            for name in ("deploy", "preview", "ci-read", *(f"ci-{run}" for run in ci_runs("refs/heads/main")))
        },
        ("projects.IAMCustomRole", "releaser"): ["roleId"],
        **{
            ("cloudrunv2.ServiceIamMember", f"{who}-releases-{service}"): ["role"]
            for who in ("ci", "deployer")
            for service in ("demo", "backend")
        },
        # A custom role has the number of an account in its id, so that no deleted one's is in its way.
        ("projects.IAMCustomRole", "operator"): ["roleId"],
        ("projects.IAMCustomRole", "preview"): ["roleId"],
        ("projects.IAMMember", "preview"): ["role"],
        ("projects.IAMMember", "scheduled-stop-agent"): ["member", "role"],
        ("projects.IAMMember", "deploy-resourcemanager-project-iam-admin"): ["condition.expression"],
        **{("projects.IAMMember", name): ["role"] for name in members},
    }
    assert len(members) == 2


def test_whole_numbers_are_whole(full: planning.Plan) -> None:
    disk = next(resource for resource in full.custom if resource.type == "gcp:compute/disk:Disk")
    assert isinstance(disk.inputs["size"], int)


def _texts(made: planning.Plan, kind: str) -> str:
    return "\n".join(notice.text for notice in notices.notices(made) if notice.kind == kind)


def test_the_notices_say_what_is_kept_and_what_a_destroy_loses(full: planning.Plan) -> None:
    kept, lost = _texts(full, "data").split("\n")
    assert kept.startswith("`make down` in the evening keeps")
    assert "data (objects)" in kept
    assert "workbench-work (files)" in kept
    assert "trainer-work (files)" in lost
    assert "staging (objects)" in lost


def test_the_notices_name_what_is_public(full: planning.Plan) -> None:
    assert _texts(full, "public") == "full-demo: everybody on the internet may call it"


def test_the_notices_name_the_first_day_an_old_checkout_can_fail(full: planning.Plan) -> None:
    # Lease until 2026-12-18, 30 grace days: the last safe day is 2027-01-17.
    assert "can fail from 2027-01-18" in _texts(full, "lease")


def test_the_notices_warn_of_an_endpoint_around_the_clock(full: planning.Plan) -> None:
    assert "endpoint: every model deployed to it, around the clock" in _texts(full, "idle")


def test_the_notices_say_what_to_click_for_a_first_generation_trigger(full: planning.Plan) -> None:
    assert "Repository mapping does not exist" in _texts(full, "todo")


def _plan(tmp_path: Path, text: str) -> planning.Plan:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(text, encoding="utf-8")
    return planning.make("x", file, ROOT)


def test_what_the_tables_do_not_know_is_marked_unknown(tmp_path: Path) -> None:
    made = _plan(
        tmp_path,
        """
        config:
          gcp:project: some-project-1
          coursecloud:allow: {machineTypes: [n9-standard-4]}
          coursecloud:machines: {next: {machineType: n9-standard-4, image: some-project/some-family}}
        """,
    )
    unknown = _texts(made, "unknown")
    assert "machine type n9-standard-4" in unknown
    assert "price is unknown" in unknown
    assert "some-project/some-family is not in the table" in unknown


def test_a_broken_stack_file_registers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the program ran")

    monkeypatch.setattr(engine, "record", refuse)
    with pytest.raises(SettingsError):
        _plan(tmp_path, "config: {gcp:project: NO}")


def test_a_question_to_the_cloud_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "__main__.py"
    program.write_text("import pulumi\npulumi.runtime.invoke('gcp:compute/getZones:getZones', {})\n")
    with pytest.raises(Exception, match="asks the cloud a question: gcp:compute/getZones"):
        engine.record(program, project="p", stack="s", config={})


TOKEN = "ghp_" + "aB3d" * 9


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"config:\n  gcp:project: some-project-1\n  coursecloud:course: &{TOKEN} {{name: a}}\n", "line 3 of its file"),
        (f"%TAG !e! tag:{TOKEN},2000:\n---\nconfig: {{gcp:project: some-project-1}}\n", "line 1 of its file"),
        (f"config: {{gcp:project: some-project-1}} # {TOKEN}\n", "is a comment that holds a secret"),
    ],
)
def test_a_secret_in_a_stack_file_is_told_wherever_it_stands(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text(text, encoding="utf-8")
    made = planning.make("x", tmp_path / "Pulumi.x.yaml", ROOT)
    (deed,) = (each for each in made.program if each.kind == "comment")
    assert said in deed.text
    assert TOKEN not in deed.text


def test_a_secret_in_the_project_file_is_told(tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("tests", "emulator", "docs", ".*", "bench"))
    file = root / "Pulumi.yaml"
    file.write_text(f"{file.read_text(encoding='utf-8')}\n# or {TOKEN}\n", encoding="utf-8")
    made = planning.make("dev", ROOT / "Pulumi.dev.yaml", root)
    assert [each.text for each in made.program if each.kind == "comment"] == [
        f"line {file.read_text(encoding='utf-8').count(chr(10))} of Pulumi.yaml holds a secret (GitHub token)"
    ]
