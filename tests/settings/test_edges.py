"""The edge of each limit: the last value that it lets through is valid, and the next one is the only mistake."""

import inspect
import json
import re
from pathlib import Path
from typing import Annotated

import pulumi_gcp
import pytest
from pulumi_gcp import ProviderArgs
from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from infra.settings import keys
from infra.settings.cron import mistake
from infra.settings.delivery import Builds, Trigger
from infra.settings.lease import Lease, WorkingHours
from infra.settings.machines import Machine
from infra.settings.services import Service, memory_mebibytes
from infra.settings.stores import Secrets
from infra.settings.times import Duration, RuleViolationError, lasting
from infra.settings.training import Training
from infra.settings.types import Section
from tests.settings.stacks import PROJECT, mistakes, settings

MACHINE = "coursecloud:machines: {{a: {{{}}}}}"
SERVICE = "coursecloud:services: {{a: {{{}}}}}"
TRIGGER = "coursecloud:builds: {{repository: {{owner: a, name: b}}, triggers: {{a: {{branch: a, dockerfile: D, {}}}}}}}"
BRANCH = "coursecloud:builds: {{repository: {{owner: a, name: b}}, triggers: {{a: {{branch: '{}', dockerfile: D}}}}}}"
HOURS = "coursecloud:lease: {{workingHours: {{start: '{}', end: '{}'}}}}"
DATES = "coursecloud:lease: {{starts: {}, ends: {}}}"
ROLES = "coursecloud:team: {{extraRoles: [{}]}}"
SUBNET = "coursecloud:network: {{subnets: {{europe-west1: {}}}}}"

WEST4 = "gcp:region: europe-west4\n"
SECRET = "coursecloud:secrets: {{names: {{A: [{}]}}}}\n" + SERVICE.format("secrets: [A]").replace("{", "{{").replace(
    "}", "}}"
)

