"""`coursecloud prices`: new prices from a catalog in Google's form, or nothing at all."""

import datetime
import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import google.auth
import pytest
import requests
from google.auth import exceptions
from google.auth.credentials import AnonymousCredentials
from typer.testing import CliRunner, Result

from coursecloud.cli.application import app
from coursecloud.common import json_layout
from coursecloud.cost import catalog, prices, refresh, skus
from tests.coursecloud.catalogs import Answer, Answering, error, ok, pages, serving, sku

GIB_HOUR = ("By.s", 2.0**30 * 3600)
RULES = prices.read(prices.DATA / "prices-skus.json")["rules"]
MAPPING = prices.read(prices.DATA / "prices-skus.json")
TODAY = datetime.date(2026, 11, 23)
EGRESS: dict[str, Any] = {"group": "PremiumInternetEgress", "unit": "GiBy", "base": ("By", 2.0**30)}

BELGIUM = [
    sku("E2 Instance Core running in Belgium", "0.025"),
    sku("E2 Instance Ram running in Belgium", "0.0033", group="RAM", unit="GiBy.h", base=GIB_HOUR),
    sku("Spot Preemptible E2 Instance Core running in Belgium", "0.013", usage="Preemptible"),
    sku(
        "Spot Preemptible E2 Instance Ram running in Belgium",
        "0.0017",
        group="RAM",
        usage="Preemptible",
        unit="GiBy.h",
        base=GIB_HOUR,
    ),
    sku("Nvidia Tesla T4 GPU running in Belgium", "0.36", group="GPU"),
    sku("Nvidia Tesla T4 GPU attached to Spot Preemptible VMs running in", "0.15", group="GPU", usage="Preemptible"),
    sku("Balanced PD Capacity in Belgium", "0.11", group="SSD", unit="GiBy.mo", base=("By.s", 2.8e15)),
    sku("External IP Charge on a Standard VM", "0.006", group="IpAddress", regions=("global",)),
    sku("External IP Charge on a Spot Preemptible VM", "0.003", group="IpAddress", regions=("global",)),
    sku("Network Internet Data Transfer Out from Belgium to Americas", "0.13", **EGRESS, free=1),
    sku("Network Internet Data Transfer Out from Belgium to China", "0.23", **EGRESS),
    sku("Commitment v1: E2 Core in Belgium for 1 Year", "0.015", usage="Commit1Yr"),
    sku("Something else in Belgium", "1.5", group="Other"),
]  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with price files of one region that has what BELGIUM renews, and a price that it does not."""
    for name in (*prices.FILES, "prices-skus"):
        shutil.copy(prices.DATA / f"{name}.json", tmp_path)
    compute = prices.compute()
    region = compute["regions"]["europe-west1"]
    keys = ("e2.vcpu", "e2.gib", "gpu.nvidia-tesla-t4", "address", "n1.vcpu")
    region["hour"] = {key: region["hour"][key] for key in keys}
    region["gibMonth"] = {"pd-balanced": region["gibMonth"]["pd-balanced"]}
    region["gib"] = {"egress": region["gib"]["egress"]}
    region.update({"ssdMonth": {}, "performanceMonth": {}})
    services = prices.read(tmp_path / "prices-services.json")
    services["prices"] = {"registry": services["prices"]["registry"]}
    tables = {
        "prices-compute": {**compute, "regions": {"europe-west1": region}},
        "prices-services": services,
    }
    refresh.write(tmp_path, tables)
    return tmp_path


def ignore(_: float) -> None:
    pass


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    without_account(monkeypatch)


def without_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have credentials that are nobody's, and no wait between two tries."""

    def default(scopes: list[str]) -> tuple[AnonymousCredentials, None]:
        assert scopes == [catalog.SCOPE]
        return AnonymousCredentials(), None

    monkeypatch.setattr(google.auth, "default", default)
    monkeypatch.setattr(catalog.time, "sleep", ignore)


def run(*words: str, url: str = "http://127.0.0.1:9") -> Result:
    environment = {"COLUMNS": "120", "NO_COLOR": "", "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING": url}
    return CliRunner().invoke(app, ["prices", *words], env=environment)


