"""What a group's grants come to on a project that enforces IAM: the course does what it was let, and nothing else."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalog.types import short_type
from coursecloud.cli.application import app
from coursecloud.cli.commands import status
from coursecloud.course import authority, joining, permissions
from coursecloud.course.authority import Purpose
from coursecloud.deploy.cloud import Cloud
from coursecloud.look.kinds import kinds
from coursecloud.operate import session
from coursecloud.operate.stop import stop
from coursecloud.plan import planning
from emulator import Emulator, needs
from infra.settings import Settings
from tests.exercises import filled, provider
from tests.exercises.filled import PROJECT, RefusedError, asking
from tests.exercises.identities import NAMES, OWNER
from tests.exercises.provider import Made
from tests.project import ROOT, make_channel

PAGE, RUNNER, DEPLOYER = (f"{name}@mlops-course.iam.gserviceaccount.com" for name in ("page", "runner", "deployer"))
ACCOUNTS: dict[Purpose, str] = {"look": PAGE, "stop": RUNNER, "deploy": DEPLOYER}
POLICY = f"cloudresourcemanager/v1/projects/{PROJECT}"
OTHER = "of-somebody-else"


def configuration(**more: Any) -> dict[str, Any]:
    """Everything but a federation, of which people alone change anything."""
    config = filled.configuration(datetime.datetime.now(datetime.UTC).date())
    del config["coursecloud:github"]
    config["coursecloud:course"] = {"accounts": dict(ACCOUNTS)}
    return config | more


def grant(emulator: Emulator, wanted: authority.Wanted) -> None:
    """Make roles and bindings as the lines of gcloud would; a test below has gcloud itself do so."""
    ask = asking(emulator, OWNER)
    for role in wanted.roles:
        body = {"roleId": role.id, "role": {"title": role.title, "includedPermissions": list(role.permissions)}}
        ask("POST", f"iam/v1/projects/{PROJECT}/roles", body)
    policy = ask("POST", f"{POLICY}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
    for each in wanted.grants:
        condition = {"title": authority.title(filled.STACK, each.purpose), "expression": each.expression}
        policy.setdefault("bindings", []).append(
            {"role": joining.full(each.role, PROJECT), "members": [each.member], "condition": condition}
        )
    ask("POST", f"{POLICY}:setIamPolicy", {"policy": policy | {"version": 3}})


class Joined:
    """A project with everything up, and the course let in."""

    def __init__(self, emulator: Emulator, folder: Path):
        self.emulator, self.folder = emulator, folder
        self.owner = asking(emulator, OWNER)
        make_channel(emulator, PROJECT)
        self.made = filled.fill(self.owner, datetime.date.min, config=configuration())
        others = ("logging", "monitoring", "billingbudgets", "cloudbilling")
        emulator.world.projects[PROJECT].services.update(f"{name}.googleapis.com" for name in others)
        self.owner("POST", f"storage/v1/b?project={PROJECT}", {"name": OTHER})
        for bucket in (OTHER, NAMES.bucket("data")):
            self.owner("POST", f"upload/storage/v1/b/{bucket}/o?uploadType=media&name=a.csv", {"text": bucket})
        secret: dict[str, Any] = {"replication": {"automatic": {}}}
        self.owner("POST", f"secretmanager/v1/projects/{PROJECT}/secrets?secretId=full-or-not", secret)
        file = folder / f"Pulumi.{filled.STACK}.yaml"
        file.write_text(json.dumps({"config": configuration()}, default=str), encoding="utf-8")
        self.plan = planning.make(filled.STACK, file, ROOT)
        self.number = emulator.world.projects[PROJECT].number
        roles = self.owner("GET", f"iam/v1/projects/{PROJECT}/roles?view=FULL", None)["roles"]
        self.operators = authority.operators(roles, self.settings)
        self.wanted = self.works_out(ACCOUNTS)
        grant(emulator, self.wanted)
        self.before = emulator.copy()

    @property
    def settings(self) -> Settings:
        return self.plan.settings

    def works_out(self, accounts: dict[Purpose, str]) -> authority.Wanted:
        end = authority.end_of(self.settings)
        assert end
        return authority.wanted(self.plan, accounts, number=self.number, operators=self.operators, end=end)

    def asks(self, account: str) -> provider.Asked:
        return asking(self.emulator, self.emulator.token(f"serviceAccount:{account}"))

    def cloud(self, account: str) -> Cloud:
        token = self.emulator.token(f"serviceAccount:{account}")
        return Cloud({**os.environ, **self.emulator.env(PROJECT), "GOOGLE_OAUTH_ACCESS_TOKEN": token}, {})


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Joined]:
    with Emulator([PROJECT], enforce_iam=True) as emulator:
        yield Joined(emulator, tmp_path_factory.mktemp("joined"))
        assert not emulator.left_the_machine()


@pytest.fixture
def joined(_made: Joined) -> Joined:
    _made.emulator.restore(_made.before)
    return _made


def test_who_looks_sees_all_that_status_asks_for_and_no_object(joined: Joined) -> None:
    seen = status.look(joined.cloud(PAGE), joined.settings)
    about_google = ("budgets", "billing", "other regions", "what of it bills by the hour is not known")
    unread = [each for each in seen.unread if not any(word in str(each) for word in about_google)]
    assert unread == []
    assert [each for each in seen.running if each.entry.name == "full-workbench"]
    ledger = f"coursecloud/ledger-{joined.number}.json"
    listed = joined.owner("GET", f"storage/v1/b/{NAMES.bucket('data')}/o", None)["items"]
    assert ledger in {each["name"] for each in listed}, "its own object it may write"
    with pytest.raises(RefusedError, match="403"):
        joined.asks(PAGE)("GET", f"storage/v1/b/{NAMES.bucket('data')}/o/a.csv?alt=media", None)
    with pytest.raises(RefusedError, match="403"):
        joined.asks(PAGE)("GET", f"secretmanager/v1/projects/{PROJECT}/secrets", None)


def test_status_says_to_what_whoever_looks_is_let_in(joined: Joined, monkeypatch: pytest.MonkeyPatch) -> None:
    assert permissions.joined(joined.cloud(PAGE), PROJECT) == ["look"]
    assert permissions.joined(joined.cloud(RUNNER), PROJECT) == ["look", "stop"]
    assert permissions.joined(joined.cloud(DEPLOYER), PROJECT) == ["stop", "deploy"]
    assert permissions.joined(joined.cloud("nobody@mlops-course.iam.gserviceaccount.com"), PROJECT) == []
    monkeypatch.chdir(ROOT)
    for account, column in ((PAGE, "look"), (RUNNER, "look, stop")):
        token = joined.emulator.token(f"serviceAccount:{account}")
        environment = {**joined.emulator.env(PROJECT), "GOOGLE_OAUTH_ACCESS_TOKEN": token, "COLUMNS": "400"}
        line = ["course", "status", "--folder", str(joined.folder)]
        told = CliRunner().invoke(app, [*line, "--json"], env=environment)
        (row,) = json.loads(told.stdout)["groups"]
        assert row["joined"] == column.split(", ")
        said = CliRunner().invoke(app, [*line, "--known"], env=environment).output
        assert column in said.splitlines()[-1], said
    # Whoever is not let in to look is told so, and of a project that does not answer nobody says anything.
    token = joined.emulator.token("serviceAccount:nobody@mlops-course.iam.gserviceaccount.com")
    environment = {**joined.emulator.env(PROJECT), "GOOGLE_OAUTH_ACCESS_TOKEN": token}
    told = CliRunner().invoke(app, ["course", "status", "--folder", str(joined.folder), "--json"], env=environment)
    assert json.loads(told.stdout)["groups"][0]["joined"] == []


def test_who_looks_stops_nothing_and_who_stops_deletes_nothing(joined: Joined) -> None:
    vm = next(made for made in joined.made if short_type(made.type) == "compute.Instance")
    with pytest.raises(RefusedError, match=r"compute\.instances\.stop"):
        joined.asks(PAGE)("POST", f"{vm.path}/stop", None)
    with pytest.raises(RefusedError, match=r"compute\.instances\.delete"):
        joined.asks(RUNNER)("DELETE", vm.path, None)


def test_who_stops_stops_machines_and_services(joined: Joined) -> None:
    told: dict[str, Any] = {}
    said: list[str] = []
    operation = session.Operation(
        "stop", ROOT, filled.STACK, joined.settings, {}, joined.cloud(RUNNER), yes=True, ask=lambda _: False,
        say=said.append, told=told,
    )  # fmt: skip
    code = stop(operation, ())
    assert told["notStopped"] == []
    assert {each["name"] for each in told["stopped"]} >= {"full-workbench"}
    assert code == 0, said


def people_only(made: Made) -> bool:
    """Roles only a member makes; and the account that one is named after stays beside it."""
    return short_type(made.type) == "projects.IAMCustomRole" or made.name == "machines-account"


def test_who_deploys_takes_everything_down_and_up_again(joined: Joined) -> None:
    ask = joined.asks(DEPLOYER)
    for made in joined.made:
        provider.read(ask, made)
    mine = [made for made in joined.made if not people_only(made)]
    assert len(mine) > 60
    for made in reversed(mine):
        provider.delete(ask, made)
    for made in mine:
        provider.create(ask, made.type, made.name, made.inputs)


def test_the_role_and_its_account_are_what_a_down_keeps(joined: Joined) -> None:
    kept = {each.name for each in joined.plan.custom if each.protect}
    assert {"operator", "machines-account"} <= kept
    role = next(made for made in joined.made if short_type(made.type) == "projects.IAMCustomRole")
    with pytest.raises(RefusedError, match=r"iam\.roles\.delete"):
        provider.delete(joined.asks(DEPLOYER), role)


@pytest.mark.parametrize("role", ["roles/owner", "roles/storage.admin", "roles/resourcemanager.projectIamAdmin"])
@pytest.mark.parametrize("account", [PAGE, RUNNER, DEPLOYER])
def test_nobody_grants_what_the_stack_does_not(joined: Joined, role: str, account: str) -> None:
    policy = joined.owner("POST", f"{POLICY}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
    policy["bindings"].append({"role": role, "members": [f"serviceAccount:{account}"]})
    with pytest.raises(RefusedError, match="403"):
        joined.asks(account)("POST", f"{POLICY}:setIamPolicy", {"policy": policy | {"version": 3}})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"storage/v1/b/{OTHER}/o/a.csv?alt=media"),
        ("DELETE", f"storage/v1/b/{OTHER}/o/a.csv"),
        ("DELETE", f"storage/v1/b/{OTHER}"),
        ("DELETE", f"secretmanager/v1/projects/{PROJECT}/secrets/full-or-not"),
    ],
)
def test_buckets_and_secrets_that_are_not_the_stacks_are_out_of_reach(joined: Joined, method: str, path: str) -> None:
    with pytest.raises(RefusedError, match="403"):
        joined.asks(DEPLOYER)(method, path, None)
    joined.owner("GET", path.partition("?")[0], None)


def test_all_of_it_ends_with_the_grace_day(joined: Joined) -> None:
    path = f"compute/v1/projects/{PROJECT}/aggregated/instances"
    bucket = f"storage/v1/b/{NAMES.bucket('data')}"
    days = 21 + joined.settings.lease.grace_days
    joined.emulator.pass_time(days=days - 1)
    joined.asks(PAGE)("GET", path, None)
    joined.asks(DEPLOYER)("GET", bucket, None)
    joined.emulator.pass_time(days=2)
    for account, where in ((PAGE, path), (RUNNER, path), (DEPLOYER, path), (DEPLOYER, bucket)):
        with pytest.raises(RefusedError, match="403"):
            joined.asks(account)("GET", where, None)


def test_each_kind_that_a_look_lists_is_in_the_role() -> None:
    """By the emulator's own table of methods, which shares no code with what names the permissions here."""
    held, checked = set(permissions.looking()), 0
    for kind in kinds():
        last = kind.path.rpartition("/")[2].partition(":")[0]
        known = needs.of_method(f"{kind.api}.{last}.{'aggregatedList' if kind.aggregated else 'list'}")
        if kind.api in ("compute", "aiplatform"):  # elsewhere names differ, and the look itself is tried above
            assert known is not None
            assert set(known) <= held
            checked += 1
    assert checked > 25
    assert not [each for each in held if not each.endswith((".list", ".get"))]


