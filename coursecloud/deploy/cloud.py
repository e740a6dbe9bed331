"""Google's APIs asked directly: as whom and where the provider would ask, and never an answer that nobody gave.

Addresses are the provider's own (pulumi-gcp 10.2, its CustomEndpoint settings): what the stack file says goes before
the environment.
"""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlsplit

import google.auth.exceptions
import requests
import urllib3

from coursecloud.common.console import visible
from coursecloud.deploy import credentials
from coursecloud.deploy.endpoints import address, proxies, upload_address

Json = dict[str, Any]
T = TypeVar("T")


WAIT = (10, 30)
"""Seconds to wait for a connection, and for an answer."""
WORKERS = 8
"""How many questions are asked at a time; a project's limits a minute are hundreds of times that."""
_NO_METHOD = ("The requested URL", "Method not found")
"""How Google begins a 404 that is about the address and not about what was asked for."""
_SIGN_IN = "sign-in"
LOGIN = "run `gcloud auth application-default login`"


class CloudError(Exception):
    """Google was not reached, or said no; `words` are its own, `status` is 0 where it said nothing.

    `gone` is what was asked for and is not there; an address that Google does not know is none of that. `off` is an API
    that is switched off in the project, as all of them are in a new one.
    """

    def __init__(self, status: int, words: str, *, gone: bool = False, off: bool = False):
        super().__init__(words)
        self.status = status
        self.words = words
        self.gone = gone
        self.off = off


def unread(what: str, error: CloudError) -> str:
    """Say in a line that something is not known, and why."""
    return f"not read: {what}: {error.words}"


class Cloud:
    """A session with Google for one stack; threads may share it.

    `environment` and `config` (of the stack file, `gcp:...`) say as whom and where to ask. `session` and `sleep`
    are for tests.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        config: Mapping[str, object],
        *,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._environment = environment
        self._config = config
        self._session = session
        self._sleep = sleep
        self._lock = threading.Lock()
        self._silent: dict[str, CloudError] = {}
        self.calls = 0
        """How many requests were sent; one that was repeated counts once."""
        self.ahead = datetime.timedelta()
        """How far Google's clock is before this machine's, by its last answer; to the second."""

    def get(self, api: str, path: str, *, region: str = "", **parameters: str) -> Json:
        """Read one thing. Raises CloudError."""
        return self.call("GET", api, path, region=region, parameters=parameters)

    def call(
        self,
        method: str,
        api: str,
        path: str,
        *,
        region: str = "",
        parameters: Mapping[str, str] | None = None,
        body: Json | None = None,
        payer: str = "",
    ) -> Json:
        """Ask for anything that may be asked twice without harm. Raises CloudError; an empty answer is {}.

        `payer` is the project whose quota a question counts against, where it is about none.
        """
        url = address(api, self._environment, self._config, region) + path
        data = None if body is None else json.dumps(body).encode()
        headers = {"X-Goog-User-Project": payer} if payer else {}
        return _object(self._answered(method, url, parameters or {}, data, headers=headers))

    def stream(self, bucket: str, name: str, generation: str, start: int) -> Iterator[bytes]:
        """Read one version of an object from a byte on, a piece at a time. Raises CloudError, in the middle too."""
        url = address("storage", self._environment, self._config)
        parameters = {"alt": "media", "generation": generation}
        # As it is stored: what was packed would be unpacked on the way, and have another sum.
        headers = {"Accept-Encoding": "gzip", "Range": f"bytes={start}-"}
        answer = self._answered(
            "GET", f"{url}b/{escaped(bucket)}/o/{escaped(name)}", parameters, None, headers=headers, stream=True
        )
        with answer:
            if start and answer.status_code != 206:
                raise CloudError(answer.status_code, "Google did not go on in the middle of an object")
            try:
                yield from answer.raw.stream(1 << 20, decode_content=False)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                raise CloudError(0, f"the connection broke off ({type(error).__name__})") from None

    def read_object(self, bucket: str, name: str, largest: int) -> bytes:
        """Read the bytes of an object of Cloud Storage. Raises CloudError, also where there are more than `largest`."""
        url = address("storage", self._environment, self._config)
        content = self._answered("GET", f"{url}b/{escaped(bucket)}/o/{escaped(name)}", {"alt": "media"}, None).content
        if len(content) > largest:
            raise CloudError(200, f"gs://{bucket}/{name} is larger than {largest:,} bytes")
        return content

    def write_object(self, bucket: str, name: str, content: bytes, *, generation: int | None = None) -> Json:
        """Write an object of Cloud Storage, over one of that name, and give its description. Raises CloudError.

        With a `generation`, only over that, 0 for none at all: Google refuses with status 412 where there is another.
        """
        url = upload_address(address("storage", self._environment, self._config))
        parameters = {"uploadType": "media", "name": name}
        if generation is not None:
            parameters["ifGenerationMatch"] = str(generation)
        return _object(self._answered("POST", f"{url}b/{escaped(bucket)}/o", parameters, content))

    def pages(
        self, api: str, path: str, key: str, *, most: int, region: str = "", **parameters: str
    ) -> tuple[list[Any], bool]:
        """Read at most `most` pages of a list; True where there are more. Raises CloudError.

        `key` is the field of an answer that holds the entries.
        """
        found: list[Any] = []
        token = ""
        for _ in range(most):
            more = {"pageToken": token} if token else {}
            answer = self.get(api, path, region=region, **parameters, **more)
            found += cast("list[Any]", answer.get(key) or [])
            token = str(answer.get("nextPageToken") or "")
            if not token:
                return found, False
        return found, True

    def done(self, operation: Json, project: str, seconds: float) -> None:
        """Wait for an operation of Compute Engine. Raises CloudError where it fails, or takes longer than `seconds`."""
        until = time.monotonic() + seconds
        name = str(operation.get("name") or "")
        place = "global"
        for kind in ("zone", "region"):
            if operation.get(kind):
                place = f"{kind}s/{str(operation[kind]).rpartition('/')[2]}"
        while operation.get("status") != "DONE":
            if time.monotonic() > until:
                raise CloudError(0, f"operation {name} had not ended after {seconds:.0f} seconds")
            self._sleep(1)
            operation = self.get("compute", f"projects/{project}/{place}/operations/{escaped(name)}")
        errors = cast("list[Json]", (operation.get("error") or {}).get("errors") or [])
        if errors:
            raise CloudError(409, "; ".join(f"{error.get('code')}: {error.get('message')}" for error in errors))

    def _answered(
        self,
        method: str,
        url: str,
        parameters: Mapping[str, str],
        data: bytes | None,
        *,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        host = urlsplit(url).netloc
        for asked in (_SIGN_IN, host):
            if asked in self._silent:
                raise self._silent[asked]  # nobody waits for fifty answers where one has not come
        with self._lock:
            self.calls += 1
        try:
            answer = self._connected().request(
                method,
                url,
                params=dict(parameters),
                data=data,
                headers=({"Content-Type": "application/json"} if data else {}) | dict(headers or {}),
                stream=stream,
                timeout=WAIT,
                proxies=proxies(self._environment, url),
            )
        except google.auth.exceptions.GoogleAuthError as error:
            self._silent[_SIGN_IN] = _no_sign_in(error)
            raise self._silent[_SIGN_IN] from None
        except requests.RequestException as error:
            self._silent[host] = CloudError(0, f"{host} did not answer ({type(error).__name__})")
            raise self._silent[host] from None
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            told = email.utils.parsedate_to_datetime(answer.headers["Date"]) if "Date" in answer.headers else None
            self.ahead = told - datetime.datetime.now(datetime.UTC) if told else self.ahead
        if not answer.ok:
            raise _refusal(answer)
        return answer

    def now(self) -> datetime.datetime:
        """What time it is in UTC by Google's clock as its last answer had it, else by this machine's."""
        return datetime.datetime.now(datetime.UTC) + self.ahead

    def _connected(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                self._session = credentials.session(self._environment, self._config)
            return self._session


def together(jobs: Iterable[Callable[[], T]]) -> list[T]:
    """Do several things at a time, and give what came of each in their order; a job raises nothing of its own."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return [each.result() for each in [pool.submit(job) for job in jobs]]


