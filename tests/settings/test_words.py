"""The table of other tools' words leads to what there is, and takes no word that is right already."""

from typing import cast

import pytest
from pydantic import BaseModel

from catalog import tables
from infra.names import WORKLOADS
from infra.settings import keys, levels, not_offered, regions
from infra.settings.model import SECTIONS, Settings
from infra.settings.problem import Findings, look_alikes
from infra.settings.types import Section

TABLE = tables.table("other-words")


def _models() -> dict[str, type[BaseModel]]:
    found: dict[str, type[BaseModel]] = {"Settings": Settings}
    waiting: list[type[BaseModel]] = list(Section.__subclasses__())
    while waiting:
        model = waiting.pop()
        found[model.__name__] = model
        waiting += model.__subclasses__()
    return found


def _folded(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")


@pytest.mark.parametrize("section", TABLE["keys"])
def test_other_words_lead_to_keys_of_their_section_and_are_none(section: str) -> None:
    known = {field.alias or name for name, field in _models()[section].model_fields.items()}
    known = set(SECTIONS) if section == "Settings" else known
    words: dict[str, list[str]] = TABLE["keys"][section]
    assert {right for right in words if " " not in right} <= known
    folded = [_folded(word) for others in words.values() for word in others]
    assert len(folded) == len(set(folded))
    assert not {_folded(key) for key in known} & set(folded)
    assert [word for word in folded if section != "Settings" and not_offered.why(section, word)] == []


def test_readers_and_regions_of_the_table_are_there() -> None:
    assert {right for right in TABLE["readers"] if " " not in right} <= set(WORKLOADS)
    assert TABLE["regions"].keys() <= tables.regions().keys()
    others = [name for names in TABLE["regions"].values() for name in names]
    assert len(others) == len(set(others))
    assert not set(others) & tables.regions().keys()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("EUROPE-WEST1", "europe-west1'"),
        ("eu-central-1", "europe-west3'"),
        ("Tel Aviv", "me-west1'"),
        ("europe-wset4", "europe-west4'"),
        ("eu-nowhere-1", "europe-"),
        ("mars", "for example europe-west1"),
    ],
)
def test_a_region_is_proposed_on_the_same_continent(written: str, meant: str) -> None:
    assert meant in regions.meant(written)
    assert "'us-" not in regions.meant(written)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("europ\u0435", "U+0435, CYRILLIC SMALL LETTER IE, in place of 'e'"),
        ("a\uff1a b", "U+FF1A, FULLWIDTH COLON, in place of ':'"),
        ("a\u200b", "U+200B, ZERO WIDTH SPACE"),
        ("gr\u00fcn, \u00e9, \u4e2d", ""),
    ],
)
def test_letters_that_look_like_others_are_named_and_those_of_a_language_are_not(text: str, said: str) -> None:
    assert said in look_alikes(text)
    assert bool(look_alikes(text)) == bool(said)


def test_a_map_of_names_is_known_by_its_entries_and_no_other_is() -> None:
    assert levels.entry(SECTIONS["machines"]) is _models()["Machine"]
    assert levels.entry(cast("type[Section]", SECTIONS["builds"]).model_fields["triggers"].annotation)
    assert levels.entry(dict[str, str]) is None
    assert levels.entry(Settings) is None


def test_a_providers_setting_in_either_spelling_is_right() -> None:
    found = Findings()
    keys.check(
        {"gcp:project": "a", "gcp:billing_project": "b", "gcp:iam3_custom_endpoint": "c", "aws:team": "d"}, found
    )
    assert found.problems == []


@pytest.mark.parametrize("name", ["", ".", "[0]", "gcp", "gcp.", "config", "machines.", "a.b"])
def test_a_key_of_any_form_is_one_mistake(name: str) -> None:
    values: tuple[object, ...] = ("x", None, {}, [], {"": {}})
    for value in values:
        found = Findings()
        keys.check({f"coursecloud:{name}": value}, found)
        assert len(found.problems) == 1
