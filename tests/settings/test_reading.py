"""How a stack file is read as a whole: every mistake at once, nothing on top of one, nothing declared."""

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks
from pydantic import ValidationError

from catalog import tables
from coursecloud.plan import engine, planning
from infra.settings import Settings, SettingsError, load
from infra.settings.model import ENCRYPTED_PROJECT, SECTIONS
from tests.project import ROOT
from tests.settings.stacks import PROJECT, mistakes, settings

A = "coursecloud:machines.a"
NEW = "coursecloud:allow"
HIDDEN = "gcp:region: {secure: AAAA}\n"
V100 = "machineType: n1-standard-4, gpu: {model: V100}, spot: true"
"""A machine that the default region has no zone for."""
FULL: dict[str, Any] = {
    "gcp:project": "my-project-1",
    "coursecloud:lease": {"starts": "2026-11-23", "ends": "2026-12-18"},
    "coursecloud:machines": {"a": {"dataDisk": {"sizeGb": 30}}},
    "coursecloud:github": {"repositoryId": 7},
}


def paths(config: str, folder: Path) -> list[str]:
    return [problem.path for problem in mistakes(config, folder)]


def test_all_mistakes_of_a_file_come_at_once_in_the_order_of_their_paths(tmp_path: Path) -> None:
    config = """\
gcp:project: X
coursecloud:lease: {timeZone: Mars, credit: {amount: a}, stopSchedule: never}
coursecloud:machines:
  Big: {}
  a: {machineType: n1-standard-4, gpu: {model: T4, count: 3}, bootDisk: {sizeGb: 1}, zone: mars}
  b: {spot: maybe, maxRun: 2d, startupScript: none.sh}
coursecloud:network: {egress: none, subnets: {europe-west1: 1.2.3.4}}
coursecloud:services: {demo: {cpu: 1, memory: 9Gi, secrets: [NOPE], port: 0}}
coursecloud:team: {members: [ada]}
coursecloud:typo: {}
"""
    assert paths(config, tmp_path) == [
        "coursecloud:lease.credit.amount",
        "coursecloud:lease.stopSchedule",
        "coursecloud:lease.timeZone",
        "coursecloud:machines.Big",
        "coursecloud:machines.a",
        "coursecloud:machines.a.bootDisk.sizeGb",
        "coursecloud:machines.a.gpu.count",
        "coursecloud:machines.a.zone",
        "coursecloud:machines.b",
        "coursecloud:machines.b.spot",
        "coursecloud:machines.b.startupScript",
        "coursecloud:network.egress",
        "coursecloud:network.subnets.europe-west1",
        "coursecloud:services.demo",
        "coursecloud:services.demo.port",
        "coursecloud:services.demo.secrets[0]",
        "coursecloud:team.members[0]",
        "coursecloud:typo",
        "gcp:project",
    ]


@pytest.mark.parametrize(
    ("config", "beside"),
    [
        (
            "machines: {a: {machineType: n1-standard-4, spot: true, gpu: {model: T4, count: 3, bogus: 1}}}",
            ["machines.a.gpu.bogus", "machines.a.gpu.count"],
        ),
        ("machines: {Big: {spot: maybe}}", ["machines.Big", "machines.Big.spot"]),
        (f"machines: {{a: {{{V100}}}}}\ngcp:zone: europe-west1-b", ["machines.a.zone"]),
        (
            "machines: {a: {gpus: 1, gpu: 5}}",
            ["machines.a.gpu", "machines.a.gpus"],
        ),
        (
            f"machines: {{a: {{{V100}, machineType: [x]}}}}".replace("machineType: n1-standard-4, ", ""),
            ["machines.a.machineType", "machines.a.zone"],
        ),
        (
            "machines: {a: {fallbackZones: [europe-west1-y, europe-west1-z]}}",
            ["machines.a.fallbackZones[0]", "machines.a.fallbackZones[1]"],
        ),
        (
            "secrets: {names: {A: [sevices]}}\ncoursecloud:services: {demo: {secrets: [A, B]}}",
            ["secrets.names.A[0]", "services.demo.secrets[1]"],
        ),
        (
            "builds: {repository: {owner: o}, triggers: {a: {branch: b}}}",
            ["builds.repository.name", "builds.triggers.a"],
        ),
    ],
)
def test_a_mistake_does_not_hide_what_stands_beside_it(config: str, beside: list[str], tmp_path: Path) -> None:
    assert paths(f"{PROJECT}coursecloud:{config}", tmp_path) == [f"coursecloud:{path}" for path in beside]


