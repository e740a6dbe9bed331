"""A local server that answers like the Cloud Billing catalog, and SKUs of the documented form."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, bytes, dict[str, str]]
Answering = Callable[[str, dict[str, str]], Answer]
"""From the path and the query of a request to status, body and headers."""


def sku(
    description: str,
    usd: str,
    *,
    group: str = "CPU",
    usage: str = "OnDemand",
    regions: tuple[str, ...] = ("europe-west1",),
    unit: str = "h",
    base: tuple[str, float] = ("s", 3600),
    free: float | None = None,
) -> dict[str, Any]:
    """One SKU; `usd` is written as units and nanos. With `free`, so much of the unit costs nothing."""
    units, _, nanos = usd.partition(".")
    paid: dict[str, Any] = {
        "startUsageAmount": free or 0,
        "unitPrice": {"currencyCode": "USD", "units": units, "nanos": int(nanos.ljust(9, "0"))},
    }
    nothing: dict[str, Any] = {
        "startUsageAmount": 0,
        "unitPrice": {"currencyCode": "USD", "units": "0", "nanos": 0},
    }
    return {
        "name": "services/6F81-5844-456A/skus/0000-0000-0000",
        "skuId": f"ID-{abs(hash(description)) % 10000:04}",
        "description": description,
        "category": {
            "serviceDisplayName": "Compute Engine",
            "resourceFamily": "Compute",
            "resourceGroup": group,
            "usageType": usage,
        },
        "serviceRegions": list(regions),
        "pricingInfo": [
            {
                "summary": "",
                "pricingExpression": {
                    "usageUnit": unit,
                    "usageUnitDescription": "hour",
                    "baseUnit": base[0],
                    "baseUnitDescription": "second",
                    "baseUnitConversionFactor": base[1],
                    "displayQuantity": 1,
                    "tieredRates": [paid] if free is None else [nothing, paid],
                },
                "currencyConversionRate": 1,
                "effectiveTime": "2026-11-20T00:00:00Z",
            }
        ],
        "serviceProviderName": "Google",
    }


def ok(page: object) -> Answer:
    return 200, json.dumps(page).encode(), {"Content-Type": "application/json"}


def error(status: int, message: str = "no", **headers: str) -> Answer:
    body = json.dumps({"error": {"code": status, "message": message}}).encode()
    return status, body, {name.replace("_", "-"): value for name, value in headers.items()}


def pages(*skus: list[dict[str, Any]]) -> Answering:
    """Answer for Compute Engine with these SKUs, a page each; the other services have none."""

    def answer(path: str, query: dict[str, str]) -> Answer:
        if "6F81-5844-456A" not in path:
            return ok({"skus": []})
        page = int(query.get("pageToken", "0"))
        more = {"nextPageToken": str(page + 1)} if page + 1 < len(skus) else {"nextPageToken": ""}
        return ok({"skus": skus[page], **more})

    return answer


@contextmanager
def serving(answer: Answering) -> Generator[tuple[str, list[str]]]:
    """Serve on loopback; gives the address and what was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            status, body, headers = answer(url.path, query)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            if headers.get("Content-Length", str(len(body))) != str(len(body)):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
