"""A secret is planted in every place of a stack file, in every form: no output of any command has it."""

from pathlib import Path

import pytest
import yaml

from coursecloud.common import stack_file
from infra.settings import SettingsError, credentials, load
from tests.project import ROOT
from tests.secrecy.forms import FORMS, WANDB
from tests.secrecy.places import SMALL, put, ways, writings

WAYS = list(dict.fromkeys(ways()))


def said(content: object, folder: Path) -> str | None:
    """Load a stack file: what is said against it, or None."""
    file = folder / "Pulumi.x.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    try:
        load(stack_file.read("x", file), "x", ROOT)
    except SettingsError as error:
        return str(error) + repr(error.problems) + repr(error)
    return None


@pytest.mark.parametrize("way", WAYS, ids=lambda way: ".".join(map(str, way)))
def test_no_mistake_tells_a_secret(way: tuple[str | int, ...], tmp_path: Path) -> None:
    # Every writing at every place, and every form somewhere at each kind of place.
    for number, how in enumerate(writings("")):
        secret, telling = list(FORMS.values())[(WAYS.index(way) + number) % len(FORMS)]
        for one, part in ((secret, telling), (WANDB, WANDB)):
            text = said(put(SMALL, way, writings(one)[how]), tmp_path)
            assert part not in (text or ""), (how, text)


OWN_WORDS = ["swordfish", "correct horse battery", "12345678", "Pa$$w0rd!", "a'b\"c\\d"]
"""Secrets of no form at all: only the place tells that they are some."""


@pytest.mark.parametrize("secret", OWN_WORDS)
@pytest.mark.parametrize(
    "way",
    [way for way in WAYS if way[1:2] == ("coursecloud:secrets",)]
    + [("config", "coursecloud:secrets", "names", "WANDB_API_KEY")]
    + [("config", "coursecloud:secrets", "WANDB_API_KEY"), ("config", "coursecloud:secrets", "value")]
    + [("config", "coursecloud:services", "demo", "secrets"), ("config", "coursecloud:services", "demo", "secrets", 0)]
    + [("config", "coursecloud:services", "demo", "mountedSecrets"), ("config", "gcp:credentials")]
    + [("config", "gcp:accessToken"), ("config", "github:token"), ("config", "aws:secretKey"), ("config",)],
    ids=lambda way: ".".join(map(str, way)),
)
def test_where_values_of_secrets_are_written_nothing_is_repeated(
    way: tuple[str | int, ...], secret: str, tmp_path: Path
) -> None:
    for name, writing in writings(secret).items():
        if "key" in name.split() and (secret == "swordfish" or way == ("config",)):
            continue  # a name like any other, and no value
        text = said(put(SMALL, way, writing), tmp_path)
        assert secret not in (text or ""), (name, text)


D1 = [
    {"names": {"WANDB_API_KEY": "9f8e7d6c"}},
    {"names": [{"WANDB_API_KEY": "9f8e7d6c"}]},
    {"names": ["WANDB_API_KEY=9f8e7d6c"]},
    {"names": {"WANDB_API_KEY": {"value": "9f8e7d6c"}}},
    {"names": {"WANDB_API_KEY": ["9f8e7d6c"]}},
    {"WANDB_API_KEY": "9f8e7d6c"},
    "9f8e7d6c",
]


@pytest.mark.parametrize("section", D1)
def test_a_value_among_the_secrets_is_refused_with_the_command_and_told_to_be_revoked(
    section: object, tmp_path: Path
) -> None:
    text = said({"config": {"gcp:project": "my-project-1", "coursecloud:secrets": section}}, tmp_path)
    assert text
    assert "9f8e7d6c" not in text
    for words in ("never stands in a stack file", "gcloud secrets versions add", "revoke this one", "git's history"):
        assert words in text
    assert text.count("never stands in a stack file; ") <= 1


