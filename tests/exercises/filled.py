"""A stack on the emulator, made by the program itself: every resource that it registers is made there at once."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import datetime
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pulumi
import requests
from typing_extensions import override

from catalog.types import short_type
from coursecloud.plan import engine, sdk
from emulator import Emulator
from tests.exercises import provider
from tests.exercises.provider import Made
from tests.project import ROOT, everything

Json = dict[str, Any]
PROJECT = "exercise-project-1"
STACK = "full"
GROUP = "group:mlops-group-07@googlegroups.com"
REPOSITORY = 123456789


class RefusedError(Exception):
    """What Google said instead of doing it."""

    def __init__(self, status: int, answer: Json):
        super().__init__(f"{status}: {answer.get('error', {}).get('message', answer)}")
        self.status = status
        self.answer = answer


def asking(emulator: Emulator, token: str) -> provider.Asked:
    """Requests with a token; a refusal is raised."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {token}"

    def ask(method: str, path: str, body: Json | None) -> Json:
        answer = session.request(method, f"{emulator.url}/{path}", json=body, timeout=60)
        told: Json = answer.json() if answer.content else {}
        if answer.status_code >= 300:
            raise RefusedError(answer.status_code, told)
        return told

    return ask


def configuration(today: datetime.date) -> Json:
    """Everything in a project of its own, with one member, and a lease that runs today."""
    config = everything(PROJECT)
    config["coursecloud:team"] = {"members": [GROUP]}
    config["coursecloud:lease"] |= {"starts": today, "ends": today + datetime.timedelta(days=21)}
    return config


class _Provider(pulumi.runtime.Mocks):
    def __init__(self, ask: provider.Asked):
        self._ask = ask
        self.made: list[Made] = []

    @override
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, Json]:
        inputs = cast("Json", _whole(copy.deepcopy(cast("Json", args.inputs))))
        if not args.custom:
            return "", inputs
        made = provider.create(self._ask, args.typ, args.name, inputs)
        self.made.append(made)
        return _id(made), {**inputs, **_outputs(made)}

    @override
    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[Json, list[tuple[str, str]]]:
        if args.token == engine.IS_PUSHED:
            return {"tags": []}, []
        raise NotImplementedError(args.token)


def _whole(value: Any) -> Any:
    """Numbers arrive as floats."""
    if isinstance(value, dict):
        return {k: _whole(v) for k, v in cast("Json", value).items() if v is not None}
    if isinstance(value, list):
        return [_whole(v) for v in cast("list[Any]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _id(made: Made) -> str:
    return made.path.split("/", 2)[-1] or made.name


def _outputs(made: Made) -> Json:
    """What the provider reads out of Google's answer."""
    short, told = short_type(made.type), made.told
    known = engine.output_forms(made.type)
    found: Json = {}
    with contextlib.suppress(KeyError):
        found = {key: form.format_map(made.inputs) for key, form in known.items() if key != "id"}
    if short.startswith("compute."):
        return found | {"selfLink": told.get("selfLink")}
    if short == "storage.Bucket":
        return found | {"projectNumber": int(told["projectNumber"]), "url": f"gs://{told['name']}"}
    if short == "serviceaccount.Account":
        return found | {"uniqueId": told["uniqueId"]}
    if short == "cloudbuild.Trigger":
        return found | {"triggerId": told["id"]}
    return found | ({"name": told["name"]} if short.startswith("iam.") else {})


def fill(ask: provider.Asked, today: datetime.date, stack: str = STACK, config: Json | None = None) -> list[Made]:
    """Run the program as `pulumi up` does; what it has made, in the order in which it did.

    It makes everything that a stack can have, unless `config` says otherwise.
    """
    # Secrets that are mounted, and a host of a first generation repository, are a person's to give: not in `full`.
    mocks = _Provider(ask)
    done: Future[None] = Future()
    program = ROOT / "__main__.py"
    with engine._configured(config or configuration(today)), contextlib.chdir(program.parent):  # pyright: ignore[reportPrivateUsage]
        thread = Thread(target=_run, args=(done, program, mocks, stack), daemon=True)
        thread.start()
        thread.join()
    done.result(timeout=0)
    return mocks.made


def _run(done: Future[None], program: Path, mocks: _Provider, stack: str) -> None:
    try:
        with asyncio.Runner() as runner, contextlib.closing(asyncio.new_event_loop()) as answers:
            loop = runner.get_loop()
            asyncio.set_event_loop(loop)
            loop.set_default_executor(ThreadPoolExecutor(1, initializer=asyncio.set_event_loop, initargs=(answers,)))

            def main() -> Any:
                code = compile(program.read_bytes(), program, "exec")
                exec(code, {"__name__": "__main__", "__file__": str(program)})  # noqa: S102 - the program itself
                return asyncio.sleep(0)

            monitor = sdk.Monitor(mocks)
            loop.run_until_complete(
                sdk.run(main, monitor, project="coursecloud", stack=stack, preview=False, log=__name__)
            )
        done.set_result(None)
    except BaseException as error:  # noqa: BLE001 - raised anew by the caller
        done.set_exception(error)
