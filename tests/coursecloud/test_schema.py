"""The JSON Schema of the stack file: current, sound against the loader, and of use to an editor."""

import json
import re
import textwrap
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from jsonschema import Draft7Validator
from typer.testing import CliRunner

from catalog import tables
from coursecloud.cli import schema
from coursecloud.cli.application import app
from coursecloud.cli.schema import keys, ranges
from coursecloud.cli.schema.sections import MODEL
from coursecloud.cli.schema.tabled import time_zones
from coursecloud.common import stack_file
from infra.settings import SettingsError, load
from infra.settings.effects import DATE, EFFECTS
from infra.settings.model import SECTIONS
from tests.fuzz import examples
from tests.infra.stacks import configs
from tests.project import CHECKOUT, ROOT
from tests.settings.stacks import PROJECT, marked
from tests.settings.test_broken import broken
from tests.sweep import offenders

CONFIG: dict[str, Any] = schema.build()["properties"]["config"]
STACKS = sorted(ROOT.glob("Pulumi.*.yaml"))


def written(config: str, folder: Path) -> dict[str, object]:
    file = folder / "Pulumi.x.yaml"
    file.write_text("config:\n" + textwrap.indent(config, "  "), encoding="utf-8")
    return stack_file.read("x", file)


def accepted(config: dict[str, object]) -> bool:
    # A key without a namespace is the project's own, as `stackfile.read` has it.
    spelt = {key if ":" in key else f"coursecloud:{key}": value for key, value in config.items()}
    try:
        load(spelt, "x", ROOT)
    except SettingsError:
        return False
    return True


def test_the_committed_schema_is_current() -> None:
    committed = (CHECKOUT / schema.FILE).read_text(encoding="utf-8")
    assert committed == schema.text(), f"{schema.FILE} is not current: run `.venv/bin/{schema.RENEW}` and commit it"


def test_the_schema_is_a_valid_schema_of_the_draft_it_names() -> None:
    Draft7Validator.check_schema(schema.committed())
    assert schema.committed()["$schema"] == Draft7Validator.META_SCHEMA["$schema"]


def test_a_section_stands_once_in_the_committed_schema_and_all_refer_to_it() -> None:
    read = json.loads(schema.text())
    assert read == schema.committed()
    assert MODEL not in schema.text()
    machine = read["definitions"]["Machine"]["properties"]
    assert machine["dataDisk"]["allOf"] == [{"$ref": "#/definitions/DataDisk"}]
    assert machine["gpu"]["allOf"] != read["definitions"]["Training"]["properties"]["gpu"]["allOf"], "other words"


def test_what_the_references_lead_to_is_what_explain_reads() -> None:
    whole = schema.committed()

    def followed(node: Any) -> Any:
        if isinstance(node, list):
            return [followed(entry) for entry in cast("list[Any]", node)]
        if not isinstance(node, dict):
            return node
        entries = {key: followed(value) for key, value in cast("dict[str, Any]", node).items() if key != MODEL}
        match entries:
            case {"allOf": [{"$ref": str(name)}]}:
                return {key: value for key, value in entries.items() if key != "allOf"} | followed(
                    whole["definitions"][name.rpartition("/")[2]]
                )
            case _:
                return entries

    assert followed(whole["properties"]) == followed(schema.build()["properties"])


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.name)
def test_a_committed_stack_file_names_the_schema_in_its_first_line_and_holds_to_it(file: Path) -> None:
    first = file.read_text(encoding="utf-8").splitlines()[0]
    front = "# yaml-language-server: $schema="
    assert first.startswith(front)
    assert (file.parent / first.removeprefix(front)).resolve() == ROOT / schema.FILE
    assert marked(stack_file.read("x", file)) == []


@given(config=configs())
@hypothesis_settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_every_valid_stack_holds_to_the_schema(config: dict[str, object]) -> None:
    assert marked(config) == []


