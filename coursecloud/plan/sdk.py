"""All that leans on parts of Pulumi's SDK which it does not promise to keep, in one place.

A plan runs a program on the SDK's own mock runtime, applies its transforms, and knows inputs and outputs by the SDK's
classes; for that it needs what only the SDK itself knows. `tests/contract/test_sdk.py` holds each of them against the
installed SDK, so that a release that moves or changes one is met there (3.272, read 2026-11-28).
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeGuard, cast

import pulumi

# pyright: reportPrivateUsage=false
from pulumi import _types
from pulumi.output import Unknown as Unknown
from pulumi.runtime import _callbacks, rpc
from pulumi.runtime.mocks import MockEngine, MockMonitor, MockSettings
from pulumi.runtime.proto import resource_pb2

Monitor = MockMonitor
"""The SDK's stand-in of the engine: its methods are named as the requests that a program makes."""

UNKNOWN_TEXT: str = rpc.UNKNOWN
"""What stands on the wire where a preview does not know a value."""

SIGNATURE: str = rpc._special_sig_key
"""The key of a value on the wire that is no plain one: a secret, a file, an output."""

SECRET: str = rpc._special_secret_sig
"""What stands under SIGNATURE where the value is a secret; no secret itself."""


def is_secret(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Say whether a value on the wire is one that the program, or Pulumi, has marked as a secret."""
    return isinstance(value, Mapping) and cast("Mapping[str, Any]", value).get(SIGNATURE) == SECRET


OUTPUT: str = rpc._special_output_value_sig
"""What stands there where it is an output."""

ASSETS: Mapping[str, str] = {rpc._special_asset_sig: "a file", rpc._special_archive_sig: "an archive"}
"""What stands there where it is one of these."""

RegisterRequest = resource_pb2.RegisterResourceRequest
TransformOptions = resource_pb2.TransformResourceOptions
TransformRequest = resource_pb2.TransformRequest
TransformResponse = resource_pb2.TransformResponse


def run(
    program: Callable[[], Awaitable[None] | None],
    monitor: Monitor,
    *,
    project: str,
    stack: str,
    preview: bool,
    log: str,
) -> Awaitable[Any]:
    """Have a program registered with a monitor, as the language host does; what it logs goes to the logger `log`."""
    pulumi.runtime.configure(
        MockSettings(
            monitor=monitor,
            engine=MockEngine(logging.getLogger(log)),
            project=project,
            stack=stack,
            dry_run=preview,
            outputs=set(),
            callbacks=None,  # of this run's loop, not of an earlier one
            package_refs={},
            base_providers_by_ref={},
        )
    )
    return pulumi.runtime.run_in_stack(program)


def is_input_type(kind: Any) -> bool:
    """Say whether a class is one of arguments."""
    return isinstance(kind, type) and _types.is_input_type(kind)


def is_output_type(kind: Any) -> bool:
    """Say whether a class is a block of outputs."""
    return isinstance(kind, type) and _types.is_output_type(kind)


def inputs_of(kind: Any) -> Mapping[str, Any]:
    """Give the inputs of a class of arguments with their types, by the names that the engine has for them."""
    types = _types.input_type_types(kind)
    names = _types.input_type_py_to_pulumi_names(kind)
    return {name: types.get(python, types.get(name)) for python, name in names.items()}


def outputs_of(kind: Any) -> Mapping[str, Any]:
    """Give the outputs of a resource's class, or of a block's, with their types."""
    return _types.output_type_types(kind) if is_output_type(kind) else _types.resource_types(kind)


def function_of(token: str) -> tuple[Callable[[bytes], Any], Any] | None:
    """Find the function of a program behind the token of a callback, and the event loop that it belongs to."""
    for servicer in _callbacks._CallbackServicer._servicers:
        if token in servicer._callbacks:
            return servicer._callbacks[token], servicer._loop
    return None


def name_of(token: str) -> str:
    """Name the transform of a program behind the token of a callback."""
    for servicer in _callbacks._CallbackServicer._servicers:
        for function, known in servicer._transforms.items():
            if known == token:
                return str(getattr(function, "__qualname__", function))
    return "a function"