def test_conditions_keep_within_googles_limit(joined: Joined) -> None:
    for each in joined.wanted.grants:
        operators = sum(each.expression.count(sign) for sign in ("&&", "||"))
        assert operators <= authority.MOST, each.expression


def test_many_secrets_are_held_to_their_names_by_several_bindings(tmp_path: Path) -> None:
    names = {f"KEY_{number}": ["machines"] for number in range(9)} | {"WANDB_API_KEY": ["services"]}
    file = tmp_path / "Pulumi.full.yaml"
    config = configuration(**{"coursecloud:secrets": {"names": names}})
    file.write_text(json.dumps({"config": config}, default=str), encoding="utf-8")
    plan = planning.make("full", file, ROOT)
    made = authority.wanted(plan, {"deploy": DEPLOYER}, number="7", operators=(), end="request.time < timestamp('x')")
    held = [each.expression for each in made.grants if each.role == "roles/secretmanager.admin"]
    assert len(held) > 1
    for name in names:
        assert sum(f"/secrets/full-{name}'" in each for each in held) == 1
    assert any("NOT YET whole" in note for note in made.notes), "the stack's own role is not there"


def test_an_owner_among_the_accounts_is_named() -> None:
    robot = "serviceAccount:123-compute@developer.gserviceaccount.com"
    policy = {"bindings": [{"role": "roles/editor", "members": [robot, "user:ada@example.com"]}, {"role": "roles/viewer", "members": [robot]}]}  # noqa: E501  # fmt: skip
    assert authority.powerful(policy) == [("123-compute@developer.gserviceaccount.com", "editor")]
