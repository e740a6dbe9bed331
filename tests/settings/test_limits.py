"""What Google refuses of the small things in a stack file: refused here, with the value, the rule and the remedy."""

import json
from pathlib import Path

import pytest

from infra.settings import cron
from tests.settings.stacks import PROJECT, mistakes

REPOSITORY = "repository: {owner: a-b, name: c}"
TRIGGER = f"builds: {{{REPOSITORY}, triggers: {{a: {{branch: ^main$, %s}}}}}}"

REFUSED = [
    ("machines: {a: {labels: {goog-x: v}}}", "goog"),
    ("machines: {a: {labels: {Upper: v}}}", "lower-case"),
    ("machines: {a: {labels: {'': v}}}", "1 to 63"),
    ("team: {extraRoles: [roles/nope.nothing]}", "no such predefined role"),
    ("team: {extraRoles: [roles/bigquery.jobUsr]}", "no such predefined role"),
    ("team: {members: ['user:a..b@example.com']}", "e-mail address"),
    ("team: {members: ['user:.a@example.com']}", "e-mail address"),
    ("team: {members: ['user:a.@example.com']}", "e-mail address"),
    ("team: {members: ['user:a@-example.com']}", "e-mail address"),
    ("team: {members: ['user:a@example-.com']}", "e-mail address"),
    (f"team: {{members: ['user:{'a' * 65}@example.com']}}", "e-mail address"),
    ("team: {members: ['user:x@p.iam.gserviceaccount.com']}", "gserviceaccount.com"),
    ("team: {members: ['serviceAccount:ada@example.com']}", "gserviceaccount.com"),
    ("team: {members: ['user:Ada@example.com', 'user:ada@EXAMPLE.com']}", "in other letters"),
    ("team: {members: ['user:ada@example.com', 'group:ada@example.com']}", "only one of the two"),
    ("lease: {timeZone: Factory}", "IANA"),
    ("lease: {timeZone: localtime}", "IANA"),
    ("lease: {stopSchedule: '0 20 30 2 *'}", "never comes"),
    ("lease: {stopSchedule: '0 20 31 4,6,9,11 *'}", "never comes"),
    ("allow: {machineTypes: ['rm -rf /']}", "machine type"),
    ("allow: {machineTypes: ['']}", "machine type"),
    ("allow: {gpus: ['a b']}", "a GPU is named"),
    ("allow: {zones: [somewhere]}", "a zone is"),
    ("allow: {roles: [owner]}", "roles/SERVICE.NAME"),
    (TRIGGER % "dockerfile: D, machineType: E2_HIGHCPU_9", "E2_HIGHCPU_8"),
    (TRIGGER % "dockerfile: ''", "a file of the repository"),
    (TRIGGER % "buildFile: ''", "a file of the repository"),
    (TRIGGER % "buildFile: /etc/x.yaml", "a file of the repository"),
    (TRIGGER % "dockerfile: ../D", "a file of the repository"),
    (TRIGGER % "dockerfile: a/../../D", "a file of the repository"),
    (TRIGGER % "dockerfile: D, includedFiles: ['']", "a pattern of files"),
    ("builds: {repository: {owner: -a, name: b}}", "an owner on GitHub"),
    ("builds: {repository: {owner: a--b, name: b}}", "an owner on GitHub"),
    ("builds: {repository: {owner: a, name: '..'}}", "a repository on GitHub"),
    ("builds: {repository: {owner: a, name: b.git}}", "a repository on GitHub"),
    ("github: {repositoryId: 1, ref: refs/heads/a..b}", "a ref is"),
    ("github: {repositoryId: 1, ref: refs/heads/a/}", "a ref is"),
    ("github: {repositoryId: 1, ref: refs/heads/a.lock}", "a ref is"),
    ("services: {a: {env: {X: %s}}}" % ("x" * 32_769), "32 KiB"),
    (f"services: {{a: {{env: {{{', '.join(f'X{n}: v' for n in range(990))}}}}}}}", "1000 variables"),
    ("machines: {a: {container: {image: a, env: {X: %s}}}}" % ("x" * 200_001), "256 KiB"),
    ("machines: {a: {container: {image: a, args: [%s]}}}" % ("x" * 200_001), "256 KiB"),
    ("services: {a: {gpu: L4}}", "not offered"),
    ("services: {a: {minInstances: 3}}", "more than 2 at most"),
    ("services: {a: {minInstances: -1}}", "0 or more"),
    ("services: {a: {concurrency: 0}}", "1 or more"),
    ("services: {a: {concurrency: 1001}}", "1000 or less"),
    ("services: {a: {startupPath: ready}}", "begins with '/'"),
    ("services: {a: {livenessPath: '/a b'}}", "no spaces"),
    ("services: {a: {volumes: {models: {path: /mnt/m}}, memory: 256Mi}}", "512Mi"),
    ("services: {a: {volumes: {models: {path: mnt}}}}", "begins with '/'"),
    ("services: {a: {volumes: {models: {path: /proc/m}}}}", "keeps to itself"),
    ("services: {a: {volumes: {models: {path: /mnt/../etc}}}}", "begins with '/'"),
    ("services: {a: {volumes: {models: {path: /m}, data: {path: /m/d}}}}", "one in the other"),
    ("services: {a: {volumes: {model: {path: /mnt/m}}}}", "'data', 'models' or 'staging'"),
    ("services: {a: {volumes: {models: {path: /mnt/data/m}, data: {}}}}", "one in the other"),
    ("services: {a: {containers: []}}", "not offered"),
    ("services: {a: {runtime: python312}}", "not offered"),
    ("functions: {a: {}}", "not offered"),
    ("services: {a: {min_instance_count: 1}}", "not known"),
    ("machines: {a: {dataDisk: {provisionedIops: 3000}}}", "not offered"),
    ("training: {replicaCount: 2}", "not offered"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "rule"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_google_refuses_is_refused_before_the_program_runs(text: str, rule: str, tmp_path: Path) -> None:
    (said,) = mistakes(f"{PROJECT}coursecloud:{text}\n", tmp_path)
    assert rule in said.rule
    assert said.remedy
    if rule == "not offered":
        assert said.remedy.startswith("remove it: ")


TAKEN = [
    "machines: {a: {labels: {purpose: v}}}",
    "team: {extraRoles: [roles/bigquery.jobUser, roles/logging.viewer]}",
    "team: {members: ['user:a.b+c@mail.example.co', 'serviceAccount:x@p-1.iam.gserviceaccount.com',"
    " 'serviceAccount:1-compute@developer.gserviceaccount.com']}",
    "lease: {timeZone: EST5EDT}",
    "lease: {stopSchedule: '0 20 29 2 *'}",
    "lease: {stopSchedule: '0 20 31 4 1'}",
    "lease: {stopSchedule: '0 20 31 4,5 *'}",
    TRIGGER % "dockerfile: docker files/D.train, machineType: E2_HIGHCPU_8",
    TRIGGER % "buildFile: .cloudbuild/x.yaml, includedFiles: ['src/**', .github/x]",
    "github: {repositoryId: 1, ref: refs/heads/feature/a-b.c}",
    "services: {a: {cpu: 1, memory: 128Mi, env: {X: %s}}}" % ("x" * 32_768),
    "machines: {a: {container: {image: a, args: [%s]}}}" % ("x" * 100_000),
]  # fmt: skip


@pytest.mark.parametrize("text", TAKEN, ids=lambda value: str(value)[:60])
def test_what_google_takes_is_taken(text: str, tmp_path: Path) -> None:
    assert mistakes(f"{PROJECT}coursecloud:{text}\n", tmp_path) == ()


def test_a_role_newer_than_the_list_may_be_allowed(tmp_path: Path) -> None:
    text = "coursecloud:team: {extraRoles: [roles/bigquery.futureUser]}\n"
    assert [one.path for one in mistakes(PROJECT + text, tmp_path)] == ["coursecloud:team.extraRoles[0]"]
    assert mistakes(PROJECT + text + "coursecloud:allow: {roles: [roles/bigquery.futureUser]}\n", tmp_path) == ()


@pytest.mark.parametrize(
    ("pattern", "valid"),
    [
        ("a++", False), ("(?>a)", False), ("a{1001}", False), (r"main\Z", False), ("(?x)a", False), ("(?=a)", False),
        (r"(a)\1", False), ("a**", False), ("[a", False), (r"^release-\pL+$", True), (r"^main\z", True),
        (r"[[:digit:]]+", True), (r"\Qa.b\E", True), ("(?i)main", True), ("(?P<n>a)", True), ("a{1000}", True),
        ("^main$", True),
    ],
)  # fmt: skip
def test_a_pattern_is_one_where_re2_reads_it(pattern: str, valid: bool, tmp_path: Path) -> None:
    trigger = f"{{branch: {json.dumps(pattern)}, dockerfile: D}}"
    text = f"{PROJECT}coursecloud:builds: {{{REPOSITORY}, triggers: {{a: {trigger}}}}}"
    assert (mistakes(text, tmp_path) == ()) is valid


@pytest.mark.parametrize(
    ("line", "comes"), [("0 1 31 2-6/2 *", False), ("0 1 30-31 2 *", False), ("0 1 28-31 2 *", True)]
)
def test_a_day_of_cron_comes_or_never_does(line: str, comes: bool) -> None:
    assert (cron.mistake(line) is None) is comes