@pytest.mark.parametrize("region", ["mars", "{secure: AAAA}"])
@pytest.mark.parametrize(
    ("config", "path"),
    [
        ("coursecloud:training: {gpu: {model: V100}, region: europe-west1}", "coursecloud:training.region"),
        ("coursecloud:machines: {a: {zone: europe-west1-z}}", "coursecloud:machines.a.zone"),
    ],
)
def test_a_place_of_its_own_is_looked_at_where_the_stacks_region_is_broken(
    config: str, path: str, region: str, tmp_path: Path
) -> None:
    assert paths(f"{PROJECT}gcp:region: {region}\n{config}", tmp_path) == [path, "gcp:region"]


def test_what_is_nested_deeper_than_any_section_is_refused_where_it_is_too_deep(tmp_path: Path) -> None:
    def nested(levels: int, head: str, tail: str) -> str:
        return f"{PROJECT}coursecloud:course: {{labels: {{a: {head * levels}x{tail * levels}}}}}"

    # The section is above the first level and `a` holds the third; the eighth is the last that is read.
    for head, tail, step in (("{a: ", "}", ".a"), ("[", "]", "[0]")):
        assert paths(nested(7, head, tail), tmp_path) == ["coursecloud:course.labels.a"]
        deep = f"coursecloud:course.labels.a{step * 7}"
        found = mistakes(nested(8, head, tail), tmp_path)
        assert deep in [problem.path for problem in found if "nested this deeply" in problem.rule]


