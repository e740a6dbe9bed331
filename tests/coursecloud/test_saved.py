"""A plan that was saved reads as the plan it was; one of another version says what it is missing."""

import json
from typing import Any

import pytest

from coursecloud.common import stack_file
from coursecloud.plan import json_form, planning, saved
from tests.project import ROOT


def written(stack: str) -> dict[str, Any]:
    return json.loads(json.dumps(json_form.to_json(planning.make(stack, stack_file.path_of(stack, ROOT), ROOT))))


@pytest.mark.parametrize("stack", ["dev", "gpu", "full"])
def test_a_saved_plan_reads_as_it_was(stack: str) -> None:
    assert json_form.to_json(saved.read(written(stack))) == written(stack)
    assert saved.read(written(stack)).unread == ()


def test_settings_of_another_version_are_left_out_and_named() -> None:
    form = written("gpu")
    form["settings"]["machines"]["trainer"]["maxRun"] = 28800
    form["settings"]["budget"] = {"amount": 40}
    read = saved.read(form)
    assert read.unread == ("budget", "machines.trainer.maxRun")
    assert read.settings.machines["trainer"].spot
    assert len(read.resources) == len(form["resources"])


def test_an_entry_whose_key_is_no_longer_valid_is_left_out_and_named() -> None:
    form = written("gpu")
    form["settings"]["machines"]["Old_Name"] = form["settings"]["machines"]["trainer"]
    read = saved.read(form)
    assert read.unread == ("machines.Old_Name",)
    assert set(read.settings.machines) == set(written("gpu")["settings"]["machines"])


def test_a_plan_without_something_inside_of_a_setting_is_refused() -> None:
    form = written("full")
    del form["settings"]["builds"]["repository"]["owner"]
    with pytest.raises(saved.UnreadableError, match=r"settings without builds\.repository\.owner"):
        saved.read(form)


def test_a_broken_entry_of_a_list_is_left_out_with_its_list() -> None:
    form = written("full")
    form["settings"]["team"]["members"][1] = "user:nobody"
    read = saved.read(form)
    assert read.unread == ("team.members",)
    assert read.settings.team.members == ()


@pytest.mark.parametrize("data", [None, [], "plan", {}, {"version": 1}, {"version": 1, "resources": []}])
def test_what_is_no_plan_is_refused(data: object) -> None:
    with pytest.raises(saved.UnreadableError, match="remedy"):
        saved.read(data)


def test_a_plan_of_another_version_is_refused() -> None:
    with pytest.raises(saved.UnreadableError, match="version 2"):
        saved.read(written("dev") | {"version": 2})


@pytest.mark.parametrize("key", ["settings", "outputs"])
def test_a_plan_without_a_part_is_refused(key: str) -> None:
    form = written("dev")
    del form[key]
    with pytest.raises(saved.UnreadableError, match=key):
        saved.read(form)


def test_a_plan_without_a_project_is_refused() -> None:
    form = written("dev")
    del form["settings"]["project"]
    with pytest.raises(saved.UnreadableError, match="project"):
        saved.read(form)
