"""Prices from what somebody downloaded, with an API key, and prices that jump: all or nothing, and nothing unasked."""

import datetime
import json
import os
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from coursecloud.cost import by_table, catalog, prices, refresh
from tests.coursecloud.catalogs import Answer, ok, serving, sku
from tests.coursecloud.test_prices_refresh import BELGIUM, contents, credentials, pages, refreshing, run, small

__all__ = ["credentials", "small"]  # fixtures

KEY = "AIzaSyTest-0123456789_0123456789abcdef"


def written(folder: Path, name: str, content: object) -> str:
    (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return str(folder / name)


@pytest.mark.parametrize("form", ["page", "list of pages", "list of SKUs"])
def test_pages_as_downloaded_renew_without_credentials(form: str, small: Path, tmp_path_factory: Any) -> None:
    page = {"skus": BELGIUM, "nextPageToken": ""}
    content = {"page": page, "list of pages": [page], "list of SKUs": BELGIUM}[form]
    file = written(tmp_path_factory.mktemp("x"), "page.json", content)
    result = run("refresh", "--data", str(small), "--from", file)
    assert result.exit_code == 0, result.output
    hour = prices.read(small / "prices-compute.json")["regions"]["europe-west1"]["hour"]
    assert hour["e2.vcpu"] == [Decimal("0.025"), Decimal("0.013")]


def test_a_page_that_says_that_another_follows_is_not_the_last(small: Path, tmp_path_factory: Any) -> None:
    folder, before = tmp_path_factory.mktemp("x"), contents(small)
    first = written(folder, "1.json", {"skus": BELGIUM[:4], "nextPageToken": "a"})
    result = run("refresh", "--data", str(small), "--from", first)
    assert result.exit_code == 2
    assert "another follows" in result.output
    assert contents(small) == before
    second = written(folder, "2.json", {"skus": BELGIUM[4:], "nextPageToken": ""})
    assert run("refresh", "--data", str(small), "--from", first, "--from", second).exit_code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no json", "cannot be read as JSON"),
        ("[]", "holds no page"),
        ('{"skus": 5}', "no list of SKUs"),
        ('{"skus": [{"name": "services/0000-0000-0000/skus/1", "skuId": "1"}]}', "of a service that prices-skus.json"),
        (
            '{"prices": {"europe-west1": {"on_demand": {"n4-standard-2": -1}, "spot": {"n4-standard-2": 1}}}}',
            "another form",
        ),
        (
            '{"prices": {"europe-west1": {"on_demand": {"n4-standard-2": 1}, "spot": {"n4-standard-2": 1}}}}',
            "--date DAY",
        ),
    ],
)
def test_a_file_of_another_form_changes_nothing(text: str, said: str, small: Path, tmp_path_factory: Any) -> None:
    file, before = tmp_path_factory.mktemp("x") / "x.json", contents(small)
    file.write_text(text, encoding="utf-8")
    result = run("refresh", "--data", str(small), "--from", str(file))
    assert result.exit_code == 2
    assert said in result.output
    assert "remedy" in result.output
    assert contents(small) == before


def test_a_file_that_is_not_there_is_said(small: Path) -> None:
    result = run("refresh", "--data", str(small), "--from", str(small / "none.json"))
    assert result.exit_code == 2
    assert "FileNotFoundError" in result.output


def test_a_jump_is_refused_without_a_terminal_and_taken_where_it_is_accepted(small: Path) -> None:
    before = contents(small)
    dear = [sku("E2 Instance Core running in Belgium", "0.25"), *BELGIUM[1:]]
    result = refreshing(pages(dear), small)
    assert result.exit_code == 2
    assert "e2.vcpu: 0.02399337 -> 0.25" in result.output
    assert "--accept" in result.output
    assert contents(small) == before
    assert refreshing(pages(dear), small, "--dry-run").exit_code == 0
    assert contents(small) == before
    assert refreshing(pages(dear), small, "--accept").exit_code == 0
    assert contents(small) != before


@pytest.mark.parametrize(
    ("old", "new", "spot", "jumps"),
    [
        ("1", "2", False, False), ("1", "2.01", False, True), ("1", "0.5", False, False), ("1", "0.49", False, True),
        ("1", "4", True, False), ("1", "4.1", True, True), (None, "9", False, False),
    ],
)  # fmt: skip
def test_a_spot_price_may_move_further(old: str | None, new: str, *, spot: bool, jumps: bool) -> None:
    change = refresh.PriceChange("x", "y", spot, Decimal(old) if old else None, Decimal(new))
    assert change.jumps == jumps