def test_the_error_counts_the_mistakes_and_says_that_nothing_was_registered(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        settings("gcp:project: X\ncoursecloud:typo: {}\n", tmp_path)
    text = str(raised.value)
    assert text.startswith("2 mistakes in the settings of stack 'x'; nothing was registered.")
    assert text.count("\n    rule    ") == text.count("\n    remedy  ") == 2


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ("gcp:region: [a]", "gcp:region"),
        ("gcp:region: mars", "gcp:region"),
        # a region that nobody can read: what has no place of its own would be held against the default's
        (f"{HIDDEN}coursecloud:training: {{gpu: {{model: V100}}}}", "gcp:region"),
        (f"{HIDDEN}coursecloud:machines: {{a: {{{V100}}}}}", "gcp:region"),
        (f"{HIDDEN}gcp:zone: europe-west4-a", "gcp:region"),
        (f"{HIDDEN}coursecloud:network: {{subnets: {{europe-west4: 10.1.0.0/20}}}}", "gcp:region"),
        (
            f"{HIDDEN}coursecloud:network: {{subnets: {{europe-west1: 10.1.0.0/20}}}}\n"
            "coursecloud:machines: {a: {zone: europe-west4-a}}",
            "gcp:region",
        ),
        (f"gcp:zone: {{secure: a}}\ncoursecloud:machines: {{a: {{{V100}}}}}", "gcp:zone"),
        (f"gcp:zone: europe-west1-z\ncoursecloud:machines: {{a: {{{V100}}}}}", "gcp:zone"),
        (f"gcp:zone: nowhere\ncoursecloud:machines: {{a: {{{V100}}}}}", "gcp:zone"),
        (f"gcp:zone: europe-west4-a\ncoursecloud:machines: {{a: {{{V100}}}}}", "gcp:zone"),
        # what a list of newer names would allow
        (
            "coursecloud:allow: {machineTypes: 5}\ncoursecloud:machines: {a: {machineType: z9-big}}",
            f"{NEW}.machineTypes",
        ),
        (
            "coursecloud:allow: {machineTypes: 5}\ncoursecloud:usage: {training: {endpointMachine: z9-big}}",
            f"{NEW}.machineTypes",
        ),
        (
            "coursecloud:allow: {gpus: 5}\n"
            "coursecloud:machines: {a: {machineType: n1-standard-4, gpu: {model: X9}, spot: true}}",
            f"{NEW}.gpus",
        ),
        ("coursecloud:allow: {zones: 5}\ngcp:region: new-region1", f"{NEW}.zones"),
        ("coursecloud:allow: {zones: 5}\ngcp:zone: europe-west1-z", f"{NEW}.zones"),
        ("coursecloud:allow: {zones: 5}\ncoursecloud:guardrails: {regions: [new-region1]}", f"{NEW}.zones"),
        ("coursecloud:allow: {zones: [{secure: a}]}", f"{NEW}.zones[0]"),
        # a subnet or a machine that is left out because of its own mistake
        (
            "coursecloud:network: {subnets: {europe-west1: bad, europe-west4: 10.1.0.0/20}}",
            "coursecloud:network.subnets.europe-west1",
        ),
        (
            "coursecloud:network: {subnets: {europe-west1: bad}}\ncoursecloud:machines: {a: {zone: europe-west4-a}}",
            "coursecloud:network.subnets.europe-west1",
        ),
        ("coursecloud:machines: 5\ncoursecloud:usage: {machines: {trainer: 3}}", "coursecloud:machines"),
        ("gcp:region: mars\ncoursecloud:machines: {a: {zone: europe-west1-b}}", "gcp:region"),
        ("coursecloud:machines: {a: {machineType: [x], gpu: {model: T4}, spot: true}}", f"{A}.machineType"),
        ("coursecloud:machines: {a: {machineType: n1-standard-4, gpu: {model: T4}, sptot: true}}", f"{A}.sptot"),
        ("coursecloud:machines: {a: {machineType: n1-standard-4, gpu: {modle: T4}, spot: true}}", f"{A}.gpu.modle"),
        ("coursecloud:machines: {a: {maxRun: 2d, maxRunReason: 5}}", "coursecloud:machines.a.maxRunReason"),
        ("coursecloud:lease: {starts: soon, ends: 2026-12-18}", "coursecloud:lease.starts"),
        (
            "coursecloud:allow: {zones: europe-west1-z}\ncoursecloud:machines: {a: {zone: europe-west1-z}}",
            "coursecloud:allow.zones",
        ),
        (
            "coursecloud:secrets: {names: {A: [sevices]}}\ncoursecloud:services: {demo: {secrets: [A]}}",
            "coursecloud:secrets.names.A[0]",
        ),
        ("coursecloud:network: {subnets: {europe-west1: 10.10.0.0}}", "coursecloud:network.subnets.europe-west1"),
        (
            "coursecloud:builds: {repository: a/b, triggers: {a: {branch: a, dockerfile: D}}}",
            "coursecloud:builds.repository",
        ),
    ],
)
def test_what_builds_on_a_mistake_is_not_reported_on_top_of_it(config: str, path: str, tmp_path: Path) -> None:
    assert paths(PROJECT + config, tmp_path) == [path]


def test_the_other_entries_of_a_list_are_held_to_every_rule_by_their_own_index(tmp_path: Path) -> None:
    config = """
coursecloud:team:
  members: [nobody, "user:ann@x.dk", 7, "user:Ann@x.dk", "group:ann@x.dk"]
  extraRoles: [roles/owner, roles/billing.user, roles/compute.viewer, nonsense, roles/evil.newRole]
coursecloud:guardrails: {regions: [europe-west1, "", mars, europe-west1, europe-west9999]}
coursecloud:secrets: {names: {A: [sevices, machines, bulds]}}
coursecloud:services: {demo: {secrets: [7, A, B]}}
"""
    of_team = [f"coursecloud:team.extraRoles[{index}]" for index in (0, 1, 3, 4)]
    of_team += [f"coursecloud:team.members[{index}]" for index in (0, 2, 3, 4)]
    assert paths(PROJECT + config, tmp_path) == [
        *(f"coursecloud:guardrails.regions[{index}]" for index in (1, 2, 3, 4)),
        "coursecloud:secrets.names.A[0]",
        "coursecloud:secrets.names.A[2]",
        *(f"coursecloud:services.demo.secrets[{index}]" for index in (0, 2)),
        *of_team,
    ]


def test_settings_and_every_section_of_them_are_frozen(tmp_path: Path) -> None:
    read = load(FULL, "x", tmp_path)
    for section in (read, read.machines["a"], read.lease, read.lease.credit, read.team, read.storage.data):
        for name in type(section).model_fields:
            with pytest.raises(ValidationError, match="frozen"):
                setattr(section, name, None)


