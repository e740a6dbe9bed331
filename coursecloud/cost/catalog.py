"""Reads the Cloud Billing catalog over HTTP: every page or nothing."""

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import requests
from google.auth import exceptions

URL = "https://cloudbilling.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/cloud-billing.readonly"
PAGE = 5000
"""SKUs a page, the most that the API gives."""

_TRIES = 5
_AGAIN = frozenset({429, 500, 502, 503, 504})


class CatalogError(Exception):
    """The catalog could not be read; the text says value, rule and remedy."""


def skus(
    session: requests.Session, service: str, *, url: str = URL, sleep: Callable[[float], None] | None = None
) -> list[object]:
    """Read all SKUs of a service, by its id. Raises CatalogError where any page is missing or unreadable."""
    found: list[object] = []
    seen: set[str] = set()
    token = ""
    while True:
        answer = _page(session, f"{url}/v1/services/{service}/skus", token, sleep or time.sleep)
        page = answer.get("skus")
        if not isinstance(page, list):
            raise _half_read(f"a page of {service} has no list of SKUs")
        found += cast("list[object]", page)
        token = answer.get("nextPageToken") or ""
        if not token:
            return found
        if token in seen:
            raise _half_read(f"the pages of {service} do not end")
        seen.add(token)


def with_key(key: str) -> requests.Session:
    """Open a session that asks with an API key, in a header: an address is shown in errors, and kept in logs."""
    session = requests.Session()
    session.headers["X-Goog-Api-Key"] = key
    return session


def _page(session: requests.Session, url: str, token: str, sleep: Callable[[float], None]) -> dict[str, Any]:
    parameters = {"currencyCode": "USD", "pageSize": str(PAGE)} | ({"pageToken": token} if token else {})
    answer = _answered(session, url, parameters, sleep)
    try:
        page = json.loads(answer.content, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise _half_read(f"{url} answered with what is no JSON ({len(answer.content)} bytes)") from None
    if not isinstance(page, dict):
        raise _half_read(f"{url} answered with JSON that is no object")
    return cast("dict[str, Any]", page)


def _answered(
    session: requests.Session, url: str, parameters: dict[str, str], sleep: Callable[[float], None]
) -> requests.Response:
    trouble = ""
    for attempt in range(_TRIES):
        wait = 2.0**attempt
        try:
            # Another host is not to get an API key or a token that was meant for Google.
            answer = session.get(url, params=parameters, timeout=60, allow_redirects=False)
        except exceptions.GoogleAuthError as error:
            raise CatalogError(
                f"the credentials do not work: {error}\n    remedy  run `gcloud auth application-default login`"
            ) from None
        except requests.RequestException as error:
            trouble = f"{url} did not answer ({type(error).__name__})"
        else:
            if answer.ok:
                return answer
            if answer.status_code not in _AGAIN:
                raise _refused(answer)
            trouble, wait = f"{url} answered {answer.status_code} {_TRIES} times", _asked(answer) or wait
        if attempt < _TRIES - 1:
            sleep(wait)
    raise CatalogError(f"{trouble}; nothing was written.\n    remedy  try again later")


def _asked(answer: requests.Response) -> float:
    # The other form of the header, a date, is for hours; a number is for us.
    after = answer.headers.get("Retry-After", "")
    return min(float(after), 60.0) if after.isdigit() else 0.0


def _refused(answer: requests.Response) -> CatalogError:
    try:
        said = str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        said = answer.reason or "no reason given"
    remedy = {
        401: "run `gcloud auth application-default login`",
        403: "run `gcloud services enable cloudbilling.googleapis.com`, and"
        " `gcloud auth application-default set-quota-project PROJECT` with a project of yours",
        404: "the id of the service in catalog/prices-skus.json may have changed",
    }.get(answer.status_code, "read Google's answer")
    return CatalogError(f"Google answered {answer.status_code}: {said}; nothing was written.\n    remedy  {remedy}")


def _half_read(what: str) -> CatalogError:
    return CatalogError(f"{what}: the catalog was read in half, and nothing was written.\n    remedy  try again later")