def refreshing(answer: Answering, folder: Path, *words: str) -> Result:
    with serving(answer) as (url, _):
        return run("refresh", "--data", str(folder), *words, url=url)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_refresh_writes_the_catalogs_prices(small: Path) -> None:
    result = refreshing(pages(BELGIUM), small)
    assert result.exit_code == 0, result.output
    region = prices.read(small / "prices-compute.json")["regions"]["europe-west1"]
    assert region["hour"]["e2.vcpu"] == [Decimal("0.025"), Decimal("0.013")]
    assert region["hour"]["e2.gib"] == [Decimal("0.0033"), Decimal("0.0017")]
    assert region["hour"]["gpu.nvidia-tesla-t4"] == [Decimal("0.36"), Decimal("0.15")]
    assert region["hour"]["address"] == [Decimal("0.006"), Decimal("0.003")]
    assert region["gibMonth"] == {"pd-balanced": Decimal("0.11")}
    assert region["gib"] == {"egress": Decimal("0.13")}


def test_a_refresh_writes_a_familys_prices_into_its_own_file(small: Path) -> None:
    whole = prices.compute(small)
    (small / prices.FAMILIES).mkdir()
    families: dict[str, dict[str, Any]] = {
        "e2": {**prices.families()["e2"], "hour": {}},
        "n1": {**prices.families()["n1"], "hour": {}},
    }
    rest, made = refresh.by_family(whole, families)
    refresh.write(small, {"prices-compute": rest, **{f"{prices.FAMILIES}/{name}": made[name] for name in made}})
    assert prices.compute(small) == whole
    assert refreshing(pages(BELGIUM), small).exit_code == 0
    e2, n1 = (prices.read(small / prices.FAMILIES / f"{name}.json") for name in ("e2", "n1"))
    assert e2["hour"]["europe-west1"]["e2.vcpu"] == [Decimal("0.025"), Decimal("0.013")]
    assert n1["hour"]["europe-west1"]["gpu.nvidia-tesla-t4"] == [Decimal("0.36"), Decimal("0.15")]
    assert set(prices.read(small / "prices-compute.json")["regions"]["europe-west1"]["hour"]) == {"address"}
    assert e2["source"][-1]["title"] == refresh.SOURCE
    assert refreshing(pages(BELGIUM), small).exit_code == 0
    assert [s["title"] for s in prices.families(small)["e2"]["source"]].count(refresh.SOURCE) == 1


def test_what_the_families_and_the_rest_have_is_written_as_it_was_read() -> None:
    rest, families = refresh.by_family(prices.compute(), prices.families())
    written = {"prices-compute": rest, **{f"{prices.FAMILIES}/{name}": table for name, table in families.items()}}
    for name, table in written.items():
        # A family without a price has no date of its prices either.
        shapes = table.get("hour") == {}
        kept = {key: value for key, value in table.items() if not shapes or key != "pricesOf"}
        assert (prices.DATA / f"{name}.json").read_text(encoding="utf-8") == json_layout.written(kept) + "\n", name


def test_a_refresh_says_what_changed_and_what_it_could_not_match(small: Path) -> None:
    output = refreshing(pages(BELGIUM), small).output
    assert "europe-west1 e2.vcpu: 0.02399337 -> 0.025" in output
    assert "europe-west1 e2.vcpu Spot: 0.01345 -> 0.013" in output
    assert "3 kept as they were, not in the catalog" in output
    assert "europe-west1 n1.vcpu, europe-west1 n1.vcpu Spot, services registry" in output


def test_a_region_keeps_its_date_while_a_price_of_it_is_old(small: Path) -> None:
    refreshing(pages(BELGIUM), small)
    compute = prices.read(small / "prices-compute.json")
    assert compute["regions"]["europe-west1"]["date"] == "2026-08-20"
    n1 = [sku("N1 Predefined Instance Core running in EMEA", "0.03", group="N1Standard")]
    n1 += [
        sku(
            "Spot Preemptible N1 Predefined Instance Core running in EMEA",
            "0.01",
            group="N1Standard",
            usage="Preemptible",
        )
    ]
    refreshing(pages([*BELGIUM, *n1]), small)
    compute = prices.read(small / "prices-compute.json")
    today = str(datetime.datetime.now(tz=datetime.UTC).date())
    assert (compute["date"], compute["regions"]["europe-west1"]["date"]) == (today, today)
    assert compute["source"][-1]["read"] == today


def test_all_pages_are_read(small: Path) -> None:
    answer = pages(BELGIUM[:4], BELGIUM[4:8], BELGIUM[8:])
    with serving(answer) as (url, asked):
        result = run("refresh", "--data", str(small), url=url)
    assert result.exit_code == 0
    compute = [path for path in asked if "6F81" in path]
    assert [path.rpartition("pageToken=")[2] for path in compute[1:]] == ["1", "2"]
    assert all("currencyCode=USD" in path for path in asked)
    assert "-> 0.13" in result.output


