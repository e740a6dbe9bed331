"""The guards over this project's source, and each of them on an offender and on an innocent."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.guards import rules

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "infra" / "settings"
PROGRAM = [*sorted((ROOT / "infra").rglob("*.py")), ROOT / "__main__.py"]
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))


def breaches(rule: Callable[[str], list[str]], files: Iterable[Path]) -> list[str]:
    return [f"{path.relative_to(ROOT)}:{breach}" for path in files for breach in rule(path.read_text(encoding="utf-8"))]


def test_there_is_something_to_guard() -> None:
    assert len(PROGRAM) > 20
    assert len(TESTS) > 15


def test_iam_is_additive() -> None:
    assert breaches(rules.authoritative_iam, PROGRAM) == []


def test_no_key_is_ever_made() -> None:
    assert breaches(rules.account_keys, PROGRAM) == []


def test_only_the_settings_read_configuration() -> None:
    assert breaches(rules.configuration, (path for path in PROGRAM if SETTINGS not in path.parents)) == []


def test_in_the_settings_one_place_reads_it() -> None:
    """What the configuration is, and which of it was encrypted."""
    found = breaches(rules.configuration, (path for path in PROGRAM if SETTINGS in path.parents))
    assert [line.partition(":")[0] for line in found] == ["infra/settings/load.py"] * 2


def test_no_output_is_put_into_text() -> None:
    assert breaches(rules.formatted_outputs, PROGRAM) == []


def test_nothing_in_infra_asks_which_run_it_is() -> None:
    assert breaches(rules.asks_the_run, (path for path in PROGRAM if path.name != "__main__.py")) == []


def test_the_program_itself_asks_once_to_refuse_the_example_project() -> None:
    assert len(breaches(rules.asks_the_run, [ROOT / "__main__.py"])) == 1


def test_no_test_makes_resources_undecorated() -> None:
    assert breaches(rules.undecorated_tests, TESTS) == []


HEAD = "import pulumi\nfrom pulumi_gcp import compute, projects, serviceaccount, storage\n"
OFFENDERS: list[tuple[Callable[[str], list[str]], str]] = [
    (rules.authoritative_iam, "projects.IAMBinding('b')"),
    (rules.authoritative_iam, "storage.BucketIAMPolicy('b')"),
    (rules.authoritative_iam, "from pulumi_gcp.secretmanager import SecretIamBinding"),
    (rules.authoritative_iam, "from pulumi_gcp.projects import IAMPolicy as Member"),
    (rules.authoritative_iam, "getattr(x, 'y').RepositoryIamPolicy()"),
    (rules.authoritative_iam, "projects.IAMAuditConfig('a')"),
    (rules.account_keys, "serviceaccount.Key('k')"),
    (rules.account_keys, "gcp.serviceaccount.Key('k')"),
    (rules.account_keys, "from pulumi_gcp.serviceaccount import Key"),
    (rules.account_keys, "storage.HmacKey('k')"),
    (rules.configuration, "pulumi.Config()"),
    (rules.configuration, "from pulumi import Config"),
    (rules.configuration, "pulumi.runtime.get_config_env()"),
    (rules.configuration, "import os\nos.environ['GCP_PROJECT']"),
    (rules.configuration, "from os import getenv"),
    (rules.asks_the_run, "if pulumi.runtime.is_dry_run(): pass"),
    (rules.asks_the_run, "from pulumi.runtime import is_dry_run"),
    (rules.asks_the_run, "from pulumi.runtime import mocks"),
    (rules.asks_the_run, "under_mock = True"),
    (rules.formatted_outputs, "bucket = storage.Bucket('b')\nurl = f'gs://{bucket.name}'"),
    (rules.formatted_outputs, "bucket = storage.Bucket('b')\nprint('it is %s' % bucket.id)"),
    (rules.formatted_outputs, "bucket = storage.Bucket('b')\nprint('it is ' + bucket.url)"),
    (rules.formatted_outputs, "bucket = storage.Bucket('b')\nprint('it is {}'.format(bucket.name))"),
    (rules.formatted_outputs, "bucket = storage.Bucket('b')\nprint(str(bucket.name))"),
    (rules.formatted_outputs, "bucket = storage.Bucket('b')\nprint('-'.join(['a', bucket.name]))"),
    (rules.formatted_outputs, "bucket = storage.Bucket('b')\nprint(f'{bucket}')"),
    (rules.formatted_outputs, "text = f'serviceAccount:{account.email}'"),
    (rules.formatted_outputs, "text = f'{self.network.self_link}/x'"),
    (rules.formatted_outputs, "boxes = {n: compute.Instance(n) for n in 'ab'}\ntext = f'{boxes[1].name}'"),
    (rules.formatted_outputs, "def f(account: serviceaccount.Account) -> str:\n    return f'{account.name}'"),
    (rules.formatted_outputs, "def f(member: pulumi.Input[str]) -> str:\n    return f'{member}'"),
    (rules.formatted_outputs, "def f(*, disk: compute.Disk | None) -> str:\n    return f'{disk.id}'"),
    (
        rules.formatted_outputs,
        "class A:\n    def __init__(self):\n        self.b = storage.Bucket('b')\n"
        "    def f(self):\n        return f'{self.b.name}'",
    ),
    (
        rules.formatted_outputs,
        "class A:\n    def __init__(self, n: compute.Network):\n        self.n = n\n"
        "    def f(self):\n        return f'{self.n.id}'",
    ),
    (rules.undecorated_tests, "def test_it():\n    storage.Bucket('b')"),
    (rules.undecorated_tests, "import pulumi_gcp as gcp\ndef test_it():\n    gcp.storage.Bucket('b')"),
    (rules.undecorated_tests, "from pulumi_gcp.storage import Bucket\ndef test_it():\n    Bucket('b')"),
    (rules.undecorated_tests, "from infra.network import Network\ndef test_it():\n    Network('n', subnets={})"),
    (rules.undecorated_tests, "from infra import stack\nasync def test_it():\n    stack.declare(None)"),
    (rules.undecorated_tests, "class TestIt:\n    def test_it(self):\n        pulumi.ComponentResource('t', 'n')"),
]
INNOCENTS: list[tuple[Callable[[str], list[str]], str]] = [
    (rules.authoritative_iam, "projects.IAMMember('m')\nstorage.BucketIAMMember('m')"),
    (rules.authoritative_iam, "permissions = ['storage.buckets.getIamPolicy']  # IAMBinding"),
    (rules.authoritative_iam, "projects.IAMMemberConditionArgs(title='t')"),
    (rules.account_keys, "key = 1\nserviceaccount.Account('a')\nfrom infra.settings.types import Key"),
    (rules.configuration, "# pulumi.Config() is read elsewhere\nfrom infra.settings import read\npulumi.get_stack()"),
    (rules.configuration, "model_config = ConfigDict()"),
    (rules.asks_the_run, "# is_dry_run and mocks are spoken of only\nsettings.dry = True"),
    (rules.formatted_outputs, "bucket = storage.Bucket('b')\nurl = bucket.name.apply(lambda name: f'gs://{name}')"),
    (rules.formatted_outputs, "bucket = storage.Bucket('b')\nurl = pulumi.Output.concat('gs://', bucket.name)"),
    (
        rules.formatted_outputs,
        "def f(repository: GitRepository) -> str:\n    return f'{repository.owner}/{repository.name}'",
    ),
    (rules.formatted_outputs, "text = f'{settings.project}-{place.names.stack}-{number + 1}'"),
    (
        rules.formatted_outputs,
        "def f():\n    role = projects.IAMCustomRole('r')\n"
        "def g(roles: list[str]):\n    return [f'{role}' for role in roles]",
    ),
    (rules.formatted_outputs, "rule = compute.FirewallAllowArgs(protocol='tcp')\ntext = f'{rule.name}'"),
    (rules.formatted_outputs, "def f(name: str) -> str:\n    return f'{name}-account'"),
    (rules.undecorated_tests, "@pulumi.runtime.test\ndef test_it():\n    storage.Bucket('b')"),
    (rules.undecorated_tests, "def test_it(plan):\n    assert plan.custom"),
    (rules.undecorated_tests, "def helper():\n    storage.Bucket('b')"),
    (rules.undecorated_tests, "from infra.settings.stores import Storage\ndef test_it():\n    Storage(keep=True)"),
]


@pytest.mark.parametrize(("rule", "source"), OFFENDERS)
def test_an_offender_is_seen(rule: Callable[[str], list[str]], source: str) -> None:
    assert rule(HEAD + source) != []


@pytest.mark.parametrize(("rule", "source"), INNOCENTS)
def test_an_innocent_is_left_alone(rule: Callable[[str], list[str]], source: str) -> None:
    assert rule(HEAD + source) == []


def test_every_guard_has_both() -> None:
    assert {rule for rule, _ in OFFENDERS} == {rule for rule, _ in INNOCENTS}
