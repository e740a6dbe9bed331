"""Names and labels: within Google's limits for every stack, and never the same for two things."""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from infra.names import OWN_LABELS, STACK, Names, fit, label_value, labels, member_key, variable
from infra.settings.types import Key, LabelValue, SecretId
from tests.fuzz import examples

PROJECT = "my-project-1"
LONGEST_PROJECT = "p" * 30

RESOURCE = re.compile(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?")
"""RFC 1035 as Compute Engine has it; at most 49 characters, which is Cloud Run's limit."""
ACCOUNT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
SECRET = re.compile(r"[A-Za-z0-9_-]{1,255}")
ROLE = re.compile(r"[A-Za-z0-9_.]{3,64}")
LABEL = re.compile(r"[a-z0-9_-]{0,63}")

stacks = st.from_regex(STACK, fullmatch=True)
keys = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,5}){0,2}", fullmatch=True).filter(lambda key: len(key) <= 20)
secrets = st.from_regex(r"[A-Za-z0-9_]{1,12}(-[A-Za-z0-9_]{1,12}){0,2}", fullmatch=True)
MAKERS: dict[str, tuple[Callable[[Names, str], str], re.Pattern[str]]] = {
    "resource": (lambda names, key: names.resource(key), RESOURCE),
    "disk": (lambda names, key: names.resource(key, "work"), RESOURCE),
    "account": (lambda names, key: names.account(key), ACCOUNT),
    "bucket": (lambda names, key: names.bucket(key), BUCKET),
    "role": (lambda names, key: names.role(key), ROLE),
    "secret": (lambda names, key: names.secret(key), SECRET),
}
makers = pytest.mark.parametrize("maker", sorted(MAKERS))


@makers
@hypothesis_settings(max_examples=examples(50))
@given(stack=stacks, key=keys)
@example(stack="a", key="b")
@example(stack="A" * 40, key="z" * 20)
@example(stack="a.-_", key="b-c")
def test_a_name_is_within_googles_limits_for_every_stack_and_key(maker: str, stack: str, key: str) -> None:
    make, allowed = MAKERS[maker]
    name = make(Names(project=LONGEST_PROJECT, stack=stack), key)
    assert allowed.fullmatch(name), name


@makers
@hypothesis_settings(max_examples=examples(100))
@given(first=st.tuples(stacks, keys), second=st.tuples(stacks, keys))
@example(first=("a", "b-c"), second=("a-b", "c"))
@example(first=("a-b", "c-d"), second=("a", "b-c-d"))
@example(first=("a", "b"), second=("A", "b"))
@example(first=("a.b", "c"), second=("a_b", "c"))
@example(first=("a-b", "c"), second=("a--b", "c"))
@example(first=("a-", "b"), second=("a", "b"))
@example(first=("a" * 40, "b" * 20), second=("a" * 40, "b" * 19 + "c"))
def test_two_stacks_or_two_keys_never_share_a_name(maker: str, first: tuple[str, str], second: tuple[str, str]) -> None:
    assume(first != second)
    make, _ = MAKERS[maker]
    one, other = (make(Names(project=PROJECT, stack=stack), key) for stack, key in (first, second))
    assert one != other