def test_a_second_refresh_changes_nothing(small: Path) -> None:
    refreshing(pages(BELGIUM), small)
    before = contents(small)
    assert "0 prices changed" in refreshing(pages(BELGIUM), small).output
    assert contents(small) == before


def test_a_dry_run_writes_nothing(small: Path) -> None:
    before = contents(small)
    result = refreshing(pages(BELGIUM), small, "--dry-run")
    assert result.exit_code == 0
    assert "would change" in result.output
    assert contents(small) == before


def test_the_written_files_are_read_as_the_same_again() -> None:
    for name in prices.FILES:
        content = prices.read(prices.DATA / f"{name}.json")
        assert json.loads(json_layout.written(content), parse_float=Decimal, parse_int=Decimal) == content


def _broken(change: Callable[[dict[str, Any]], object]) -> list[dict[str, Any]]:
    entry = sku("E2 Instance Core running in Belgium", "0.025")
    change(entry)
    return [entry]


def expression(entry: dict[str, Any]) -> dict[str, Any]:
    return entry["pricingInfo"][0]["pricingExpression"]


MALFORMED: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda e: e.pop("pricingInfo"), "no pricingInfo"),
    (lambda e: e.update(pricingInfo=[]), "no pricingInfo"),
    (lambda e: e.update(serviceRegions=None), "serviceRegions"),
    (lambda e: e.update(category=None), "category"),
    (lambda e: e.pop("description"), "without description"),
    (lambda e: e["category"].pop("usageType"), "without usageType"),
    (lambda e: expression(e).update(tieredRates=[]), "no tieredRates"),
    (lambda e: expression(e).update(usageUnit="GiBy.mo", baseUnit="By.s"), "not to be had in 'h'"),
    (lambda e: expression(e).update(usageUnit="d", baseUnitConversionFactor=0), "not to be had in 'h'"),
    (lambda e: expression(e)["tieredRates"][0]["unitPrice"].update(currencyCode="EUR"), "'EUR', not in USD"),
    (lambda e: expression(e)["tieredRates"][0]["unitPrice"].update(nanos="many"), "no whole number"),
    (lambda e: expression(e)["tieredRates"][0]["unitPrice"].update(nanos=-5), "negative"),
    (lambda e: expression(e)["tieredRates"][0].update(startUsageAmount="x"), "no number"),
]


@pytest.mark.parametrize(("change", "said"), MALFORMED)
def test_a_sku_of_another_form_is_named_and_all_others_are_taken(change: Any, said: str, small: Path) -> None:
    before = prices.read(small / "prices-compute.json")["regions"]["europe-west1"]["hour"]["e2.vcpu"]
    result = refreshing(pages([*BELGIUM[1:], *_broken(change)]), small)
    assert result.exit_code == 0, result.output
    assert said in result.output
    assert "1 SKUs passed over" in result.output
    hour = prices.read(small / "prices-compute.json")["regions"]["europe-west1"]["hour"]
    assert hour["e2.vcpu"][0] == before[0]
    assert hour["e2.gib"] == [Decimal("0.0033"), Decimal("0.0017")]


def test_a_stranger_does_not_stop_a_refresh(small: Path) -> None:
    result = refreshing(pages([*BELGIUM, "text", {"skuId": "ID-1", "description": "Something new"}]), small)  # pyright: ignore[reportArgumentType]
    assert result.exit_code == 0
    assert "2 SKUs passed over, as their form is another" in result.output


def broken_page(second: Answer) -> Answering:
    """A whole first page, and a second that is `second`."""
    whole = pages(BELGIUM, [])

    def answer(path: str, query: dict[str, str]) -> Answer:
        return second if "pageToken" in query else whole(path, query)

    return answer


UNREAD: list[tuple[Answer, str]] = [
    (ok([]), "no object"),
    (ok({"nextPageToken": ""}), "no list of SKUs"),
    (ok({"skus": {}}), "no list of SKUs"),
    (ok({"skus": [], "nextPageToken": "1"}), "do not end"),
    ((200, b'{"skus": [{"name": "serv', {}), "no JSON"),
    ((200, b"<html>sign in</html>", {}), "no JSON"),
    ((200, b'{"skus": []}', {"Content-Length": "4000"}), "did not answer"),
    (error(403, "Cloud Billing API has not been used in project 1"), "gcloud services enable cloudbilling"),
    (error(401, "invalid"), "application-default login"),
    (error(404, "not there"), "may have changed"),
    (error(400, "API key not valid"), "API key not valid"),
    (error(429, "quota"), "answered 429 5 times"),
    (error(503, "later"), "answered 503 5 times"),
    ((403, b"not json", {}), "answered 403"),
]


