"""Runs the very program of `pulumi up` on Pulumi's mock runtime, in process, and records what it registers."""

import asyncio
import contextlib
import functools
import json
import logging
import os
from collections.abc import Awaitable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import Any, NoReturn, cast

import pulumi
from google.protobuf import json_format
from typing_extensions import override

import infra
from catalog import types
from coursecloud.common import program_error
from coursecloud.plan import left_running, mock_outputs, own_modules, sdk, transforms
from coursecloud.plan.engine_request import declared, plain, registration
from coursecloud.plan.registration import Deed, Registration

# What a program says while it is recorded as the real run, it has said before.
logging.getLogger(f"{__name__}.again").propagate = False
logging.getLogger(f"{__name__}.again").addHandler(logging.NullHandler())


IS_PUSHED = "gcp:artifactregistry/getDockerImage:getDockerImage"
"""The one question that the program asks Google: whether an image of a service is there. A plan takes it to be."""


@dataclass
class Recording:
    """All that one run of the program registered, in order, its outputs, and what else it did."""

    resources: list[Registration] = field(default_factory=list[Registration])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    deeds: list[Deed] = field(default_factory=list[Deed])
    asked: list[str] = field(default_factory=list[str])
    """The questions to Google that were answered."""


class _Assigned(pulumi.runtime.Mocks):
    """Answers like a provider: what follows from the inputs is known in a preview, and all of it (marked `mark`,
    see `mock_outputs`) in a real run."""

    def __init__(self, mark: str | None, asked: list[str] | None):
        self._mark = mark
        self._asked = asked

    @override
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs = cast("dict[str, Any]", args.inputs)
        known = _derived(args.typ, inputs)
        if self._mark is None or args.custom is False:
            return str(known.pop("id", "")), {**inputs, **known}
        computed = mock_outputs.plausible(args.typ, args.name, inputs, self._mark)
        made = f"{self._mark}/{args.name}/id{mock_outputs.END}"
        return str(known.pop("id", made)), {**computed, **known}

    @override
    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token != IS_PUSHED:
            raise program_error.asked(args.token)
        if self._asked is None:
            return {}, [("imageName", "Requested image was not found")]
        self._asked.append(args.token)
        return {"tags": []}, []


class _Recorder(sdk.Monitor):
    def __init__(self, mark: str | None, root: Path, *, pushed: bool) -> None:
        self.recording = Recording()
        super().__init__(_Assigned(mark, self.recording.asked if pushed else None))
        # Where a process has loaded the program's packages from another folder (a test), they are that one's.
        loaded = Path(str(infra.__file__)).parents[1]
        self._roots = [f"{folder.resolve().as_uri()}/" for folder in (root, loaded)]
        self._transforms = transforms.Transforms()

    def _note(self, kind: str, text: str) -> None:
        self.recording.deeds.append(Deed(kind, text))

    def leaves(self, running: list[str]) -> None:
        """Note what of the program still waits at its end."""
        if running:
            listed = "`, `".join(running)
            self._note("code", f"leaves `{listed}` waiting, which goes on while `pulumi up` waits for Google")

    @override
    def RegisterResource(self, request: Any) -> Any:
        if request.type != "pulumi:pulumi:Stack":
            urn = self.make_urn(request.parent, request.type, request.name)
            place = declared(request, self._roots)
            # As the engine does it: what is recorded is what is left after the program's own transforms.
            request, applied = self._transforms.applied(urn, request)
            self.recording.resources.append(replace(registration(urn, request, applied), declared=place))
        return super().RegisterResource(request)

    @override
    def ReadResource(self, request: Any) -> Any:
        self._note("read", f"reads {request.type} `{request.id}`, which is not of this stack, as `{request.name}`")
        return super().ReadResource(request)

    @override
    def ExistsResource(self, request: Any) -> Any:
        raise program_error.asked(f"whether {request.type} {request.id} exists")

    def Call(self, request: Any) -> Any:  # noqa: N802 - Pulumi's name
        """Refuse to answer for a provider's method, which only the cloud could."""
        raise program_error.asked(request.tok)

    @override
    def RegisterStackTransform(self, request: Any) -> Any:
        name = self._transforms.of_stack(request)
        self._note("transform", f"changes every resource on its way to Google by `{name}`, which is applied here too")
        return super().RegisterStackTransform(request)

    @override
    def RegisterStackInvokeTransform(self, request: Any) -> Any:
        name = transforms.name_of(request)
        self._note("transform", f"changes every question to Google by `{name}`; its effect is not seen here")
        return super().RegisterStackInvokeTransform(request)

    @override
    def RegisterResourceHook(self, request: Any) -> Any:
        self._note("hook", f"runs code of its own while Google's resources change: hook `{request.name}`")
        return super().RegisterResourceHook(request)

    @override
    def RegisterErrorHook(self, request: Any) -> Any:
        self._note("hook", f"runs code of its own when a resource fails: hook `{request.name}`")
        return super().RegisterErrorHook(request)

    @override
    def RegisterPackage(self, request: Any) -> Any:
        self._note("package", f"has Pulumi load another provider: `{request.name}` {request.version}")
        return super().RegisterPackage(request)

    @override
    def RegisterResourceOutputs(self, request: Any) -> Any:
        if request.urn.split("::")[2] == "pulumi:pulumi:Stack":
            self.recording.outputs = plain(json_format.MessageToDict(request.outputs))
        return super().RegisterResourceOutputs(request)