EDGES = [
    (MACHINE.format("maxRun: 30s"), MACHINE.format("maxRun: 29s")),
    (MACHINE.format("maxRun: 24h"), MACHINE.format("maxRun: 86401s")),
    (MACHINE.format("maxRun: 120d, maxRunReason: x"), MACHINE.format("maxRun: 10368001s, maxRunReason: x")),
    (MACHINE.format("image: debian-cloud/debian-12"), MACHINE.format("image: debian-cloud/")),
    (MACHINE.format("image: debian"), MACHINE.format("image: /debian")),
    (MACHINE.format("image: 'example.com:lab/own-1'"), MACHINE.format("image: 'example.com:lab/own.1'")),
    (MACHINE.format("container: {image: a, env: {PORT: x}}"), SERVICE.format("env: {PORT: x}")),
    (SERVICE.format("env: {PORTS: x, K_SERVICES: y, port: z}"), SERVICE.format("env: {K_SERVICE: x}")),
    (SERVICE.format(f"image: 'a:{'b' * 128}'"), SERVICE.format(f"image: 'a:{'b' * 129}'")),
    (SERVICE.format(f"image: 'a@sha256:{'0' * 64}'"), SERVICE.format(f"image: 'a@sha256:{'0' * 63}'")),
    (MACHINE.format("image: debian"), MACHINE.format("image: ''")),
    (MACHINE.format("bootDisk: {sizeGb: 10}"), MACHINE.format("bootDisk: {sizeGb: 9}")),
    (
        MACHINE.format("machineType: n1-standard-4, gpu: {model: T4}, onDemandGpu: true"),
        MACHINE.format("machineType: n1-standard-4, gpu: {model: T4}, onDemandGpu: false"),
    ),
    (
        WEST4 + MACHINE.format("machineType: g2-standard-4, onDemandGpu: true"),
        WEST4 + MACHINE.format("machineType: g2-standard-4"),
    ),
    (
        WEST4 + MACHINE.format("machineType: n1-standard-96, gpu: {model: V100, count: 8}, spot: true"),
        WEST4 + MACHINE.format("machineType: n1-standard-96, gpu: {model: V100, count: 4}, spot: true"),
    ),
    (MACHINE.format("container: {image: a, args: [-v, -v]}"), TRIGGER.format("includedFiles: [-v, -v]")),
    ("coursecloud:machines: {a: }", "coursecloud:machines: {a: []}"),
    ("coursecloud:training: {region: europe-west4}", "coursecloud:training: {region: ''}"),
    ("coursecloud:storage: {location: EU}", "coursecloud:storage: {location: ''}"),
    ("coursecloud:storage: {location: EUROPE-WEST1}", "coursecloud:storage: {location: EUROPE-WEST99}"),
    (SECRET.format("services"), SECRET.format("machines")),
    (SERVICE.format("cpu: 1, memory: 128Mi"), SERVICE.format("cpu: 1, memory: 127Mi")),
    (SERVICE.format("cpu: 1, memory: 4Gi"), SERVICE.format("cpu: 1, memory: 4097Mi")),
    (SERVICE.format("cpu: 2, memory: 128Mi"), SERVICE.format("cpu: 2, memory: 127Mi")),
    (SERVICE.format("cpu: 2, memory: 8Gi"), SERVICE.format("cpu: 2, memory: 8193Mi")),
    (SERVICE.format("cpu: 4, memory: 2Gi"), SERVICE.format("cpu: 4, memory: 2047Mi")),
    (SERVICE.format("cpu: 4, memory: 16Gi"), SERVICE.format("cpu: 4, memory: 16385Mi")),
    (SERVICE.format("timeout: 1h"), SERVICE.format("timeout: 3601s")),
    (TRIGGER.format("timeout: 24h"), TRIGGER.format("timeout: 86401s")),
    (BRANCH.format(r"^release-\pL+\z"), BRANCH.format(r"^(?=a)\pL+\z")),
    (TRIGGER.format("approval: true"), TRIGGER.format(r"includedFiles: [a, a]")),
    (HOURS.format("08:00", "08:01"), HOURS.format("08:00", "08:00")),
    (DATES.format("2026-11-23", "2026-11-23"), DATES.format("2026-11-24", "2026-11-23")),
    (ROLES.format("roles/bigquery.jobUser"), ROLES.format("roles/viewer")),
    (ROLES.format("roles/bigquery.user"), ROLES.format("roles/bigquery.ADMIN")),
    (ROLES.format("roles/iamconnectors.user"), ROLES.format("roles/iam.securityReviewer")),
    (ROLES.format("roles/cloudbuild.builds.viewer"), ROLES.format("roles/cloudbuild.builds.editor")),
    (ROLES.format("roles/compute.osAdminLogin"), ROLES.format("roles/compute.instanceAdmin.v1")),
    (ROLES.format("roles/run.developer"), ROLES.format("roles/deploymentmanager.editor")),
    (SUBNET.format("10.10.0.0/16"), SUBNET.format("10.10.0.0/15")),
    (SUBNET.format("10.10.0.0/29"), SUBNET.format("10.10.0.0/30")),
    (SUBNET.format("172.16.0.0/16"), SUBNET.format("172.17.255.0/24")),
    (SUBNET.format("172.18.0.0/16"), SUBNET.format("172.32.0.0/16")),
    (SUBNET.format("192.168.0.0/16"), SUBNET.format("192.169.0.0/16")),
]  # fmt: skip


@pytest.mark.parametrize(("valid", "broken"), EDGES)
def test_the_last_valid_value_passes_and_the_next_is_refused(valid: str, broken: str, tmp_path: Path) -> None:
    assert mistakes(PROJECT + valid, tmp_path) == ()
    assert len(mistakes(PROJECT + broken, tmp_path)) == 1