def test_the_engines_json_reads_the_same_as_the_file(tmp_path: Path) -> None:
    handed = {key: value if isinstance(value, str) else json.dumps(value) for key, value in FULL.items()}
    assert load(handed, "x", tmp_path) == load(FULL, "x", tmp_path)
    spaced = {key: text if key.startswith("gcp:") else f"\n {text} " for key, text in handed.items()}
    assert load(spaced, "x", tmp_path) == load(FULL, "x", tmp_path)


@pytest.mark.parametrize("section", sorted(SECTIONS.keys() - {"github"}))
@pytest.mark.parametrize("nothing", [None, "", "null"])
def test_a_section_with_nothing_in_it_says_nothing(section: str, nothing: object, tmp_path: Path) -> None:
    read = load({"gcp:project": "my-project-1", f"coursecloud:{section}": nothing}, "x", tmp_path)
    assert read == load({"gcp:project": "my-project-1", f"coursecloud:{section}": {}}, "x", tmp_path)


def test_a_file_with_a_mistake_registers_nothing_and_asks_the_cloud_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered: list[str] = []

    class Watching(mocks.Mocks):
        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            registered.append(args.typ)
            return args.name, {}

        def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], None]:
            raise AssertionError(args.token)

    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"gcp:project": "my-project-1", "coursecloud:lease": "[]"}))
    monkeypatch.chdir(tmp_path)

    @pulumi.runtime.test
    def run() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    mocks.set_mocks(Watching(), project="coursecloud", stack="x", preview=True)
    with pytest.raises(pulumi.RunError, match=r"coursecloud:lease: \[\]"):
        run()
    assert registered == []


def test_a_plan_of_a_file_with_a_mistake_never_starts_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> engine.Recording:
        raise AssertionError("the program ran")

    monkeypatch.setattr(engine, "record", refuse)
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text("config: {gcp:project: X}")
    with pytest.raises(SettingsError, match="gcp:project: 'X'"):
        planning.make("x", file, ROOT)


class TestAllowing:
    """What the dated tables do not know can be allowed, and is unknown everywhere."""

    def test_a_machine_type_newer_than_the_table_passes_when_it_is_listed(self, tmp_path: Path) -> None:
        machine = "coursecloud:machines: {a: {machineType: z9-mega-4}}\n"
        assert paths(PROJECT + machine, tmp_path) == ["coursecloud:machines.a.machineType"]
        # Nobody knows its processor, so the file says what it boots from.
        allow = "coursecloud:allow: {machineTypes: [z9-mega-4]}"
        (said,) = mistakes(PROJECT + machine + allow, tmp_path)
        assert (said.path, "image:" in said.remedy) == ("coursecloud:machines.a.machineType", True)
        imaged = machine.replace("z9-mega-4", "z9-mega-4, image: debian")
        read = settings(PROJECT + imaged + allow, tmp_path)
        assert read.machines["a"].machine_type not in tables.machine_types()

    def test_a_gpu_newer_than_the_table_passes_when_it_is_listed(self, tmp_path: Path) -> None:
        machine = "coursecloud:machines: {a: {machineType: n1-standard-4, gpu: {model: nvidia-z9}, spot: true}}\n"
        assert paths(PROJECT + machine, tmp_path) == ["coursecloud:machines.a.gpu.model"]
        assert settings(PROJECT + machine + "coursecloud:allow: {gpus: [nvidia-z9]}", tmp_path)
        assert tables.gpu("nvidia-z9") is None

    def test_a_zone_whose_offer_somebody_looked_up_passes_and_is_taken(self, tmp_path: Path) -> None:
        machine = "coursecloud:machines: {a: {machineType: g2-standard-4, spot: true}}\n"
        assert paths(PROJECT + machine, tmp_path) == ["coursecloud:machines.a.zone"]
        read = settings(PROJECT + machine + "coursecloud:allow: {zones: [europe-west1-c]}", tmp_path)
        assert read.zone_of(read.machines["a"]) == "europe-west1-c"

    def test_a_region_newer_than_the_table_passes_by_one_of_its_zones(self, tmp_path: Path) -> None:
        config = PROJECT + "gcp:region: mars-north1\ncoursecloud:training: {enabled: false}\n"
        assert paths(config, tmp_path) == ["gcp:region"]
        read = settings(config + "coursecloud:allow: {zones: [mars-north1-x]}", tmp_path)
        assert read.zone_of(read.machines["workbench"]) == "mars-north1-x"


