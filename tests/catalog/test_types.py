"""The files of resource types: dated, of types that the provider has, and true to its inputs and to Google's roles."""

import datetime
import inspect
import json
import re
from typing import Any

import pytest

from catalog import tables, types
from catalog.types.model import ResourceType
from coursecloud.cli import line_template
from coursecloud.cost.lines import PRICED
from coursecloud.deploy.store_readers import READERS
from coursecloud.diff.copy_commands import COMMANDS
from coursecloud.validation import sdk
from tests.infra.planned import resource_class

EVERY = types.every()
SHORTS = types.shorts()
SOURCES = {each["name"]: each for each in types.sources()}


def of(short: str) -> ResourceType:
    found = types.named(short)
    assert found
    return found


@pytest.mark.parametrize("short", SHORTS)
def test_each_file_says_where_it_is_from_and_of_what_day(short: str) -> None:
    known = of(short)
    reads: list[str] = []
    for source in known.source:
        said = SOURCES[source] if isinstance(source, str) else source
        assert said["title"]
        assert said["url"].startswith(("https://", "infra/"))
        reads.append(said["read"][:10])
    assert known.date == min(reads)
    assert datetime.date.fromisoformat(known.date) >= datetime.date(2026, 1, 1)


@pytest.mark.parametrize("short", SHORTS)
def test_each_is_a_type_of_the_provider_under_its_own_name(short: str) -> None:
    token = of(short).type
    assert types.short_type(token) == short
    assert f"'{token}'" in inspect.getsource(resource_class(token))


def test_no_two_names_are_one_where_letter_case_says_nothing() -> None:
    assert len({short.lower() for short in SHORTS}) == len(SHORTS) == len(EVERY)


def test_no_file_says_a_thing_twice() -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    for short in SHORTS:
        json.loads((types.FOLDER / f"{short}.json").read_text(encoding="utf-8"), object_pairs_hook=unique)


def test_every_source_has_a_file_that_names_it() -> None:
    named = {source for known in EVERY.values() for source in known.source if isinstance(source, str)}
    assert named == SOURCES.keys()


@pytest.mark.parametrize(
    "short",
    ["", "..", "../tables", "storage/Bucket", "storage.bucket.json", "../../etc/passwd", "storage.Buckét", "x.\x00"],
)
def test_a_name_that_no_type_has_finds_no_file(short: str) -> None:
    assert types.named(short) is None
    assert types.of(f"gcp:{short}") is None


@pytest.mark.parametrize(
    "token", ["gcp:storage/other:Bucket", "storage.Bucket", "aws:storage/bucket:Bucket", "gcp:storage.Bucket", ""]
)
def test_another_token_of_the_same_short_name_is_another_type(token: str) -> None:
    assert types.of(token) is None


def test_a_type_is_classed_whole_or_not_at_all() -> None:
    for known in EVERY.values():
        said = json.loads((types.FOLDER / f"{known.short}.json").read_text(encoding="utf-8"))
        assert known.called, known.short
        assert {"bills", "idle", "holds"} <= said.keys(), known.short
        assert known.bills in ("free", "storage", "hourly", "usage"), known.short
        assert known.bills == "free" or "stop" in said, known.short
        assert known.bills != "hourly" or known.idle, known.short


def test_what_the_files_name_in_the_code_is_there_and_all_of_it_is_named() -> None:
    assert {each.price for each in EVERY.values()} - {None} == PRICED.keys()
    assert {each.counted for each in EVERY.values()} - {None} == READERS.keys()
    assert {each.copied for each in EVERY.values()} - {None} == COMMANDS.keys()