def test_a_script_of_the_largest_size_that_metadata_takes_passes(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("#" * 200_000)
    assert mistakes(PROJECT + "coursecloud:machines: {a: {startupScript: a.sh}}", tmp_path) == ()


@pytest.mark.parametrize("lists", [0, 1, 2])
def test_labels_fill_up_to_googles_64_with_the_stacks_own(lists: int, tmp_path: Path) -> None:
    """Seven are the stack's; a machine carries the course's labels and its own."""

    def count(course: int) -> str:
        labels = ", ".join(f"k{number}: v" for number in range(course))
        machine = ", labels: {purpose: demo}" if lists == 2 else ""
        machines = f"a: {{spot: true{machine}}}" if lists else ""
        return f"coursecloud:course: {{labels: {{{labels}}}}}\ncoursecloud:machines: {{{machines}}}"

    most = 64 - 7 - (lists == 2)
    assert mistakes(PROJECT + count(most), tmp_path) == ()
    assert [problem.path for problem in mistakes(PROJECT + count(most + 1), tmp_path)] == ["coursecloud:course.labels"]


@pytest.mark.parametrize(
    "line",
    [
        "0 0 1 1 0",
        "59 23 31 12 7",
        "5 8-18/2 1,15 */3 1-5",
        "0 */1 * * *",
        "0 */23 * * *",
        "30 18 */31 * *",
        "0 20 1-1 * *",
    ],
)
def test_a_cron_line_at_the_edge_of_its_fields_is_taken(line: str) -> None:
    assert mistake(line) is None


@pytest.mark.parametrize(
    "line",
    [
        "60 0 1 1 0", "0 24 1 1 0", "0 0 0 1 0", "0 0 32 1 0", "0 0 1 0 0", "0 0 1 13 0", "0 0 1 1 8",
        "0 */24 * * *", "0 20/0 * * *", "0 20/ * * *", "0 1- * * *", "0 -1 * * *", "0 1,,2 * * *", "0 18-8 * * *",
        "0,30 20 * * *", "0-5 20 * * *", "0 20 * *", "0 20 * * * *", "0 1-2-3 * * *", "0 */*/2 * * *", "0 **/2 * * *",
    ],
)  # fmt: skip
def test_a_cron_line_beyond_them_is_not(line: str) -> None:
    assert mistake(line) is not None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (1, "1s"), (59, "59s"), (60, "1m"), (61, "61s"), (3600, "1h"), (5400, "90m"), (86400, "1d"),
     (90000, "25h"), (7 * 86400, "7d")],
)  # fmt: skip
def test_a_duration_prints_as_the_shortest_exact_form(seconds: int, text: str) -> None:
    assert str(Duration(seconds)) == text


@pytest.mark.parametrize(
    ("days", "start", "end", "hours"),
    [("[mon]", "08:00", "18:00", 10), ("[mon, tue]", "08:30", "09:00", 1), ("[sat, sun]", "00:15", "23:45", 47)],
)
def test_the_hours_of_a_week_are_those_of_its_days(
    days: str, start: str, end: str, hours: float, tmp_path: Path
) -> None:
    text = f"coursecloud:lease: {{workingHours: {{days: {days}, start: '{start}', end: '{end}'}}}}"
    assert settings(PROJECT + text, tmp_path).lease.working_hours.hours_per_week == hours


@pytest.mark.parametrize("text", ["2026-11-23", "2026-11-23 00:00:00 +0000 UTC", "2026-11-23T00:00:00Z"])
def test_a_day_is_read_in_each_way_that_pulumis_engine_hands_it_on(text: str, tmp_path: Path) -> None:
    read = settings(PROJECT + f"coursecloud:lease: {{starts: '{text}'}}", tmp_path)
    assert str(read.lease.starts) == "2026-11-23"


@pytest.mark.parametrize(("text", "mebibytes"), [("512Mi", 512), ("1Gi", 1024), ("2Gi", 2048), ("1Mi", 1)])
def test_memory_is_read_in_mebibytes(text: str, mebibytes: int) -> None:
    assert memory_mebibytes(text) == mebibytes


@pytest.mark.parametrize(
    "image",
    [
        "a", "trainer:latest", "team/app", "team/sub-team/app_1:V2.0", "my-app.v2", "a__b--c", "ghcr.io/group/app:1.2",
        "localhost:5000/app", "europe-west1-docker.pkg.dev/my-project-1/mlops-dev-docker/trainer",
        "us-docker.pkg.dev/cloudrun/container/hello", "gcr.io/example.com/my-project/app:latest",
        f"ghcr.io/group/app@sha256:{'0a' * 32}", f"ghcr.io/group/app:1.2@sha256:{'0a' * 32}",
    ],
)  # fmt: skip
def test_a_container_image_may_be_named_in_each_way_that_docker_knows(image: str, tmp_path: Path) -> None:
    elsewhere = image.startswith(("ghcr.io", "localhost"))
    for place in ("services: {a: {image: %s}}", "training: {image: %s}", "machines: {a: {container: {image: %s}}}"):
        said = [one.rule for one in mistakes(f"{PROJECT}coursecloud:{place % json.dumps(image)}", tmp_path)]
        # A machine pulls from anywhere; Google's services do not.
        assert len(said) == (elsewhere and not place.startswith("machines"))
        assert all("pulls images from REGION-docker.pkg.dev, gcr.io and docker.io only" in rule for rule in said)


