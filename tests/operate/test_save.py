"""`coursecloud save`: whole, held to its sum, gone on with, never over anything; and what is not saved is named."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from coursecloud.deploy.preconditions import RefusedError
from coursecloud.operate import download
from coursecloud.operate.download import PART
from coursecloud.operate.save import save
from tests.look.conftest import PROJECT
from tests.operate.conftest import OURS, Desk

DATA, MODELS = f"{PROJECT}-dev-data", f"{PROJECT}-dev-models"


@pytest.fixture
def stores(desk: Desk) -> Desk:
    desk.project.emulator.world.projects[PROJECT].services.add("storage.googleapis.com")
    for name in (DATA, MODELS):
        more = {"versioning": {"enabled": True}}
        desk.project.ask("POST", "storage/v1/b", {"name": name, "location": "europe-west1", **more}, project=PROJECT)
    git = ["git", "-C", str(desk.root), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "Pulumi.yaml"], check=True)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)
    return desk


def put(desk: Desk, bucket: str, name: str, content: bytes) -> None:
    url = f"{desk.project.emulator.url}/upload/storage/v1/b/{bucket}/o"
    answer = requests.post(url, params={"uploadType": "media", "name": name}, data=content, timeout=30)
    assert answer.ok, answer.text


def run(desk: Desk, folder: Path, *, answer: bool = True, scenario: Any = None) -> int:
    return desk.run("save", lambda op: save(op, folder, desk.root), answer=answer, scenario=scenario)


def test_data_models_and_code_come_out_whole(stores: Desk, tmp_path: Path) -> None:
    big = bytes(range(256)) * 40_000
    put(stores, DATA, "files/md5/ab/cdef", big)
    put(stores, DATA, "empty", b"")
    put(stores, MODELS, "jobs/1/model.pt", b"weights")
    put(stores, MODELS, "jobs/1/model.pt", b"better weights")
    stores.project.machine("dev-trainer", labels=OURS)
    folder = tmp_path / "saved"
    assert run(stores, folder) == 0, stores.text
    assert (folder / "data/files/md5/ab/cdef").read_bytes() == big
    assert (folder / "data/empty").read_bytes() == b""
    assert (folder / "models/jobs/1/model.pt").read_bytes() == b"better weights"
    (bundle,) = (folder / "code").iterdir()
    subprocess.run(["git", "clone", "-q", str(bundle), str(tmp_path / "clone")], check=True)
    assert (tmp_path / "clone/Pulumi.yaml").is_file()
    # .0095 GiB at .12
    assert stores.said[0].startswith(
        f"Saving 9.8 MiB to {folder} costs at most $0.0011 of traffic: 2 of 2 in data, 1 of 1"
    )
    assert "models: 1 older versions, 7 bytes" in stores.text
    assert "machine dev-trainer: log in and copy its files" in stores.text
    assert "changed files that no commit has are not in it" in stores.text
    assert stores.told["saved"] == {"data": 2, "models": 1}
    assert not list(folder.rglob(f"*{PART}"))


def test_twice_is_once(stores: Desk, tmp_path: Path) -> None:
    put(stores, DATA, "a", b"1")
    run(stores, tmp_path / "saved")
    start = len(stores.project.emulator.requests)
    assert run(stores, tmp_path / "saved") == 0
    asked = stores.project.emulator.requests[start:]
    assert not [call for call in asked if "alt=media" in call["path"]]
    assert "0 of 1 in data" in stores.said[0]
    assert not [call for call in stores.project.emulator.requests[start:] if call["write"]]


def test_it_goes_on_where_it_was_cut_off(stores: Desk, tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    put(stores, DATA, "big", content)
    put(stores, MODELS, "m", b"m")
    cut = {"match": "storage.objects.get", "path": "*/big", "cut": "after", "nth": 1, "count": 9}
    assert run(stores, tmp_path / "saved", scenario={"faults": [cut]}) == 1
    assert f"NOT saved: gs://{DATA}/big: " in stores.text
    (part,) = (tmp_path / "saved/data").iterdir()
    assert 0 < part.stat().st_size < len(content)
    assert (tmp_path / "saved/models/m").read_bytes() == b"m", "one that fails keeps no other from being saved"
    stores.project.emulator.use({})
    start = len(stores.project.emulator.requests)
    assert run(stores, tmp_path / "saved") == 0
    assert (tmp_path / "saved/data/big").read_bytes() == content
    assert len([c for c in stores.project.emulator.requests[start:] if "alt=media" in c["path"]]) == 1


def test_what_was_left_by_another_version_or_is_damaged_is_not_gone_on_with(stores: Desk, tmp_path: Path) -> None:
    put(stores, DATA, "a", b"0123456789")
    folder = tmp_path / "saved"
    (item,) = download.items(stores.project.cloud(), DATA, folder / "data")[0]
    item.part.parent.mkdir(parents=True)
    item.part.write_bytes(b"01234XXX")
    assert run(stores, folder) == 1
    assert "another sum than Google's" in stores.text
    assert not item.file.exists()
    assert run(stores, folder) == 0
    assert item.file.read_bytes() == b"0123456789"


def test_a_file_that_is_there_is_never_written_over(stores: Desk, tmp_path: Path) -> None:
    put(stores, DATA, "a", b"theirs")
    mine = tmp_path / "saved/data/a"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    assert run(stores, tmp_path / "saved") == 1
    assert mine.read_bytes() == b"mine"
    assert f"another file is there: {mine}" in stores.text
    mine.unlink()
    mine.symlink_to(tmp_path / "elsewhere")
    assert run(stores, tmp_path / "saved") == 1
    assert not (tmp_path / "elsewhere").exists()


def test_names_that_lead_out_of_the_folder_are_named_and_not_followed(stores: Desk, tmp_path: Path) -> None:
    for name in ("../../evil", "a/../../evil", "ok", "x//y"):
        put(stores, DATA, name, b"x")
    assert run(stores, tmp_path / "deep/saved") == 1
    assert not list(tmp_path.rglob("evil"))
    assert stores.text.count("its name is none of a file's") >= 3
    assert (tmp_path / "deep/saved/data/ok").read_bytes() == b"x"


def test_an_object_of_several_is_held_to_its_crc32c(stores: Desk, tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(stores, DATA, name, name.encode() * 1000)
    body: dict[str, Any] = {"sourceObjects": [{"name": "a"}, {"name": "b"}], "destination": {}}
    stores.project.ask("POST", f"storage/v1/b/{DATA}/o/joined/compose", body)
    items = {each.name: each for each in download.items(stores.project.cloud(), DATA, tmp_path / "s/data")[0]}
    assert (items["joined"].md5, bool(items["joined"].crc32c)) == ("", True)
    assert run(stores, tmp_path / "s") == 0
    assert (tmp_path / "s/data/joined").read_bytes() == b"a" * 1000 + b"b" * 1000
    (tmp_path / "s/data/joined").write_bytes(b"a" * 2000)
    assert run(stores, tmp_path / "s") == 1


def test_a_bucket_that_cannot_be_read_is_named(stores: Desk, tmp_path: Path) -> None:
    put(stores, DATA, "a", b"1")
    stores.project.emulator.use({"faults": [{"match": "storage.*", "path": f"b/{MODELS}*", "status": 403, "count": 0}]})
    assert run(stores, tmp_path / "saved") == 1
    assert "costs under $0.0001 or more, as not all is known" in stores.said[0]
    assert f"NOT saved: models: gs://{MODELS}: Google answers 403" in stores.text
    assert (tmp_path / "saved/data/a").read_bytes() == b"1"


def test_nothing_is_written_where_nobody_says_yes(stores: Desk, tmp_path: Path) -> None:
    put(stores, DATA, "a", b"1")
    with pytest.raises(RefusedError, match="was not confirmed"):
        run(stores, tmp_path / "saved", answer=False)
    assert not (tmp_path / "saved").exists()


def test_what_does_not_fit_is_refused_before_anything(
    stores: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(stores, DATA, "a", b"1" * 100)
    from coursecloud.operate import save as module

    def little(_: object) -> SimpleNamespace:
        return SimpleNamespace(free=50)

    monkeypatch.setattr(module.shutil, "disk_usage", little)
    with pytest.raises(RefusedError, match="100 bytes do not fit"):
        run(stores, tmp_path / "saved")
    assert not (tmp_path / "saved").exists()


def test_a_folder_that_is_a_file_is_refused(stores: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RefusedError, match="saved into a folder"):
        run(stores, tmp_path / "file")


def test_code_without_git_or_commits_is_named(desk: Desk, tmp_path: Path) -> None:
    desk.project.emulator.world.projects[PROJECT].services.add("storage.googleapis.com")
    assert run(desk, tmp_path / "saved") == 1
    assert "is in no git repository" in desk.text
    assert f"gs://{DATA}: it is not there" in desk.text


def test_as_it_is_typed(stores: Desk, tmp_path: Path) -> None:
    put(stores, DATA, "a", b"1")
    code, out, err = stores.typed("save", "--to", str(tmp_path / "s"), "--yes")
    assert code == 0, out + err
    code, told = stores.json("save", "--to", str(tmp_path / "s"), "--yes")
    assert (code, told["saved"], told["notSaved"]) == (0, {"data": 1, "models": 0}, [])
    code, _, err = stores.typed("save")
    assert code == 2


def test_sums_are_those_of_the_rfc() -> None:
    assert download.crc32c(iter([b"1234", b"56789"])) == 0xE3069283
