"""What the project leans on in Pulumi's SDK without a promise is there, and is what it is taken for.

A failure here after a new release of the SDK says which line of `coursecloud/plan/sdk.py` to look at.
"""

import ast
import asyncio
import contextlib
import inspect
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, rpc, settings, stack
from pulumi_gcp import compute, storage
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from coursecloud.plan import import_ids, sdk
from tests.project import CHECKOUT

PLACES = ("catalog", "coursecloud", "guardrails", "infra", "__main__.py")
PRIVATE = ("pulumi.output", "pulumi.runtime.mocks", "pulumi.runtime.proto", "pulumi.runtime.rpc")


def imported(source: str) -> set[str]:
    """Name all that a module imports, with what it takes from it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return found


def leans(source: str) -> bool:
    """Say whether a module leans on what the SDK does not promise: a private name, or one of its inner modules."""
    taken = {name for name in imported(source) if name.split(".")[0] == "pulumi"}
    return any(name in PRIVATE or name.startswith("pulumi._") or "._" in name for name in taken)


def test_one_module_leans_on_private_parts_of_the_sdk() -> None:
    files = [file for place in PLACES for file in ([CHECKOUT / place] if place.endswith(".py") else
             sorted((CHECKOUT / place).rglob("*.py")))]  # fmt: skip
    found = {str(file.relative_to(CHECKOUT)) for file in files if leans(file.read_text(encoding="utf-8"))}
    assert found == {"coursecloud/plan/sdk.py"}


@pytest.mark.parametrize(
    "line",
    ["from pulumi import _types", "from pulumi.runtime import rpc", "import pulumi.runtime.mocks",
     "from pulumi.runtime.proto import resource_pb2", "from pulumi.runtime._callbacks import x"],
)  # fmt: skip
def test_such_a_module_is_seen(line: str) -> None:
    assert leans(line)
    assert not leans("import pulumi\nfrom pulumi.runtime import Mocks\nfrom pulumi_gcp import storage")


def test_a_run_has_the_settings_that_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    names = ("monitor", "engine", "project", "stack", "dry_run", "outputs", "callbacks", "package_refs",
             "base_providers_by_ref")  # fmt: skip

    def configure(made: object) -> None:
        for name in names:
            with contextlib.suppress(AttributeError):
                given[name] = getattr(made, name)

    def run_in_stack(func: object) -> object:
        return func

    assert list(inspect.signature(pulumi.runtime.run_in_stack).parameters) == ["func"]
    assert list(inspect.signature(mocks.MockEngine).parameters) == ["logger"]
    monkeypatch.setattr(pulumi.runtime, "configure", configure)
    monkeypatch.setattr(pulumi.runtime, "run_in_stack", run_in_stack)
    monitor: Any = object()
    program: Any = object()
    assert sdk.run(program, monitor, project="p", stack="s", preview=True, log="l") is program
    assert (given["monitor"], given["project"], given["stack"], given["dry_run"]) == (monitor, "p", "s", True)
    # The SDK takes settings of any name, so that one that it no longer reads would be passed over.
    read = inspect.getsource(settings) + inspect.getsource(stack)
    assert [name for name in names if name not in given or name not in read] == []


@pytest.mark.parametrize(
    "request_",
    ["RegisterResource", "ReadResource", "ExistsResource", "RegisterStackTransform", "RegisterStackInvokeTransform",
     "RegisterResourceHook", "RegisterErrorHook", "RegisterPackage", "RegisterResourceOutputs"],
)  # fmt: skip
def test_a_monitor_is_asked_by_the_names_that_are_listened_to(request_: str) -> None:
    assert list(inspect.signature(getattr(sdk.Monitor, request_)).parameters) == ["self", "request"]


def test_a_monitor_makes_urns_of_parent_type_and_name() -> None:
    assert list(inspect.signature(sdk.Monitor.make_urn).parameters) == ["self", "parent", "type_", "name"]


def test_what_a_monitor_can_be_asked_is_all_known() -> None:
    listened = {name for name, _ in inspect.getmembers(sdk.Monitor, inspect.isfunction) if name[0].isupper()}
    assert listened == {"ExistsResource", "Invoke", "ReadResource", "RegisterErrorHook", "RegisterPackage",
                        "RegisterResource", "RegisterResourceHook", "RegisterResourceOutputs",
                        "RegisterStackInvokeTransform", "RegisterStackTransform", "SupportsFeature",
                        "GetDeploymentInfo", "SignalAndWaitForShutdown"}  # fmt: skip


def test_what_is_no_plain_value_is_marked_on_the_wire_as_it_is_in_a_state() -> None:
    # A state keeps these for ever; they are Pulumi's (pulumi/sdk/go/common/resource/sig), not one release's.
    assert sdk.SIGNATURE == "4dabf18193072939515e22adb298388d"
    assert sdk.SECRET == "1b47061264138c4ac30d75fd1eb44270"
    assert sdk.OUTPUT == "d0e6a833031e9bbcd3f4e8bde6ca49a4"
    assert sdk.ASSETS == {
        "c44067f5952c0a294b673a41bacd8c17": "a file",
        "0def7320c3a5731c473e5ecbe6d01bc7": "an archive",
    }
    assert sdk.UNKNOWN_TEXT == rpc.UNKNOWN == import_ids.PREVIEWED_UNKNOWN == UNKNOWN_STRING_VALUE


def test_an_unknown_value_is_of_the_class_that_is_asked_for() -> None:
    assert isinstance(rpc.deserialize_property(rpc.UNKNOWN, keep_unknowns=True), sdk.Unknown)
    assert issubclass(UnknownValueError, Exception)


def test_inputs_and_outputs_are_read_from_the_classes() -> None:
    inputs = sdk.inputs_of(storage.BucketVersioningArgs)
    assert list(inputs) == ["enabled"]
    assert sdk.inputs_of(compute.InstanceBootDiskInitializeParamsArgs).keys() >= {"image", "size", "type"}
    assert sdk.outputs_of(storage.Bucket)["selfLink"] is str
    assert sdk.is_input_type(storage.BucketVersioningArgs)
    assert not sdk.is_input_type(storage.Bucket)
    versioning = sdk.outputs_of(storage.Bucket)["versioning"]
    assert sdk.is_output_type(versioning)
    assert dict(sdk.outputs_of(versioning)) == {"enabled": bool}
    assert not sdk.is_output_type(str)


def named_by_a_program(args: Any) -> Any:
    return args


def test_a_transform_is_found_by_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    from pulumi.runtime import _callbacks  # pyright: ignore[reportPrivateUsage]

    class Monitor:
        pass

    async def registered() -> None:
        servicer: Any = _callbacks._CallbackServicer(Monitor())  # pyright: ignore[reportPrivateUsage, reportArgumentType]
        callback = servicer.register_transform(named_by_a_program)
        assert sdk.name_of(callback.token) == "named_by_a_program"
        found = sdk.function_of(callback.token)
        assert found is not None
        function, loop = found
        assert inspect.iscoroutinefunction(function)
        assert loop is asyncio.get_running_loop()

    monkeypatch.setattr(_callbacks._CallbackServicer, "_servicers", [])  # pyright: ignore[reportPrivateUsage]
    assert sdk.function_of("no such token") is None
    assert sdk.name_of("no such token") == "a function"
    asyncio.run(registered())