@pytest.mark.parametrize(
    ("readers", "rule"),
    [("[machine]", "machines"), ("machines", "a list belongs here"), ("[vm]", "machines"), ("", "a list belongs here")],
)
def test_a_slip_among_the_readers_stays_a_slip(readers: str, rule: str, tmp_path: Path) -> None:
    names = yaml.safe_load(f"{{A: {readers}}}")
    text = said({"config": {"gcp:project": "my-project-1", "coursecloud:secrets": {"names": names}}}, tmp_path)
    assert text
    assert rule in text
    assert "revoke" not in text


@pytest.mark.parametrize("key", ["gcp:credentials", "gcp:accessToken", "github:token", "aws:secretKey"])
def test_a_credential_of_a_provider_is_refused_where_it_is_plain(key: str, tmp_path: Path) -> None:
    text = said({"config": {"gcp:project": "my-project-1", key: "swordfish"}}, tmp_path)
    assert text
    assert "swordfish" not in text
    assert "a credential never stands plainly in a stack file" in text
    assert "revoke this one" in text
    assert said({"config": {"gcp:project": "my-project-1", key: {"secure": "AAABAG=="}}}, tmp_path) is None


def test_what_pulumi_has_decrypted_is_no_plain_credential(tmp_path: Path) -> None:
    config = {"gcp:project": "my-project-1", "github:token": "swordfish"}
    with pytest.raises(SettingsError):
        load(config, "x", tmp_path)
    assert load(config, "x", tmp_path, encrypted=["github:token"]).project == "my-project-1"


@pytest.mark.parametrize("lists", [False, True])
def test_a_credential_of_several_parts_is_encrypted_where_each_part_is(lists: bool) -> None:
    def refused(value: object) -> bool:
        return bool([*credentials.plain({"gcp:credentials": value}, ())])

    encrypted = {"secure": "AAABAG=="}
    assert not refused([encrypted, {"a": encrypted, "b": encrypted}])
    assert refused([encrypted, "swordfish"])
    assert refused({"a": encrypted, "b": "swordfish"})
    assert refused({"a": encrypted, "b": 123456})
    assert refused({"secure": "AAABAG==", "b": "swordfish"})
    assert refused([])
    assert refused({})
    deep: object = encrypted
    for _ in range(20):
        deep = [deep] if lists else {"a": deep}
    assert not refused(deep)
    assert refused([deep] if lists else {"a": deep})


def test_impersonation_and_the_other_settings_of_a_provider_stay_allowed(tmp_path: Path) -> None:
    allowed = {"gcp:impersonateServiceAccount": "a@b.iam.gserviceaccount.com", "gcp:userProjectOverride": True}
    assert said({"config": {"gcp:project": "my-project-1", **allowed}}, tmp_path) is None


BROKEN = [
    "config: {x: *swordfish}\n",
    "config: {x: !swordfish1 a}\n",
    "config: {x: 'swordfish\n",
    "config:\n  password: swordfish: x\n",
    "config:\n\tpassword: swordfish\n",
    "config: {x: !!int swordfish}\n",
    "config: {pin: 0123456}\n",
    "config: {x: @swordfish}\n",
    "config: {x: `swordfish`}\n",
    "config: {x: %swordfish}\n",
    "config: [swordfish\n",
    "swordfish\n",
    "config: swordfish\n",
    "- swordfish\n",
    "config: {? [swordfish] : x}\n",
    "config: &swordfish {x: *swordfish}\n",
]


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("name", ["Pulumi.x.yaml", "members.x.yaml"])
def test_a_file_that_is_no_yaml_is_not_quoted(text: str, name: str, tmp_path: Path) -> None:
    if name.startswith("members") and text.startswith("- "):
        return  # a list, as it should be: whom it names by mistake is said
    (tmp_path / "Pulumi.x.yaml").write_text("config: {gcp:project: my-project-1}\n", encoding="utf-8")
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        load(stack_file.read("x", tmp_path / "Pulumi.x.yaml"), "x", tmp_path)
    assert "swordfish" not in str(raised.value)
    assert "0123456" not in str(raised.value)