@pytest.mark.parametrize("short", [each.short for each in EVERY.values() if each.grants or each.door])
def test_whom_a_type_lets_in_is_said_by_inputs_that_it_has(short: str) -> None:
    known = of(short)
    inputs = {*sdk.names(known.type)}
    if known.door:
        assert set(known.door.inputs) <= inputs
    for path in (*known.classes.words, *known.classes.only) if known.classes else ():
        # Below a map of free names, such as metadata, anything may stand.
        assert sdk.has(known.type, tuple(0 if step == "" else step for step in _steps(path))), path
    if known.grants:
        assert {known.grants.to, known.grants.role or known.grants.to, known.grants.on} <= inputs
        assert types.named(known.grants.of), "it grants on a type that has no file"


def test_every_way_to_grant_is_found_by_its_name_alone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {short: types.grants(short) for short in SHORTS}
    monkeypatch.setattr(types, "named", dict[str, ResourceType]().get)
    # The list of a data set is an input of it, and no type of its own.
    for short, known in said.items():
        if short == "bigquery.Dataset":
            continue
        guessed = types.grants(short)
        assert (guessed is None) == (known is None), short
        if known and guessed:
            assert (guessed.to, guessed.role) == (known.to, known.role), short


def _steps(path: str) -> list[str]:
    """Cut the path of a class: an empty step is each element of a list."""
    return [step for part in path.split(".") for step in ([part[:-2], ""] if part.endswith("[]") else [part])]


@pytest.mark.parametrize("short", [each.short for each in EVERY.values() if each.policy])
def test_what_has_a_policy_is_what_its_grants_are_on(short: str) -> None:
    policy = of(short).policy
    assert policy
    grant = of(policy.grant).grants
    assert grant
    assert (grant.of, grant.to) == (short, "member")
    assert of(short).cloud
    for kind in ("Binding", "Policy"):
        whole = of(re.sub("Member$", kind, policy.grant)).grants
        assert whole
        assert (whole.of, whole.on) == (short, grant.on)


@pytest.mark.parametrize("short", [each.short for each in EVERY.values() if each.line])
def test_the_line_of_a_type_is_about_inputs_that_it_has(short: str) -> None:
    known = of(short)

    def places(template: Any, above: str = "") -> set[str]:
        if isinstance(template, str):
            forms = re.findall(r"\{([^{}|]+)(?:\|(\w+))?\}", template)
            assert {form for _, form in forms} <= line_template.FORMS.keys()
            return {above + path for path, _ in forms}
        if isinstance(template, list):
            return {place for part in template for place in places(part, above)}  # pyright: ignore[reportUnknownVariableType]
        choice: dict[str, Any] = template
        (word,) = {"when", "number", "each", "first"} & choice.keys()
        assert choice.keys() <= {word, "line", "else", "is", "where"}
        inner = f"{above}{choice[word]}." if word in ("each", "first") else above
        wanted = {inner + path for path in choice.get("where", ())}
        other = places(choice["else"], above) if "else" in choice else set[str]()
        return {above + choice[word], *wanted, *places(choice["line"], inner), *other}

    for path in places(known.line):
        steps = tuple(int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path))
        assert sdk.has(known.type, steps), path


ROLES: dict[str, Any] = tables.table("roles")["roles"]
NOT_IN_A_ROLE = {
    # A project's labels and number are read by everybody who may look at it.
    "resourcemanager.projects.get",
    # What the provider asks beside the resource itself.
    "compute.projects.get",
    "compute.zones.get",
    "serviceusage.services.list",
}


@pytest.mark.parametrize("short", [each.short for each in types.declared()])
def test_who_deploys_a_type_may_read_it(short: str) -> None:
    known = of(short)
    held = {permission for role in known.deploy for permission in ROLES.get(role, {}).get("permissions", ())}
    if all(role in ROLES for role in known.deploy):
        plain = {permission.replace("iam.googleapis.com/", "iam.") for permission in held}
        assert set(known.read) - NOT_IN_A_ROLE - plain <= {"cloudbuild.repositories.get"}


def test_what_is_generated_is_of_types_that_say_their_terraform_name() -> None:
    assert {short for short in types.terraform_fields() if not of(short).terraform} == set()