@given(first=st.tuples(stacks, secrets), second=st.tuples(stacks, secrets))
@example(first=("a", "b-C"), second=("a-b", "C"))
@example(first=("a-b", "c-D"), second=("a", "b-c-D"))
@example(first=("Dev", "KEY"), second=("dev", "KEY"))
def test_two_secrets_never_share_a_name_and_keep_their_own_spelling(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    assume(first != second)
    one, other = (Names(project=PROJECT, stack=stack).secret(name) for stack, name in (first, second))
    assert one != other
    assert one.endswith(f"-{first[1]}")


@pytest.mark.parametrize("stack", ["a", "a-b", "A", "x" * 40])
def test_the_longest_secret_has_a_name_that_secret_manager_takes(stack: str) -> None:
    longest = TypeAdapter[str](SecretId).validate_python("S" * 200)
    assert SECRET.fullmatch(Names(project=PROJECT, stack=stack).secret(longest))


@given(first=stacks, second=stacks)
@example(first="Dev", second="dev")
@example(first="a.b", second="a-b")
def test_two_stacks_never_share_an_endpoint_or_a_label(first: str, second: str) -> None:
    assume(first != second)
    one, other = (Names(project=PROJECT, stack=stack) for stack in (first, second))
    assert one.number("endpoint") != other.number("endpoint")
    assert label_value(first) != label_value(second)


@given(stacks)
def test_an_endpoints_number_is_one_that_vertex_ai_takes(stack: str) -> None:
    assert re.fullmatch(r"[1-9][0-9]{8}", Names(project=PROJECT, stack=stack).number("endpoint"))


@given(keys)
def test_a_key_that_these_tests_name_things_with_is_one_that_a_stack_file_takes(key: str) -> None:
    assert TypeAdapter[str](Key).validate_python(key) == key


@given(st.text(max_size=100))
@example("-")
@example("ß" * 70)
def test_a_label_value_made_from_any_text_is_valid(text: str) -> None:
    assert LABEL.fullmatch(label_value(text))


@given(stack=stacks, value=st.from_regex(r"[a-z0-9_-]{0,63}", fullmatch=True))
def test_the_labels_of_a_stack_are_complete_and_valid_and_win_over_the_groups_own(stack: str, value: str) -> None:
    TypeAdapter[str](LabelValue).validate_python(value)
    own = {"cost-center": value, "stack": "mine"}
    made = labels(course=value, group=value, owner=value, stack=stack, lease_end="2026-12-18", own=own)
    assert made.keys() == {"cost-center", *OWN_LABELS - {"component"}}
    assert made["stack"] == label_value(stack)
    assert all(LABEL.fullmatch(entry) for entry in made.values())


@given(text=st.text(alphabet="aB.-_ 1", min_size=1, max_size=80), limit=st.integers(20, 63))
def test_fitting_keeps_what_fits_and_is_never_longer_than_the_limit(text: str, limit: int) -> None:
    made = fit(f"x{text}", limit)
    assert len(made) <= limit
    assert re.fullmatch(r"[a-z0-9-]+", made)
    assert fit(made, limit) == made


def test_names_are_the_same_in_another_process() -> None:
    names = Names(project=PROJECT, stack="Group.7")
    code = (
        "from infra.names import Names; n = Names(project='my-project-1', stack='Group.7');"
        "print(n.resource('a'), n.account('a'), n.bucket('a'), n.secret('a'), n.role('a'), n.number('a'))"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert printed == [
        *(make("a") for make in (names.resource, names.account, names.bucket, names.secret, names.role, names.number))
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("mlops", "mlops"),
        ("group_7-a", "group_7-a"),
        ("a" * 63, "a" * 63),
        ("a" * 64, f"{'a' * 56}-ffe054"),
        ("Ada L.", "ada-l-ddd52c"),
        ("", ""),
    ],
)
def test_a_label_keeps_what_google_takes_and_changes_the_rest(text: str, value: str) -> None:
    assert label_value(text) == value


def test_the_parts_of_a_name_are_set_apart_by_one_hyphen() -> None:
    assert Names(project=PROJECT, stack="dev").resource("trainer", "work") == "dev-trainer-work"
    assert Names(project=PROJECT, stack="dev").bucket("a") == f"{PROJECT}-dev-a"


@pytest.mark.parametrize(
    ("stack", "made"),
    [
        (
            "dev",
            [
                "dev-data",
                "dev-kkkkkkkkkkkkkkkkkkkk",
                "dev-ml",
                "dev-kkkkkkkkkkkkkkkkkkkk",
                "pppppppppppppppppppppppppppppp-dev-data",
                "pppppppppppppppppppppppppppppp-dev-kkkkkkkkkkkkkkkkkkkk",
                "dev-KEY",
                "coursecloud_dev_operator",
                "coursecloud_dev_kkkkkkkkkkkkkkkkkkkk",
                "485407068",
                "dev",
            ],
        ),
        (
            "Group.7",
            [
                "group-7-data-b5eb97",
                "group-7-kkkkkkkkkkkkkkkkkkkk-ee2352",
                "group-7-ml-c18a57",
                "group-7-kkkkkkkkkkkkkkk-ee2352",
                "pppppppppppppppppppppppppppppp-group-7-data-452436",
                "pppppppppppppppppppppppppppppp-group-7-kkkkkkkkkkkkkkkkk-47b762",
                "group-7-27cbc7--KEY",
                "coursecloud_group_7_operator_8eab5d",
                "coursecloud_group_7_kkkkkkkkkkkkkkkkkkkk_ee2352",
                "451164942",
                "group-7-27cbc7",
            ],
        ),
        (
            "a-" + "b" * 38,
            [
                "a-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb--data",
                "a-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-17ccc4",
                "a-bbbbbbbbbbbbbbbbbbbbb-51f323",
                "a-bbbbbbbbbbbbbbbbbbbbb-17ccc4",
                "pppppppppppppppppppppppppppppp-a-bbbbbbbbbbbbbbbbbbbbbbb-f5b37c",
                "pppppppppppppppppppppppppppppp-a-bbbbbbbbbbbbbbbbbbbbbbb-2bc8a0",
                "a-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb--KEY",
                "coursecloud_a_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb__operator",
                "coursecloud_a_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb__k_17ccc4",
                "952556718",
                "a-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
            ],
        ),
    ],
)
def test_a_name_once_given_is_never_another_one(stack: str, made: list[str]) -> None:
    """Whatever has another name is another resource to Google: the next `up` would delete the one with the data."""
    names = Names(project=LONGEST_PROJECT, stack=stack)
    key = "k" * 20
    assert [
        names.resource("data"), names.resource(key), names.account("ml"), names.account(key), names.bucket("data"),
        names.bucket(key), names.secret("KEY"), names.role("operator"), names.role(key), names.number("endpoint"),
        label_value(stack),
    ] == made  # fmt: skip


def test_an_accounts_address_is_its_id_in_its_project() -> None:
    names = Names(project=PROJECT, stack="dev")
    assert names.email("builds") == f"{names.account('builds')}@{PROJECT}.iam.gserviceaccount.com"


def test_a_secret_is_a_variable_without_hyphens_and_a_member_eight_digits() -> None:
    assert variable("WANDB-API-KEY") == "WANDB_API_KEY"
    assert re.fullmatch(r"member-[0-9a-f]{8}", member_key("user:ada@example.com"))