def escaped(name: str) -> str:
    """Write a name as one part of a path."""
    return quote(name, safe="")


def _no_sign_in(error: google.auth.exceptions.GoogleAuthError) -> CloudError:
    if isinstance(error, google.auth.exceptions.TransportError):
        return CloudError(0, "Google's sign-in did not answer")
    # The first of its arguments is a sentence, the second Google's whole answer.
    words = _first(str(error.args[0] if error.args else type(error).__name__))
    return CloudError(401, f"the credentials do not work ({words}); {LOGIN}")


def _object(answer: requests.Response) -> Json:
    if not answer.content:
        return {}
    try:
        made: Any = answer.json()
    except ValueError:
        made = None
    if not isinstance(made, dict):
        raise CloudError(answer.status_code, f"{urlsplit(answer.url).netloc} answered with what is no JSON object")
    return cast("Json", made)


def _refusal(answer: requests.Response) -> CloudError:
    """Give Google's words for a refusal, or the plain ones of HTTP."""
    try:
        error: Any = answer.json()["error"]
        words, told = str(error["message"]), True
        # Compute Engine and Cloud Storage give reasons in the older form.
        listed = [each for form in ("details", "errors") for each in cast("list[Json]", error.get(form) or [])]
        reasons = {str(each.get("reason")) for each in listed}
    except (ValueError, KeyError, TypeError, AttributeError):
        words, told, reasons = answer.reason or "no reason given", False, set[str]()
    status = answer.status_code
    login = f"; {LOGIN}" if status == 401 else ""
    return CloudError(
        status,
        f"Google answers {status}: {_first(words)}{login}",
        gone=status == 404 and told and not words.startswith(_NO_METHOD),
        off=bool(reasons & {"SERVICE_DISABLED", "accessNotConfigured"}),
    )


def _first(words: str) -> str:
    """Cut a message to what a line holds; it may repeat what a stranger wrote."""
    line = visible(" ".join(words.split()))
    return line if len(line) <= 300 else f"{line[:297]}..."
