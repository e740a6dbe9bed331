"""Runs the very program of `pulumi up` on Pulumi's mock runtime, in process, and records what it registers."""

import asyncio
import contextlib
import functools
import json
import logging
import os
from collections.abc import Awaitable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks, rpc
from typing_extensions import override

UNKNOWN: dict[str, bool] = {"$unknown": True}
"""How a value that only the real run can know stands in a plan."""


@dataclass(frozen=True)
class Registration:
    """One resource as the program asked for it."""

    urn: str
    type: str
    name: str
    custom: bool
    parent: str | None
    inputs: Mapping[str, Any]
    dependencies: tuple[str, ...]
    property_dependencies: Mapping[str, tuple[str, ...]]
    provider: str | None
    protect: bool
    options: Mapping[str, Any]
    files: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    """The files that its inputs name, by where they are in the project: their text, or None where one is not there."""


@dataclass
class Recording:
    """All that one run of the program registered, in order, and its outputs."""

    resources: list[Registration] = field(default_factory=list[Registration])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])


class _Assigned(mocks.Mocks):
    """Answers like a provider in a preview: what follows from the inputs is known, the rest is not."""

    @override
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs = cast("dict[str, Any]", args.inputs)
        known = _derived(args.typ, inputs)
        return str(known.pop("id", "")), {**inputs, **known}

    @override
    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise NotImplementedError(f"the program asks the cloud a question: {args.token}")


class _Recorder(mocks.MockMonitor):
    def __init__(self) -> None:
        super().__init__(_Assigned())
        self.recording = Recording()

    @override
    def RegisterResource(self, request: Any) -> Any:
        if request.type != "pulumi:pulumi:Stack":
            self.recording.resources.append(
                _registration(self.make_urn(request.parent, request.type, request.name), request)
            )
        return super().RegisterResource(request)

    @override
    def RegisterResourceOutputs(self, request: Any) -> Any:
        if request.urn.split("::")[2] == "pulumi:pulumi:Stack":
            self.recording.outputs = _plain(json_format.MessageToDict(request.outputs))
        return super().RegisterResourceOutputs(request)


def record(program: Path, *, project: str, stack: str, config: Mapping[str, object]) -> Recording:
    """Run a Pulumi program as a preview of `stack` with `config`, from the program's own folder.

    `config` is keyed as in the stack file. What the program raises is raised here.
    """
    done: Future[Recording] = Future()
    with _configured(config), contextlib.chdir(program.parent):
        # In a thread of its own: an earlier run has left nothing in its context (no stack that would stay the root,
        # with outputs that would be among this one's), and the SDK notes the way to each resource from the thread's
        # start. A daemon, so that Ctrl-C ends a program that waits for something, too.
        thread = Thread(target=_run, args=(done, program, project, stack), daemon=True)
        thread.start()
        thread.join()
        return done.result(timeout=0)


def _run(done: Future[Recording], program: Path, project: str, stack: str) -> None:
    """Run a program as Pulumi's language host does, but with a monitor that only writes down."""
    recorder = _Recorder()
    try:
        with asyncio.Runner() as runner, contextlib.closing(asyncio.new_event_loop()) as answers:
            loop = runner.get_loop()
            asyncio.set_event_loop(loop)
            # The monitor answers in another thread, where the SDK wants a loop too and would leave it open.
            loop.set_default_executor(ThreadPoolExecutor(1, initializer=asyncio.set_event_loop, initargs=(answers,)))
            pulumi.runtime.configure(
                mocks.MockSettings(
                    monitor=recorder,
                    engine=mocks.MockEngine(logging.getLogger(__name__)),
                    project=project,
                    stack=stack,
                    dry_run=True,
                    outputs=set(),
                )
            )
            loop.run_until_complete(pulumi.runtime.run_in_stack(functools.partial(_main, program)))
        done.set_result(recorder.recording)
    except BaseException as error:  # noqa: BLE001 raised anew by the caller
        done.set_exception(error)