def test_an_api_key_is_sent_in_a_header_and_shown_nowhere(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    get = catalog.requests.Session.get

    def spy(self: Any, url: str, **options: Any) -> Any:
        sent.append((self.headers.get("X-Goog-Api-Key"), url, options))
        return get(self, url, **options)

    monkeypatch.setattr(catalog.requests.Session, "get", spy)
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    with serving(pages(BELGIUM)) as (url, asked):
        result = run("refresh", "--data", str(small), url=url)
    assert result.exit_code == 0, result.output
    assert {key for key, _, _ in sent} == {KEY}
    assert not any(KEY in path for path in asked)
    assert not any(options["allow_redirects"] for _, _, options in sent)
    assert KEY not in result.output
    assert not any(KEY.encode() in content for content in contents(small).values())


def test_a_key_in_a_file_goes_before_credentials_and_one_that_is_none_is_refused_unseen(
    small: Path, tmp_path_factory: Any
) -> None:
    file = tmp_path_factory.mktemp("x") / "key"
    file.write_text(f"{KEY}\n", encoding="utf-8")
    with serving(pages(BELGIUM)) as (url, _):
        assert run("refresh", "--data", str(small), "--key-file", str(file), url=url).exit_code == 0
    file.write_text("two words-of-a-secret-that-is-long", encoding="utf-8")
    result = run("refresh", "--data", str(small), "--key-file", str(file))
    assert result.exit_code == 2
    assert "holds no API key" in result.output
    assert "secret" not in result.output.replace("it is not shown", "")


def test_a_redirect_gets_neither_key_nor_prices(small: Path) -> None:
    before = contents(small)

    def answer(_path: str, _query: dict[str, str]) -> Answer:
        return 302, b"", {"Location": "http://127.0.0.1:9/"}

    result = refreshing(answer, small)
    assert result.exit_code == 1
    assert contents(small) == before
    assert ok({})[0] == 200


def test_what_a_refresh_cannot_renew_is_said_apart_and_does_not_complain_for_ever(small: Path) -> None:
    assert run("check", "--data", str(small), "--today", "2026-11-28").exit_code == 3
    assert refreshing(pages(BELGIUM), small).exit_code == 0
    result = run("check", "--data", str(small))
    assert result.exit_code == 0, result.output
    assert run("check").output.count("No refresh renews") == 2
    assert "build.e2-standard-2" in run("check").output


def rates(vcpu: str, gib: str) -> dict[str, float]:
    """Prices of four types of n2 at two rates."""
    sizes = {"n2-standard-2": (2, 8), "n2-standard-4": (4, 16), "n2-highmem-2": (2, 16), "n2-highcpu-2": (2, 2)}
    return {name: float(Decimal(vcpu) * cores + Decimal(gib) * memory) for name, (cores, memory) in sizes.items()}


def test_a_table_of_whole_prices_renews_its_families_and_leaves_the_others(
    tmp_path: Path, tmp_path_factory: Any
) -> None:
    own = tmp_path / prices.FAMILIES
    shutil.copytree(prices.DATA / prices.FAMILIES, own)
    for path in prices.DATA.glob("prices-*.json"):
        shutil.copy(path, tmp_path)
    n1 = (own / "n1.json").read_bytes()
    table = {"europe-west1": {"on_demand": rates(".03", ".004"), "spot": rates(".01", ".001")}}
    table["moon-west1"] = table["europe-west1"]
    file = written(tmp_path_factory.mktemp("x"), "t.json", {"prices": table})
    said = ("--date", "2026-11-20", "--source", "https://example.com/prices.json")
    result = run("refresh", "--data", str(tmp_path), "--from", file, *said)
    assert result.exit_code == 0, result.output
    new = prices.families(tmp_path)["n2"]
    assert new["hour"]["europe-west1"] == {
        "n2.vcpu": [Decimal("0.03"), Decimal("0.01")],
        "n2.gib": [Decimal("0.004"), Decimal("0.001")],
    }
    assert new["hour"]["us-central1"] == prices.families()["n2"]["hour"]["us-central1"]
    assert "moon-west1" not in new["hour"]
    assert (new["date"], new["source"][-1]["url"]) == ("2026-11-20", "https://example.com/prices.json")
    assert (own / "n1.json").read_bytes() == n1


def test_a_renewed_n1_keeps_the_gpus_that_are_attached_to_it() -> None:
    pair = {name: (Decimal(str(usd)), Decimal(str(usd)) / 4) for name, usd in
            {"n1-standard-1": .06, "n1-standard-2": .12, "n1-highmem-2": .14, "n1-highcpu-2": .09}.items()}  # fmt: skip
    _, made = by_table.renewed(
        prices.read(prices.DATA / "prices-compute.json"), prices.families(), {"europe-west1": pair},
        prices.read(prices.DATA / "prices-skus.json"), {"title": "t", "url": "https://x", "read": "2026-11-28"},
        datetime.date(2026, 11, 20), ["n1"],
    )  # fmt: skip
    assert set(made) == {"n1"}
    before = prices.families()["n1"]["hour"]["europe-west1"]
    after = made["n1"]["hour"]["europe-west1"]
    assert after["gpu.nvidia-tesla-t4"] == before["gpu.nvidia-tesla-t4"]
    assert after["f1-micro"] == before["f1-micro"]


@pytest.mark.parametrize("option", ["--from", "--key-file"])
def test_a_named_pipe_is_refused_and_not_waited_for(option: str, small: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    result = run("refresh", "--data", str(small), option, str(pipe))
    assert result.exit_code == 2
    assert "it is a named pipe" in result.stderr
    assert "remedy" in result.stderr