@pytest.mark.parametrize(
    "image",
    ["quay.io/a/b", "ghcr.io/a/b:1", "public.ecr.aws/a/b", "registry.gitlab.com/a/b", "docker.io:5000/a",
     "evilgcr.io/a", "gcr.io.example.com/a", "docker.pkg.dev.example.com/p/r/i", "index.docker.io/a/b",
     "localhost:5000/a", "10.0.0.1/a"],
)  # fmt: skip
def test_an_image_of_a_registry_that_google_does_not_pull_from_is_refused(image: str, tmp_path: Path) -> None:
    for place in ("services: {a: {image: %s}}", "training: {image: %s}"):
        (said,) = mistakes(f"{PROJECT}coursecloud:{place % json.dumps(image)}", tmp_path)
        assert image.partition("/")[0] in said.rule
        assert "trainer:latest" in said.remedy


@pytest.mark.parametrize("image", ["docker.io/library/nginx", "gcr.io/p/i", "eu.gcr.io/p/i", "us-docker.pkg.dev/p/r/i"])
def test_an_image_of_a_registry_that_google_pulls_from_is_taken(image: str, tmp_path: Path) -> None:
    for place in ("services: {a: {image: %s}}", "training: {image: %s}"):
        assert mistakes(f"{PROJECT}coursecloud:{place % json.dumps(image)}", tmp_path) == ()


def test_a_long_name_of_an_image_is_judged_at_once(tmp_path: Path) -> None:
    for name in ("a" * 50_000 + "!", "a-" * 25_000, "a." * 25_000 + "/", "a/" * 25_000):
        assert len(mistakes(PROJECT + SERVICE.format(f"image: '{name}'"), tmp_path)) == 1


def test_every_setting_of_the_provider_is_accepted(tmp_path: Path) -> None:
    names = [*inspect.signature(ProviderArgs.__init__).parameters][1:]
    assert {"billing_project", "region", "user_project_override"} <= set(names)
    for name in set(names) - {"project", "region", "zone"}:
        for spelt in (name, to_camel(name)):
            found = mistakes(PROJECT + f"gcp:{spelt}: x", tmp_path)
            assert bool(found) == (name in ("access_token", "credentials")), found
    stub = (Path(inspect.getfile(pulumi_gcp)).parent / "config" / "__init__.pyi").read_text()
    there = {name for name in re.findall(r"^(\w+): ", stub, re.MULTILINE) if not name.endswith("CustomEndpoint")}
    assert there == {*keys.PROVIDERS, *keys.OURS} - {"version", "pluginDownloadURL"}


GPU = {"model": "T4"}
WEIGHED: list[tuple[type[Section], dict[str, object], set[str]]] = [
    (Machine, {"maxRun": "2d"}, {"maxRun", "maxRunReason"}),
    (Machine, {"container": {"image": "a"}, "startupScript": "a.sh"}, {"container", "startupScript"}),
    (Machine, {"gpu": GPU}, {"gpu", "spot", "onDemandGpu"}),
    (Training, {"enabled": False, "endpoint": True}, {"enabled", "endpoint", "prediction"}),
    (Training, {"enabled": False, "prediction": True}, {"enabled", "endpoint", "prediction"}),
    (Service, {"memory": "1Mi"}, {"cpu", "memory"}),
    (Secrets, {"names": {"A-B": [], "A_B": []}}, {"names"}),
    (Secrets, {"names": {"A_B": [], "A-B": []}}, {"names"}),
    (Service, {"mountedSecrets": ["PORT"]}, {"mountedSecrets", "secrets"}),
    (Service, {"mountedSecrets": ["A-B"], "env": {"A_B": "x"}}, {"mountedSecrets", "env", "secrets"}),
    (Trigger, {"buildFile": "a"}, {"branch", "tag", "pullRequest"}),
    (Trigger, {"branch": "a"}, {"buildFile", "dockerfile"}),
    (Builds, {"triggers": {"a": {"branch": "a", "dockerfile": "D"}}}, {"repository"}),
    (WorkingHours, {"start": "18:00", "end": "08:00"}, {"start", "end"}),
    (Lease, {"ends": "2026-12-18"}, {"starts", "ends"}),
    (Lease, {"starts": "2026-12-19", "ends": "2026-12-18"}, {"starts", "ends"}),
]