@given(config=broken())
@hypothesis_settings(
    max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_what_the_loader_accepts_after_any_edit_the_schema_accepts_too(config: dict[str, object]) -> None:
    if accepted(config):
        assert marked(config) == []


@pytest.mark.parametrize(
    "config",
    [
        "gcp:project: {secure: AAAA}",
        PROJECT + "gcp:credentials: {secure: AAAA}\naws:region: eu-west-1\ngcp:userProjectOverride: true",
        PROJECT + "gcp:region:\ngcp:zone:",
        PROJECT + "lease: {graceDays: 3}",
        PROJECT + "coursecloud:lease:",
        PROJECT + "coursecloud:lease: '{\"graceDays\": 3}'",
        PROJECT + "coursecloud:machines: {a: }",
        PROJECT + "coursecloud:machines: {a: {zone: null, gpu: null, dataDisk: null, fallbackZones: []}}",
        PROJECT + "coursecloud:course: {group: 7, labels: {year: 2026}}",
        PROJECT + "coursecloud:team: {members: [user:a@b.dk, {secure: AAAA}]}",
        PROJECT + "coursecloud:machines: {a: {machineType: n1-standard-4, gpu: {model: nvidia-Tesla-t4}, spot: true}}",
        PROJECT
        + "coursecloud:machines: {a: {machineType: z9-big, image: debian}}\n"
        + "coursecloud:allow: {machineTypes: [z9-big]}",
        PROJECT + "coursecloud:machines: {a: {machineType: z9-big, image: debian}}\nallow: {machineTypes: [z9-big]}",
        PROJECT
        + "coursecloud:machines: {a: {machineType: z9-big, image: debian}}\n"
        + 'coursecloud:allow: \'{"machineTypes": ["z9-big"]}\'',
        PROJECT + "coursecloud:services: {demo: {cpu: 4, memory: 2Gi, timeout: 060m}}",
        PROJECT + "coursecloud:lease: {starts: '20261123', ends: 2026-W51-5}",
        PROJECT + "coursecloud:lease: {starts: 2028-02-29}",
        PROJECT + "coursecloud:storage: {location: Europe-West4}",
        PROJECT + "coursecloud:storage: {location: eur4}",
        PROJECT + "coursecloud:storage: {location: mars-north1}\ncoursecloud:allow: {zones: [mars-north1-a]}",
        PROJECT + "coursecloud:guardrails: {regions: [EU, Europe-West4]}",
        PROJECT + "coursecloud:guardrails: {regions: [mars-north1]}\ncoursecloud:allow: {zones: [mars-north1-a]}",
        PROJECT + "coursecloud:machines: {a: {gpu: {model: H900, count: 3}, spot: true}}\n"
        "coursecloud:allow: {gpus: [H900]}",
        PROJECT + "coursecloud:machines: {a: {container: {image: a, env: {PORT: '80'}}}}",
        PROJECT + "coursecloud:machines: {a: {image: 'example.com:lab/own'}}",
    ],
)
def test_what_the_loader_accepts_in_other_forms_the_schema_accepts_too(config: str, tmp_path: Path) -> None:
    content = written(config, tmp_path)
    assert accepted(content)
    assert marked(content) == []


@pytest.mark.parametrize(
    "config",
    [
        "gcp:region: europe-west1",
        "gcp:project: My Project",
        "gcp:project: my-google-project",
        PROJECT + "gcp:region: europe-wset1",
        PROJECT + "gcp:region: {secure: AAAA}",
        PROJECT + "gcp:zone: europe-west1",
        PROJECT + "google:project: a",
        PROJECT + "project: my-project-1",
        PROJECT + "coursecloud:machine: {}",
        PROJECT + "machine: {}",
        PROJECT + "coursecloud:lease: soon",
        PROJECT + "coursecloud:lease: {secure: AAAA}",
        PROJECT + "coursecloud:github:",
        *(
            PROJECT + f"coursecloud:{section}"
            for section in (
                "course: {group: Group 7}",
                "course: {labels: {stack: mine}}",
                "course: {labels: {version: 1.5}}",
                "machines: {a: {labels: {version: V 1}}}",
                "lease: {graceDay: 3}",
                "lease: {graceDays: 366}",
                "lease: {graceDays: 1.5}",
                "lease: {credit: {amount: '50'}}",
                "lease: {credit: {amount: 0}}",
                "lease: {credit: {currency: kr}}",
                "lease: {starts: 23.11.2026}",
                "lease: {starts: 2026-13-01}",
                "lease: {starts: 2026-11-31}",
                "lease: {starts: 2026-02-30}",
                "lease: {starts: '20260230'}",
                "lease: {starts: 2026-12-32}",
                "lease: {starts: 2026-W54}",
                "lease: {ends: 2026-12-18}",
                "lease: {workingHours: }",
                "lease: {workingHours: {days: []}}",
                "lease: {workingHours: {days: [mon, mon]}}",
                "lease: {workingHours: {start: 9:00}}",
                "lease: {stopSchedule: '20:00'}",
                "network: {egress: none}",
                "network: {subnets: {europe-west1: 8.8.8.0/24}}",
                "network: {subnets: {mars: 10.10.0.0/20}}",
                "storage: {keep: yes}",
                "storage: {location: mars}",
                "storage: {location: europe}",
                "guardrails: {regions: [mars]}",
                "guardrails: {exceptions: [{rule: a, resource: b, reason: because I, until: 2026-12-01}]}",
                "storage: {data: {keepNewest: 101}}",
                "registry: {keepTags: release}",
                "secrets: {names: {WANDB KEY: []}}",
                "secrets: {names: {A: [vm]}}",
                "builds: {triggers: {a: {branch: a, dockerfile: D}}}",
                "builds: {repository: {owner: a, name: b}, triggers: {a: {dockerfile: D}}}",
                "builds: {repository: {owner: a, name: b}, triggers: {a: {branch: a, tag: b, dockerfile: D}}}",
                "builds: {repository: {owner: a}}",
                "machines: {Trainer: {}}",
                "machines: {a: {machineTyp: e2-medium}}",
                "machines: {a: {machineType: e2-meduim}}",
                "machines: {a: {zone: europe-west1-a}}",
                "machines: {a: {fallbackZones: [mars]}}",
                "machines: {a: {machineType: n1-standard-4, gpu: {model: T4}}}",
                "machines: {a: {machineType: n1-standard-4, gpu: {model: H100}, spot: true}}",
                "machines: {a: {machineType: n1-standard-4, gpu: {model: T4, count: 17}, spot: true}}",
                "machines: {a: {machineType: n1-standard-4, gpu: {model: T4, count: 3}, spot: true}}",
                "training: {gpu: {model: T4, count: 3}}",
                "training: {image: My Trainer}",
                "machines: {a: {container: {image: 'a:b:c'}}}",
                "machines: {a: {image: Debian Cloud/debian-12}}",
                "services: {demo: {image: Demo}}",
                "services: {demo: {env: {PORT: '80'}}}",
                "services: {demo: {env: {K_SERVICE: a}}}",
                "machines: {a: {image: debain}}",
                "machines: {a: {bootDisk: {sizeGb: 5}}}",
                "machines: {a: {bootDisk: {type: ssd}}}",
                "machines: {a: {maxRun: 8}}",
                "machines: {a: {maxRun: 121d}}",
                "machines: {a: {maxRun: 29s}}",
                "machines: {a: {startupScript: a.sh, container: {image: a}}}",
                "machines: {a: {container: {image: a, env: {A B: x}}}}",
                "training: {timeout: 8d}",
                "training: {enabled: false, endpoint: true}",
                "services: {demo: {cpu: 3}}",
                "services: {demo: {memory: 1GB}}",
                "services: {demo: {port: 70000}}",
                "github: {repositoryId: a/b}",
                "github: {repositoryId: 1, ref: main}",
                "team: {members: [ada@example.com]}",
                "team: {members: {secure: AAAA}}",
                "team: {extraRoles: [roles/owner]}",
                "team: {extraRoles: [roles/storage.admin]}",
                "team: {extraRoles: [roles/iam.serviceAccountTokenCreator]}",
            )
        ),
    ],
)
def test_a_slip_is_marked_in_the_editor_and_refused_by_the_loader(config: str, tmp_path: Path) -> None:
    content = written(config, tmp_path)
    assert marked(content)
    assert not accepted(content)


def test_a_key_that_pulumi_does_not_know_at_the_top_is_marked() -> None:
    whole: Any = {"config": {"gcp:project": "my-project-1"}, "encryptionsalt": "v1:a", "environment": ["a"]}
    assert not list(Draft7Validator(schema.committed()).iter_errors(whole))
    assert list(Draft7Validator(schema.committed()).iter_errors(whole | {"confg": {}}))
    assert list(Draft7Validator(schema.committed()).iter_errors({}))


def test_every_section_of_the_settings_is_in_the_schema() -> None:
    assert {f"coursecloud:{name}" for name in SECTIONS} <= CONFIG["properties"].keys()


def test_every_key_has_a_description_and_says_what_changing_it_does() -> None:
    def silent(entry: tuple[str, dict[str, Any]]) -> list[str]:
        place, node = entry
        described, _, effect = node["description"].partition("\n\n")
        told = {
            "a description is a sentence or more": described.endswith("."),
            "says nothing of changing": effect.startswith("Changing it ("),
        }
        return [f"{place}: {what}" for what, right in told.items() if not right]

    assert offenders(silent, list(keys.places(CONFIG))) == []


def test_a_key_that_nothing_is_said_of_fails() -> None:
    with pytest.raises(KeyError, match=r"the settings say nothing of changing for nonsense.key"):
        keys.words("nonsense.key", "changing")


def test_what_is_said_of_a_key_has_a_known_effect_and_examples_that_hold_to_the_schema() -> None:
    definitions = schema.build()["definitions"]
    nodes = {where.partition(":")[2]: node for where, node in keys.places(CONFIG)}

    def wrong(said: tuple[str, dict[str, Any]]) -> list[str]:
        place, entry = said
        effect = entry.get("changing", {"effect": "nothing"})["effect"]
        checked = Draft7Validator({**nodes[place], "definitions": definitions})
        return [
            *([] if effect in EFFECTS else [f"{place}: {effect} is no effect"]),
            *(f"{place}: {e.message}" for example in entry.get("examples", ()) for e in checked.iter_errors(example)),
        ]

    assert offenders(wrong, list(keys.said().items())) == []


def test_a_key_without_a_default_or_fixed_values_has_an_example() -> None:
    bare = [
        place
        for place, node in keys.places(CONFIG)
        if not place.endswith("*")
        and "properties" not in keys.held(node)
        and not {"default", "enum", "examples"} & node.keys()
    ]
    assert bare == []


def test_a_price_that_is_said_of_a_key_has_its_day_beside_it() -> None:
    priced = {place: entry["costs"] for place, entry in keys.said().items() if "$" in entry.get("costs", "")}
    days = {place: re.findall(r"20\d\d-\d\d-\d\d", text) for place, text in priced.items()}
    assert len(priced) > 10
    assert [place for place, found in days.items() if not found] == []
    assert min(day for found in days.values() for day in found) == DATE


def test_editors_propose_what_the_tables_know() -> None:
    proposed = schema.build()["definitions"]
    assert proposed["machineType"]["enum"] == list(tables.machine_types())
    assert len(proposed["machineType"]["enumDescriptions"]) == len(tables.machine_types())
    assert proposed["region"]["enum"] == list(tables.regions())
    assert {"T4", "nvidia-tesla-t4"} <= set(proposed["model"]["enum"])
    assert "L4" not in proposed["model"]["enum"], "it comes with its machine type"


@pytest.mark.parametrize("zone", ["Europe/Copenhagen", "Etc/UTC", "America/New_York", "Asia/Tokyo"])
def test_editors_propose_the_time_zones_of_places(zone: str) -> None:
    assert zone in time_zones()


@pytest.mark.parametrize(("low", "high"), [(0, 20), (1, 9), (1, 1), (30, 7200), (17, 12345), (99, 101)])
def test_the_pattern_of_a_range_matches_its_numbers_and_no_other(low: int, high: int) -> None:
    matching = f"^(?:{'|'.join(ranges.numbers(low, high))})$"
    checked = Draft7Validator({"pattern": matching})
    for number in {*range(150), low, high, high + 1, max(0, low - 1), high * 10, (low + high) // 2}:
        assert checked.is_valid(str(number)) == (low <= number <= high)


def test_the_command_prints_the_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(CliRunner().invoke(app, ["schema"]).stdout) == schema.committed()
    (tmp_path / "Pulumi.yaml").write_text("name: coursecloud\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["schema", "--write"]).exit_code == 0
    assert (tmp_path / schema.FILE).read_text(encoding="utf-8") == schema.text()