@pytest.mark.parametrize(("second", "said"), UNREAD)
def test_a_catalog_that_is_read_in_half_changes_nothing(second: Answer, said: str, small: Path) -> None:
    before = contents(small)
    result = refreshing(broken_page(second), small)
    assert result.exit_code == 1
    assert said in result.output
    assert "remedy" in result.output
    assert contents(small) == before


def test_a_quota_is_waited_for(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(catalog.time, "sleep", waited.append)
    refusals = iter([error(429, Retry_After="7"), error(503), error(429, Retry_After="soon")])
    whole = pages(BELGIUM)

    def answer(path: str, query: dict[str, str]) -> Answer:
        return next(refusals, None) or whole(path, query)

    assert refreshing(answer, small).exit_code == 0
    assert waited == [7.0, 2.0, 4.0]


def test_a_server_that_does_not_answer_is_said(small: Path) -> None:
    before = contents(small)
    result = run("refresh", "--data", str(small))
    assert result.exit_code == 1
    assert "did not answer" in result.output
    assert contents(small) == before


def test_a_timeout_is_tried_again_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    session = requests.Session()
    tried: list[str] = []

    def get(url: str, **options: Any) -> None:
        assert options["timeout"] > 0
        tried.append(url)
        raise requests.Timeout

    monkeypatch.setattr(session, "get", get)
    with pytest.raises(catalog.CatalogError, match="Timeout"):
        catalog.skus(session, "6F81-5844-456A", sleep=ignore)
    assert len(tried) == 5


def test_without_credentials_nothing_is_asked(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def default(**_: object) -> None:
        raise exceptions.DefaultCredentialsError("none")

    monkeypatch.setattr(google.auth, "default", default)
    with serving(pages(BELGIUM)) as (url, asked):
        result = run("refresh", "--data", str(small), url=url)
    assert result.exit_code == 2
    assert "application-default login" in result.output
    assert asked == []


def test_expired_credentials_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    session = requests.Session()

    def get(*_: object, **__: object) -> None:
        raise exceptions.RefreshError("expired")

    monkeypatch.setattr(session, "get", get)
    with pytest.raises(catalog.CatalogError, match="application-default login"):
        catalog.skus(session, "6F81-5844-456A", sleep=ignore)


@pytest.mark.parametrize("found", [[], BELGIUM[:1], BELGIUM[-2:]])
def test_an_answer_with_too_few_prices_is_not_believed(found: list[dict[str, Any]], small: Path) -> None:
    before = contents(small)
    result = refreshing(pages(found), small)
    assert result.exit_code == 1
    assert "prices of ours" in result.output
    assert contents(small) == before


def test_two_prices_for_one_thing_change_nothing_of_it(small: Path) -> None:
    result = refreshing(pages([*BELGIUM, sku("E2 Instance Core running in Belgium and more", "0.5")]), small)
    assert result.exit_code == 0
    assert "in the catalog with several prices" in result.output
    hour = prices.read(small / "prices-compute.json")["regions"]["europe-west1"]["hour"]
    assert hour["e2.vcpu"][0] == Decimal("0.02399337")


def one_price(entry: dict[str, Any]) -> skus.Price:
    (found,) = skus.prices("compute", [entry], RULES)
    return found


def test_another_unit_is_converted_through_the_base_unit() -> None:
    # 0.001 a second is 3.60 an hour; 0.06 a minute is too
    assert one_price(sku("E2 Instance Core running in X", "0.001", unit="s", base=("s", 1))).usd == Decimal("3.6")
    assert one_price(sku("E2 Instance Core running in X", "0.06", unit="min", base=("s", 60))).usd == Decimal("3.6")


def test_the_first_price_that_is_not_free_counts() -> None:
    assert one_price(sku("E2 Instance Core running in X", "2.000000005", free=100)).usd == Decimal("2.000000005")


def test_of_a_price_that_falls_with_use_the_first_counts() -> None:
    entry = sku("E2 Instance Core running in X", "0.12", free=1)
    later = sku("E2 Instance Core running in X", "0.08")
    tier = expression(later)["tieredRates"][0] | {"startUsageAmount": 1024}
    expression(entry)["tieredRates"].append(tier)
    assert one_price(entry).usd == Decimal("0.12")


def test_the_newest_price_of_a_timeline_counts() -> None:
    entry = sku("E2 Instance Core running in X", "2.0")
    entry["pricingInfo"].insert(0, sku("E2 Instance Core running in X", "1.0")["pricingInfo"][0])
    assert one_price(entry).usd == 2


def test_a_price_of_nothing_is_no_price() -> None:
    assert list(skus.prices("compute", [sku("E2 Instance Core running in X", "0.0")], RULES)) == []


@pytest.mark.parametrize("usage", ["Commit1Yr", "Commit3Yr", "Reserved"])
def test_the_price_of_a_commitment_is_not_ours(usage: str) -> None:
    entry = sku("E2 Instance Core running in X", "1.0", usage=usage)
    assert list(skus.prices("compute", [entry], RULES)) == []


def test_a_sku_of_another_service_is_not_ours() -> None:
    assert list(skus.prices("storage", [sku("E2 Instance Core running in X", "1.0")], RULES)) == []


def merged(*found: skus.Price) -> refresh.Refreshed:
    tables = [prices.compute(), prices.read(prices.DATA / "prices-services.json")]
    compute = {**tables[0], "regions": {"us-central1": tables[0]["regions"]["us-central1"]}}
    region = compute["regions"]["us-central1"]
    region["hour"] = {key: price for key, price in region["hour"].items() if "g2" in key or "l4" in key}
    region.update({table: {} for table in refresh.TABLES if table != "hour"})
    return refresh.refreshed(compute, {**tables[1], "prices": {}}, found, MAPPING, TODAY)


def test_prices_for_several_things_in_one_go_when_each_has_its_own() -> None:
    own = [
        skus.Price("hour", key, spot, ("us-central1",), Decimal(1), "x")
        for key in ("g2.vcpu", "g2.gib", "gpu.nvidia-l4")
        for spot in (False, True)
    ]
    new = merged(*own)
    assert set(new.compute["regions"]["us-central1"]["hour"]) == {"g2.vcpu", "g2.gib", "gpu.nvidia-l4"}
    assert new.unmatched == ()
    # Without the Spot price of one of them the bundle stays, or a Spot machine would lose its price.
    half = merged(*own[:3], *own[4:])
    assert "g2.vcpu+4gib" in half.compute["regions"]["us-central1"]["hour"]


def test_what_is_merged_is_left_as_it_was() -> None:
    before, given = prices.compute(), prices.compute()
    services: dict[str, Any] = {"prices": {}}
    price = [
        skus.Price("hour", key, False, tuple(given["regions"]), Decimal(1), "x")
        for key in {key for region in given["regions"].values() for key in region["hour"]}
    ]
    price += [
        skus.Price("gibMonth", key, False, tuple(given["regions"]), Decimal(1), "x") for key in ("pd-ssd", "standard")
    ]
    refresh.refreshed(given, services, price, MAPPING, TODAY)
    assert given == before


def test_a_write_that_fails_leaves_every_file_as_it_was(small: Path) -> None:
    before = contents(small)
    with pytest.raises(TypeError):
        refresh.write(small, {"prices-compute": {"a": 1}, "prices-services": {"b": object()}})
    assert contents(small) == before


@pytest.mark.parametrize(("today", "code"), [("2026-10-28", 0), ("2026-10-29", 3)])
def test_prices_are_old_after_90_days(today: str, code: int) -> None:
    # The oldest files are of 2026-07-30; 90 days later is 2026-10-28.
    result = run("check", "--today", today)
    assert result.exit_code == code, result.output
    assert ("run `coursecloud prices refresh`" in result.output) == (code == 3)


def test_the_age_that_is_allowed_can_be_given() -> None:
    assert run("check", "--today", "2026-08-30", "--days", "10").exit_code == 3
    assert run("check", "--today", "2026-08-30", "--days", "40").exit_code == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"date": "soon"}', '{"date": 5}', "\xff"])
def test_a_price_file_that_is_none_is_said(text: str, small: Path) -> None:
    (small / "prices-services.json").write_bytes(text.encode("latin-1"))
    for command in ("check", "refresh"):
        result = run(command, "--data", str(small))
        assert result.exit_code == 2
        assert "prices-services.json is no price file" in result.output


def test_a_familys_file_that_is_none_is_said(small: Path) -> None:
    (small / prices.FAMILIES).mkdir()
    (small / prices.FAMILIES / "e2.json").write_text("[]", encoding="utf-8")
    result = run("check", "--data", str(small))
    assert result.exit_code == 2
    assert "e2.json is no price file" in result.output.replace("\n", "")


def test_a_folder_without_price_files_is_said(tmp_path: Path) -> None:
    assert run("check", "--data", str(tmp_path / "nowhere")).exit_code == 2
