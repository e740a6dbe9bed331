"""Each change is told with the line that it comes from, and where everybody can read it with a link to it."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from coursecloud.diff.changes import Place
from coursecloud.plan import saved
from coursecloud.plan.json_form import to_json
from coursecloud.plan.planning import Plan
from coursecloud.review import git, json_form, markdown, markdown_details, page, places, revisions, stacks
from coursecloud.review.inputs import Given, read
from coursecloud.review.report import Review
from coursecloud.review.sandbox import Wanted
from tests.project import ROOT
from tests.review import repository
from tests.review.conftest import Planner
from tests.review.made import TODAY, Config, config_of
from tests.review.printed import printed
from tests.review.repository import Repository

FILE = "Pulumi.gpu.yaml"
ADDRESS = "https://github.com/our-group/our.project/blob/0123abc/course/"


def line_of(text: str, file: Path) -> int:
    """Find the only line of a file that holds a text."""
    (found,) = [number for number, line in enumerate(file.read_text().splitlines(), start=1) if text in line]
    return found


def places_of(before: Plan | None, after: Plan | None, **written: Any) -> dict[str, list[str]]:
    made = places.Written(FILE, (ROOT / FILE).read_text(), **written)
    stack = stacks.review("gpu", before, after, today=TODAY, written=made)
    return {change.name: [str(place) for place in change.places] for change in stack.changes}


def larger(config: Config) -> None:
    config["coursecloud:machines"]["trainer"]["dataDisk"]["sizeGb"] += 10


def test_a_plan_knows_the_line_of_the_program_that_asks_for_each_resource(plan_of: Planner) -> None:
    plan = plan_of("gpu")
    declared = {each.name: each.declared for each in plan.custom}
    for name, text in (("data", "return storage.Bucket("), ("trainer", "compute.Instance(")):
        place = declared[name]
        assert place
        assert text in (ROOT / place[0]).read_text().splitlines()[place[1] - 1]
    assert all(each.declared and (ROOT / each.declared[0]).is_file() for each in plan.custom)


def test_it_is_in_the_json_form_beside_the_inputs_and_counts_in_no_comparison(plan_of: Planner) -> None:
    plan = plan_of("gpu")
    form = to_json(plan)
    assert all(set(each["declared"]) == {"file", "line"} for each in form["resources"])
    assert all("declared" not in each["inputs"] for each in form["resources"])
    again = saved.read(json.loads(json.dumps(form)))
    assert [each.declared for each in again.resources] == [each.declared for each in plan.resources]
    moved = tuple(dataclasses.replace(each, declared=("other.py", 1)) for each in plan.resources)
    assert stacks.review("gpu", plan, dataclasses.replace(plan, resources=moved), today=TODAY).changes == ()


@pytest.mark.parametrize("wrong", [None, 5, {}, {"file": 5, "line": 1}, {"file": "a", "line": "b"}, ["a", 1]])
def test_whatever_a_saved_plan_has_there_is_read(plan_of: Planner, wrong: object) -> None:
    form = json.loads(json.dumps(to_json(plan_of("gpu"))))
    for each in form["resources"]:
        each["declared"] = wrong
    assert {each.declared for each in saved.read(form).resources} == {None}


def test_a_setting_that_differs_is_the_cause(plan_of: Planner) -> None:
    assert "sizeGb" in str(config_of("gpu"))
    found = places_of(plan_of("gpu"), plan_of("gpu", larger))
    assert found["trainer-work"] == [f"{FILE}:{line_of('dataDisk', ROOT / FILE)}"]


def test_a_section_that_goes_leaves_the_line_that_it_stood_under(plan_of: Planner) -> None:
    found = places_of(plan_of("gpu", lambda c: c["coursecloud:machines"].update(other={})), plan_of("gpu"))
    assert found["other"] == [f"{FILE}:{line_of('coursecloud:machines:', ROOT / FILE)}"]


def test_where_the_program_differs_its_line_is_the_place_and_no_stack_files(plan_of: Planner) -> None:
    before = plan_of("gpu")
    changed = tuple(
        dataclasses.replace(each, inputs={**each.inputs, "forceDestroy": not each.inputs.get("forceDestroy")})
        if each.name in ("data", "docker")
        else each
        for each in before.resources
    )
    after = dataclasses.replace(before, resources=changed)
    place = next(each.declared for each in before.resources if each.name == "data")
    assert place
    found = places_of(before, after, program=["infra/storage.py"])
    assert found["data"] == [f"{place[0]}:{place[1]}"]
    assert [each.partition(":")[0] for each in found["docker"]] == ["infra/registry.py"]
    # A setting that differs elsewhere makes no stack file the place.
    settings = before.settings.model_copy(update={"lease": before.settings.lease.model_copy(update={"grace_days": 7})})
    beside = places_of(before, dataclasses.replace(after, settings=settings), program=["infra/storage.py"])
    assert beside["data"] == [f"{place[0]}:{place[1]}"]
    # Without a word on what differs, both are named.
    assert [each.partition(":")[0] for each in places_of(before, after)["data"]] == [FILE, "infra/storage.py"]


def reviewed(plan_of: Planner, address: str) -> Review:
    made = places.Written(FILE, (ROOT / FILE).read_text(), address=address)
    stack = stacks.review("gpu", plan_of("gpu"), plan_of("gpu", larger), today=TODAY, written=made)
    return Review("a", "b", (stack,))


def test_every_form_has_it_and_those_with_links_a_link(plan_of: Planner) -> None:
    line = line_of("dataDisk", ROOT / FILE)
    made = reviewed(plan_of, ADDRESS)
    url = f"{ADDRESS}{FILE}#L{line}"
    assert f"  - at [`{FILE}:{line}`]({url})" in markdown.full(made)
    assert f'<a href="{url}">{FILE}:{line}</a>' in page.full(made)
    assert f"at {FILE}:{line}" in printed(made)
    (change,) = [each for each in json_form.to_json(made)["stacks"][0]["changes"] if each["name"] == "trainer-work"]
    assert change["places"] == [{"file": FILE, "line": line, "url": url}]
    plain = reviewed(plan_of, "")
    assert f"  - at `{FILE}:{line}`\n" in markdown.full(plain)
    assert "github.com" not in page.full(plain)


@pytest.mark.parametrize("file", ["../../x.py", "a](http://evil.example)", "a`b", "x" * 300, "a\nb", "/etc/passwd", ""])
def test_no_name_of_a_file_makes_a_link_of_its_own(file: str) -> None:
    place = places._place(file, 1, places.Written(address=ADDRESS))  # pyright: ignore[reportPrivateUsage]
    assert place.url == ""
    shown = markdown_details._place(place)  # pyright: ignore[reportPrivateUsage]
    assert not shown.startswith("[")
    assert Place(file, 1) == place


@pytest.mark.parametrize(
    ("remote", "name"),
    [
        ("https://github.com/our-group/our.project.git", "our-group/our.project"),
        ("https://github.com/our-group/our-project", "our-group/our-project"),
        ("https://x-access-token:s3cret@github.com/our-group/our-project/", "our-group/our-project"),
        ("git@github.com:our-group/our-project.git", "our-group/our-project"),
        ("ssh://git@github.com/our-group/our-project.git", "our-group/our-project"),
        ("https://gitlab.com/our-group/our-project.git", ""),
        ("https://github.com.evil.example/our-group/our-project", ""),
        ("/srv/git/our-project.git", ""),
        ("", ""),
    ],
)
def test_a_commit_on_github_has_an_address(remote: str, name: str, tmp_path: Path) -> None:
    repo = repository.made(tmp_path / "repo")
    if remote:
        repo.git("remote", "add", "origin", remote)
    found = address_of(repo, "HEAD")
    commit = repo.git("rev-parse", "HEAD")
    assert found == (f"https://github.com/{name}/blob/{commit}/" if name else "")


def address_of(repo: Repository, revision: str) -> str:
    there = git.repository(repo.root)
    return there.address(there.resolve(revision))


def test_a_review_of_revisions_links_to_the_heads_commit_and_one_of_the_working_tree_to_nothing(
    tmp_path: Path, plan_of: Planner
) -> None:
    repo = repository.made(tmp_path / "repo")
    repo.git("remote", "add", "origin", "git@github.com:our-group/our-project.git")
    repo.stack("gpu", plan_of("gpu"))
    base = repo.commit()
    repo.stack("gpu", plan_of("gpu", larger))
    head = repo.commit()
    for revision, begins in ((head, f"https://github.com/our-group/our-project/blob/{head}/infra/"), (None, "")):
        asked = Given(repo.root, base, revision, sandbox=Wanted.OFF)
        made = revisions.make(asked, read(asked), today=datetime.date(2026, 11, 23))
        (change,) = [each for each in made.stacks[0].changes if each.name == "trainer-work"]
        assert [place.file for place in change.places][-1].startswith(("infra/", FILE))
        assert all(place.url.startswith(begins) if begins else not place.url for place in change.places)