def _main(program: Path) -> Awaitable[None]:
    # Not by runpy, whose frames would be on the way to each resource as well.
    exec(compile(program.read_bytes(), program, "exec"), {"__name__": "__main__", "__file__": str(program)})  # noqa: S102
    # Registrations begin when the loop goes round; the SDK waits for those that have begun in a cheaper way.
    return asyncio.sleep(0)


@contextlib.contextmanager
def _configured(config: Mapping[str, object]) -> Generator[None]:
    """Hand configuration over as Pulumi's language host does: JSON in the environment."""
    handed = {key: value if isinstance(value, str) else json.dumps(value, default=str) for key, value in config.items()}
    before = os.environ.get("PULUMI_CONFIG")
    os.environ["PULUMI_CONFIG"] = json.dumps(handed)
    try:
        yield
    finally:
        if before is None:
            del os.environ["PULUMI_CONFIG"]
        else:
            os.environ["PULUMI_CONFIG"] = before


def _registration(urn: str, request: Any) -> Registration:
    options = {
        "aliases": [json_format.MessageToDict(alias) for alias in request.aliases],
        "deleteBeforeReplace": request.deleteBeforeReplace,
        "ignoreChanges": list(request.ignoreChanges),
        "replaceOnChanges": list(request.replaceOnChanges),
        "replaceWith": sorted(request.replace_with),
        "retainOnDelete": request.retainOnDelete,
        "replacementTrigger": _plain(json_format.MessageToDict(request.replacement_trigger)),
        "version": request.version,
    }
    return Registration(
        urn=urn,
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=None if request.parent.split("::")[2:3] in ([], ["pulumi:pulumi:Stack"]) else request.parent,
        inputs=_plain(json_format.MessageToDict(request.object)),
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies={
            name: tuple(sorted(urns.urns)) for name, urns in sorted(request.propertyDependencies.items()) if urns.urns
        },
        provider=request.provider or None,
        protect=request.protect,
        options={name: value for name, value in options.items() if value},
    )


def _plain(value: Any) -> Any:
    """Turn the wire form into plain JSON: whole numbers as integers, unknown values marked."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in cast("list[Any]", value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if value == rpc.UNKNOWN else value


def _derived(kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Work out the outputs of a resource that are functions of its inputs alone."""
    known = {key: value for key, value in inputs.items() if not isinstance(value, pulumi.output.Unknown)}
    try:
        return {key: form.format_map(known) for key, form in _FORMS.get(kind, {}).items()}
    except (KeyError, TypeError):
        return {}  # an input is unknown, and so is what follows from it


def _compute(path: str) -> dict[str, str]:
    path = f"projects/{{project}}/{path}/{{name}}"
    return {"id": path, "selfLink": f"https://www.googleapis.com/compute/v1/{path}"}


_ACCOUNT = "{accountId}@{project}.iam.gserviceaccount.com"
_FORMS: dict[str, dict[str, str]] = {
    "gcp:serviceaccount/account:Account": {
        "id": f"projects/{{project}}/serviceAccounts/{_ACCOUNT}",
        "name": f"projects/{{project}}/serviceAccounts/{_ACCOUNT}",
        "email": _ACCOUNT,
        "member": f"serviceAccount:{_ACCOUNT}",
    },
    "gcp:storage/bucket:Bucket": {"id": "{name}", "url": "gs://{name}"},
    "gcp:compute/network:Network": _compute("global/networks"),
    "gcp:compute/subnetwork:Subnetwork": _compute("regions/{region}/subnetworks"),
    "gcp:compute/disk:Disk": _compute("zones/{zone}/disks"),
    "gcp:compute/resourcePolicy:ResourcePolicy": _compute("regions/{region}/resourcePolicies"),
    "gcp:projects/iAMCustomRole:IAMCustomRole": {
        "id": "projects/{project}/roles/{roleId}",
        "name": "projects/{project}/roles/{roleId}",
    },
    "gcp:cloudbuildv2/repository:Repository": {"id": "{parentConnection}/repositories/{name}"},
    "gcp:vertex/aiEndpoint:AiEndpoint": {"id": "projects/{project}/locations/{location}/endpoints/{name}"},
}
"""Outputs by type, as patterns over the inputs (the provider's documented id formats, 10.2)."""
