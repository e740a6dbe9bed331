"""What Google keeps after a deletion by hand, its id blocked, is brought back: it can neither be made nor deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from catalog import types
from coursecloud.deploy import lifecycle
from emulator.world import Resource
from tests.coursecloud.faked import DOWN, FINISH, PROJECT, UP, Fake, Said, answer
from tests.coursecloud.told import looked, planned, resource

Json = dict[str, Any]
POOL_ID = f"projects/{PROJECT}/locations/global/workloadIdentityPools/github-1"
ROLE_ID = f"projects/{PROJECT}/roles/operator"
POOL = {**resource("gcp:iam/workloadIdentityPool:WorkloadIdentityPool", "pool", under="GitHub"), "id": POOL_ID}
PROVIDER = {
    **resource("gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider", "provider", under="GitHub"),
    "id": f"{POOL_ID}/providers/github",
}
ROLE = {**resource("gcp:projects/iAMCustomRole:IAMCustomRole", "operator", under="Operator"), "id": ROLE_ID}
MARKED = {**ROLE, "outputs": {"deleted": True}}
SEEN = {"role": looked(ROLE, MARKED), "pool": looked(POOL, None), "provider": looked(PROVIDER, None)}


@pytest.fixture
def cloud(fake: Fake) -> Iterator[Fake]:
    """Have a pool, its provider and a role in the cloud, all deleted."""
    world = fake.emulator.copy()
    entries = (
        (ROLE_ID, "projects/roles", {"deleted": True}),
        (POOL_ID, "projects/locations/workloadIdentityPools", {"state": "DELETED"}),
        (PROVIDER["id"], "projects/locations/workloadIdentityPools/providers", {"state": "DELETED"}),
    )
    for path, collection, state in entries:
        body = {"name": path, "etag": "a", **state}
        fake.emulator.world.put(Resource("iam", path, collection, body, deleted=fake.emulator.world.now()))
    yield fake
    fake.emulator.restore(world)


def look(fake: Fake, *names: str) -> None:
    """Say what the first look finds deleted; the second finds all of it as it was."""
    fake.holds(*(SEEN[name][0]["resourcePreEvent"]["metadata"]["old"] for name in names))
    there = [looked(old, old) for name in names for old in [SEEN[name][0]["resourcePreEvent"]["metadata"]["old"]]]
    for command in ("preview --refresh", "refresh --preview-only"):
        fake.answers(command, answer(*(SEEN[name] for name in names)), answer(*there))


def undeleted(fake: Fake) -> list[str]:
    """Name what was undeleted, in order."""
    return [
        call["path"].rpartition("/")[2] for call in fake.emulator.requests if str(call["path"]).endswith(":undelete")
    ]


@pytest.mark.parametrize(
    ("names", "back"),
    [
        (("role",), ["operator:undelete"]),
        (("provider", "pool"), ["github-1:undelete", "github:undelete"]),
        (("provider",), ["github:undelete"]),
    ],
)
def test_an_up_brings_it_back(cloud: Fake, said: Said, names: tuple[str, ...], back: list[str]) -> None:
    cloud.emulator.requests.clear()
    look(cloud, *names)
    assert cloud.up() == 0
    assert undeleted(cloud) == back
    assert cloud.changes == [UP]
    text = said()
    assert text.startswith("DELETED by hand, and kept by Google")
    assert "GONE" not in text
    assert f"{len(names)} brought back" in text


def test_what_a_cut_off_evening_deleted_in_a_pool_that_is_there_is_brought_back(cloud: Fake, said: Said) -> None:
    cloud.emulator.requests.clear()
    inputs = {"project": PROJECT, "workloadIdentityPoolId": "github-1", "workloadIdentityPoolProviderId": "github"}
    new = {**PROVIDER, "inputs": inputs}
    cloud.holds(POOL)
    cloud.answers("preview --refresh", answer(looked(POOL, POOL), planned("create", None, new)))
    cloud.answers("import", answer(state=[POOL, new]))
    assert cloud.up() == 0
    assert undeleted(cloud) == ["github:undelete"]
    assert said().count("KEPT by Google since an evening that was cut off") == 1
    assert [line.split()[0] for line in cloud.changes] == ["import", UP.split()[0]]


def test_who_says_no_is_told_that_it_cannot_be_made_anew(cloud: Fake) -> None:
    cloud.emulator.requests.clear()
    look(cloud, "pool")
    with pytest.raises(lifecycle.RefusedError, match="cannot be made anew"):
        cloud.up(yes=False, ask=lambda _: False)
    assert undeleted(cloud) == cloud.changes == []


@pytest.mark.parametrize(("command", "last"), [("down", DOWN), ("finish", FINISH)])
def test_an_evening_brings_back_what_the_state_still_has_and_no_more(cloud: Fake, command: str, last: str) -> None:
    cloud.emulator.requests.clear()
    look(cloud, "role", "pool")
    assert cloud.run(command) == 0
    assert undeleted(cloud) == ["operator:undelete"]
    assert cloud.changes == [f"refresh --yes --skip-preview --target {POOL['urn']}", last]


def test_what_is_gone_for_good_is_made_anew(cloud: Fake, said: Said) -> None:
    cloud.emulator.world.drop(cloud.emulator.world.resources[f"iam:{POOL_ID}"])
    look(cloud, "pool")
    assert cloud.up() == 0
    assert said().startswith("GONE, deleted by hand; it is made anew")


def test_where_google_refuses_it_is_said_before_anything_else(cloud: Fake) -> None:
    cloud.emulator.use({"faults": [{"match": "iam.projects.roles.undelete", "status": 403, "message": "not you"}]})
    look(cloud, "role")
    try:
        with pytest.raises(lifecycle.RefusedError, match=r"(?s)IAMCustomRole operator cannot be brought back.*not you"):
            cloud.up()
    finally:
        cloud.emulator.use({})
    assert cloud.changes == []


def test_all_whose_id_google_blocks_are_brought_back() -> None:
    for known in types.every().values():
        assert bool(known.id_blocked) == bool(known.undelete), known.type
        assert known.undelete is None or f"{known.undelete} days" in str(known.id_blocked)