def record(
    program: Path,
    *,
    project: str,
    stack: str,
    config: Mapping[str, object],
    mark: str | None = None,
    pushed: bool = True,
) -> Recording:
    """Run a Pulumi program as a preview of `stack` with `config`, from the program's own folder.

    With `mark` it is run as `pulumi up` would: nothing is unknown, and what Google would compute has the mark in it
    (`coursecloud.plan.mock_outputs`). Every image of a service is there, or without `pushed` none. `config` is keyed as
    in the stack file. What the program raises is raised here.
    """
    done: Future[Recording] = Future()
    with _configured(config), own_modules.anew(program.parent), contextlib.chdir(program.parent), _no_end():
        # In a thread of its own: an earlier run has left nothing in its context (no stack that would stay the root,
        # with outputs that would be among this one's), and the SDK notes the way to each resource from the thread's
        # start. A daemon, so that Ctrl-C ends a program that waits for something, too.
        thread = Thread(target=_run, args=(done, program, project, stack, mark, pushed), daemon=True)
        thread.start()
        thread.join()
        try:
            return done.result(timeout=0)
        except Exception as error:
            error.add_note(f"{program_error.OF} {stack}")
            raise


def _run(done: Future[Recording], program: Path, project: str, stack: str, mark: str | None, pushed: bool) -> None:
    """Run a program as Pulumi's language host does, but with a monitor that only writes down."""
    recorder = _Recorder(mark, program.parent, pushed=pushed)
    try:
        # The runner ends first, and waits for the thread that answers: a program that fails leaves it at work.
        with contextlib.closing(asyncio.new_event_loop()) as answers, asyncio.Runner() as runner:
            loop = runner.get_loop()
            asyncio.set_event_loop(loop)
            if mark is not None:
                # What a failure leaves unread is told by the failure.
                loop.set_exception_handler(_unsaid)
            # The monitor answers in another thread, where the SDK wants a loop too and would leave it open.
            loop.set_default_executor(ThreadPoolExecutor(1, initializer=asyncio.set_event_loop, initargs=(answers,)))
            log = __name__ if mark is None else f"{__name__}.again"
            main = functools.partial(_main, program)
            loop.run_until_complete(
                sdk.run(main, recorder, project=project, stack=stack, preview=mark is None, log=log)
            )
            recorder.leaves(left_running.names(loop, program.parent))
        done.set_result(recorder.recording)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 raised anew by the caller
        done.set_exception(error)
    except BaseException as ended:  # noqa: BLE001 what is no error to Python is one here
        code = f" (exit code {ended.code or 0})" if isinstance(ended, SystemExit) else f" by {type(ended).__name__}"
        done.set_exception(
            pulumi.RunError(
                f"it ends itself{code}, and nobody knows what it had yet to register; take that out of it: what stops"
                " an update is pulumi.RunError"
            )
        )


@contextlib.contextmanager
def _no_end() -> Generator[None]:
    """Let a program that ends the process at once end itself alone: an exit code of 0 would be a check's silence."""
    ends, here = os._exit, os.getpid()

    def end(code: int) -> NoReturn:
        if os.getpid() != here:
            ends(code)
        raise SystemExit(code)

    os._exit = end
    try:
        yield
    finally:
        os._exit = ends


def _unsaid(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    pass


def _main(program: Path) -> Awaitable[None]:
    # Not by runpy, whose frames would be on the way to each resource as well.
    exec(compile(program.read_bytes(), program, "exec"), {"__name__": "__main__", "__file__": str(program)})  # noqa: S102
    # Registrations begin when the loop goes round; the SDK waits for those that have begun in a cheaper way.
    return asyncio.sleep(0)


@contextlib.contextmanager
def _configured(config: Mapping[str, object]) -> Generator[None]:
    """Hand configuration over as Pulumi's language host does: JSON in the environment, and which keys are encrypted."""
    handed = {key: value if isinstance(value, str) else json.dumps(value, default=str) for key, value in config.items()}
    before = dict(os.environ)
    os.environ["PULUMI_CONFIG"] = json.dumps(handed)
    secret = [key for key, value in config.items() if isinstance(value, Mapping) and {*value} == {"secure"}]
    os.environ["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(secret)
    try:
        yield
    finally:
        os.environ.clear()  # of what the program has put there nothing is to tell its next run of this one
        os.environ.update(before)


def _derived(kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Work out the outputs of a resource that are functions of its inputs alone."""
    known = {key: value for key, value in inputs.items() if not isinstance(value, sdk.Unknown)}
    try:
        return {key: form.format_map(known) for key, form in output_forms(kind).items()}
    except (KeyError, TypeError):
        return {}  # an input is unknown, and so is what follows from it


def output_forms(kind: str) -> Mapping[str, str]:
    """Give the outputs of a type that are patterns over its inputs."""
    found = types.of(kind)
    return found.outputs if found else {}