@pytest.mark.parametrize(("section", "value", "keys"), WEIGHED)
def test_a_rule_names_the_keys_that_it_weighs_so_that_a_mistake_in_one_of_them_silences_it(
    section: type[Section], value: dict[str, object], keys: set[str]
) -> None:
    (refused,) = section.model_validate(value).rules()
    assert set(refused.keys) == keys


@pytest.mark.parametrize(
    "machine",
    [
        Machine.model_validate({"maxRun": "1d"}),
        Machine.model_validate({"maxRun": "2d", "maxRunReason": "x"}),
        Machine.model_validate({"gpu": GPU, "spot": True}),
        Machine.model_validate({"gpu": GPU, "onDemandGpu": True}),
        Machine.model_validate({"container": {"image": "a"}}),
        Machine.model_validate({"startupScript": "a.sh"}),
    ],
)
def test_a_machine_that_breaks_no_rule_is_refused_by_none(machine: Machine) -> None:
    assert list(machine.rules()) == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("coursecloud:lease: {starts: 2026-11-23, ends: 9999-12-31}", "a year from 2020 to 2100"),
        ("coursecloud:lease: {starts: 0001-01-01, ends: 2026-12-31}", "a year from 2020 to 2100"),
        (
            'coursecloud:builds: {repository: {owner: a, name: b}, triggers: {e: {branch: "", dockerfile: D}}}',
            "an empty pattern",
        ),
    ],
)
def test_what_a_calendar_or_a_trigger_cannot_hold_is_a_mistake_and_no_failure(
    lines: str, said: str, tmp_path: Path
) -> None:
    (found,) = mistakes(f"{PROJECT}{lines}", tmp_path)
    assert said in found.rule


@pytest.mark.parametrize(
    ("low", "high", "example"),
    [
        (60, 7 * 86400, "8h"), (8 * 3600, 9 * 3600, "8h"), (7 * 3600, 8 * 3600, "8h"), (60, 3600, "30m"),
        (1800, 3600, "30m"), (60, 1000, "5m"), (300, 400, "5m"), (60, 100, "1m"),
    ],
)  # fmt: skip
def test_the_example_of_a_duration_is_one_that_may_be(low: int, high: int, example: str) -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(Annotated[Duration, lasting((low, high), "a thing")]).validate_python("soon")
    error: RuleViolationError = raised.value.errors()[0].get("ctx", {})["error"]
    assert error.remedy.startswith(f"write for example '{example}'; ")


def _trigger(**more: object) -> list[tuple[str, str, tuple[str, ...]]]:
    told = {"branch": "^main$", "dockerfile": "D", **more}
    if "tag" in more or "pullRequest" in more:
        del told["branch"]
    return [(each.rule, each.remedy, each.keys) for each in Trigger.model_validate(told).rules()]


def test_a_trigger_takes_as_many_substitutions_as_a_build_leaves_it() -> None:
    assert _trigger(substitutions={f"_A{number}": "x" for number in range(197)}) == []
    ((rule, _, keys),) = _trigger(substitutions={f"_A{number}": "x" for number in range(198)})
    assert rule.endswith("of 4000 bytes each; these are 198")
    assert keys == ("substitutions",)
    assert _trigger(substitutions={"_A": "x" * 4000}) == []
    ((rule, _, _),) = _trigger(substitutions={"_A": "x" * 4001, "_B": "x", "_C": "x" * 5000})
    assert rule.endswith("; _A and _C has more")


def test_what_a_deploying_trigger_breaks_is_a_rule_of_two_keys() -> None:
    assert _trigger(deploys=True) == _trigger(deploys=True, branch=None, tag="^v") == []
    assert [keys for _, _, keys in _trigger(deploys=True, pullRequest="^main$")] == [("deploys", "pullRequest")]
    assert [keys for _, _, keys in _trigger(deploys=True, branch="main")] == [("deploys", "branch")]
    assert [keys for _, _, keys in _trigger(deploys=True, tag="v")] == [("deploys", "tag")]