class TestEncrypted:
    """Pulumi's `secure` values: readable by its engine alone."""

    def test_keys_of_the_provider_may_be_encrypted(self, tmp_path: Path) -> None:
        config = "gcp:project: {secure: AAAA}\ngcp:credentials: {secure: AAAA}\ngcp:userProjectOverride: true\n"
        one, other = (settings(text, tmp_path).project for text in (config, config.replace("AAAA", "BBBB", 1)))
        assert one.startswith(ENCRYPTED_PROJECT)
        assert other.startswith(ENCRYPTED_PROJECT)
        assert one != other

    def test_an_encrypted_member_stands_in_a_plan_as_one_that_cannot_exist(self, tmp_path: Path) -> None:
        config = PROJECT + "coursecloud:team: {members: [user:a@b.dk, {secure: AAAA}, {secure: BBBB}]}"
        members = settings(config, tmp_path).team.members
        shown = re.compile(r"user:encrypted-[0-9a-f]{8}@encrypted\.invalid")
        assert members[0] == "user:a@b.dk"
        assert all(map(shown.fullmatch, members[1:]))
        assert len(set(members)) == 3

    def test_a_machine_may_be_named_secure(self, tmp_path: Path) -> None:
        assert list(settings(PROJECT + "coursecloud:machines: {secure: {}}", tmp_path).machines) == ["secure"]


class TestMembersOverlay:
    """`members.STACK.yaml` keeps addresses out of the stack file."""

    def test_its_principals_follow_those_of_the_stack_file(self, tmp_path: Path) -> None:
        (tmp_path / "members.x.yaml").write_text("- user:b@c.dk\n")
        config = PROJECT + "coursecloud:team: {members: [user:a@b.dk]}"
        assert settings(config, tmp_path).team.members == ("user:a@b.dk", "user:b@c.dk")

    def test_that_of_another_stack_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "members.y.yaml").write_text("- user:b@c.dk\n")
        assert settings(PROJECT, tmp_path).team.members == ()

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("- ada@example.com\n", "members.x.yaml[0]"),
            ("- 5\n", "members.x.yaml[0]"),
            ("members: [user:a@b.dk]\n", "members.x.yaml"),
            ("{}\n", "members.x.yaml"),
            ("user:a@b.dk", "members.x.yaml"),
            ("- [", "members.x.yaml"),
            ("- " + "9" * 5000, "members.x.yaml"),
            ("[" * 3000, "members.x.yaml"),
        ],
    )
    def test_a_mistake_in_it_is_one_of_the_file_and_comes_with_the_others(
        self, text: str, path: str, tmp_path: Path
    ) -> None:
        (tmp_path / "members.x.yaml").write_text(text)
        assert paths(PROJECT + "coursecloud:typo: {}", tmp_path) == ["coursecloud:typo", path]

    def test_a_member_of_both_is_named_as_a_duplicate(self, tmp_path: Path) -> None:
        (tmp_path / "members.x.yaml").write_text("- user:a@b.dk\n")
        found = mistakes(PROJECT + "coursecloud:team: {members: [user:a@b.dk]}", tmp_path)
        assert [problem.rule for problem in found] == ["this is listed twice"]


@pytest.mark.parametrize("stack", ["dev", "gpu", "full"])
def test_a_committed_stack_file_holds_the_example_project_and_nothing_secret(stack: str) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    assert "gcp:project: example-project-id\n" in text
    for word in ("encryptionsalt", "encryptedkey", "secretsprovider", "secure:", "password", "gmail.com"):
        assert word not in text


def test_a_minimal_stack_is_a_project_and_gets_a_cheap_machine_without_a_gpu(tmp_path: Path) -> None:
    read: Settings = settings(PROJECT, tmp_path)
    (machine,) = read.machines.values()
    assert (machine.machine_type, machine.gpu, machine.max_run) == ("e2-medium", None, 8 * 3600)
    assert not read.services
    assert read.github is None
    assert not read.storage.keep
