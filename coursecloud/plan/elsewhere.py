"""Another machine and another day, as far as a program asks for these: what it makes of them no preview shows."""

import contextlib
import datetime
import os
import platform
import socket
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from typing import Any

_LATER = datetime.timedelta(days=40, hours=7)
"""By this the real run is later than the preview: another day, month, weekday and hour."""

_WHERE = (
    "CI", "CODESPACES", "DEVCONTAINER", "GITHUB_ACTIONS", "GITHUB_ACTOR", "GITHUB_EVENT_NAME", "GITHUB_REF",
    "GITHUB_REF_NAME", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_SHA", "GITHUB_WORKFLOW", "GITLAB_CI",
    "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GOOGLE_PROJECT", "HOSTNAME", "LOGNAME",
    "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_HOME", "RUNNER_OS", "SHELL", "SSH_CONNECTION", "TERM",
    "USER", "USERNAME",
)  # fmt: skip
"""Variables that tell a program whose machine it is on: set where they are not, and the other way round."""

_NEEDED = ("COURSECLOUD_", "LC_", "LD_", "PULUMI_", "PYTEST_", "PYTHON", "XDG_")
_NEEDED_WHOLE = ("HOME", "LANG", "PATH", "TMPDIR", "TZ", "VIRTUAL_ENV")
"""How variables begin that the run itself needs, and such variables; all others of this machine are not there."""


class _Kind(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _OWN)


_OWN = datetime.datetime


class _Datetime(_OWN, metaclass=_Kind):
    """The class that programs know as `datetime.datetime`, later: it asks no function that could be replaced."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
        return _OWN.now(tz) + _LATER

    @classmethod
    def today(cls) -> datetime.datetime:  # type: ignore[override]
        return _OWN.now() + _LATER

    @classmethod
    def utcnow(cls) -> datetime.datetime:  # type: ignore[override]
        return _OWN.now(datetime.UTC).replace(tzinfo=None) + _LATER


@contextlib.contextmanager
def here() -> Generator[None]:
    """Run what is inside on another machine, as another user, and on another day."""
    now, later = time.time, _LATER.total_seconds()
    uname = os.uname()
    # `datetime.date.today` asks `time.time` itself.
    instead: tuple[tuple[Any, str, object], ...] = (
        (time, "time", lambda: now() + later),
        (time, "time_ns", lambda: int((now() + later) * 1e9)),
        (time, "localtime", _at(time.localtime, now, later)),
        (time, "gmtime", _at(time.gmtime, now, later)),
        (time, "ctime", _at(time.ctime, now, later)),
        (time, "strftime", _formatted(time.strftime, time.localtime, now, later)),
        (datetime, "datetime", _Datetime),
        (socket, "gethostname", _name),
        (socket, "getfqdn", _name),
        (platform, "node", _name),
        (os, "uname", lambda: os.uname_result((uname.sysname, _name(), *uname[2:]))),
        (os, "getuid", lambda: 4321),
        (os, "getlogin", lambda: "somebody"),
        (os, "cpu_count", lambda: 96),
        (uuid, "getnode", lambda: 2**40 + 1),
    )
    with contextlib.ExitStack() as undone:
        undone.enter_context(_environment())
        for module, called, answer in instead:
            undone.callback(setattr, module, called, getattr(module, called))
            setattr(module, called, answer)
        yield


def _at(own: Callable[[float], Any], now: Callable[[], float], later: float) -> Callable[..., Any]:
    def at(seconds: float | None = None) -> Any:
        return own(now() + later if seconds is None else seconds)

    return at


def _formatted(
    own: Callable[[str, Any], str], local: Callable[[float], Any], now: Callable[[], float], later: float
) -> Callable[..., str]:
    def strftime(form: str, moment: Any = None) -> str:
        return own(form, local(now() + later) if moment is None else moment)

    return strftime


def _name(_: str = "") -> str:
    return "another-machine"


@contextlib.contextmanager
def _environment() -> Generator[None]:
    kept = {name: value for name, value in os.environ.items() if name in _NEEDED_WHOLE or name.startswith(_NEEDED)}
    before = dict(os.environ)
    set_here = {name: "true" for name in _WHERE if name not in before}
    _set({**{name: value for name, value in kept.items() if name not in _WHERE}, **set_here, "HOME": "/home/somebody"})
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
