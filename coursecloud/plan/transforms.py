"""A program's transforms, applied as Pulumi's engine applies them: Pulumi's own mock runtime passes them over."""

import asyncio
from collections.abc import Mapping
from typing import Any

from coursecloud.plan import sdk
from coursecloud.plan.sdk import RegisterRequest, TransformOptions, TransformRequest, TransformResponse

_OPTIONS: Mapping[str, str] = {
    "depends_on": "dependencies",
    "protect": "protect",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "version": "version",
    "aliases": "aliases",
    "provider": "provider",
    "custom_timeouts": "customTimeouts",
    "plugin_download_url": "pluginDownloadURL",
    "retain_on_delete": "retainOnDelete",
    "deleted_with": "deletedWith",
    "delete_before_replace": "deleteBeforeReplace",
    "additional_secret_outputs": "additionalSecretOutputs",
    "providers": "providers",
    "plugin_checksums": "pluginChecksums",
    "hooks": "hooks",
    "import": "importId",
    "hide_diff": "hideDiffs",
    "replace_with": "replace_with",
    "replacement_trigger": "replacement_trigger",
}
"""What a transform may change beside the inputs, and the field of the registration that it stands for."""


class Transforms:
    """The transforms of one run: of single resources, which hold for what hangs under them too, and of the stack."""

    def __init__(self) -> None:
        self._of: dict[str, list[Any]] = {}
        self._parents: dict[str, str] = {}
        self._stack: list[Any] = []

    def of_stack(self, callback: Any) -> str:
        """Take one for every resource that is registered from now on, and give its name."""
        self._stack.append(callback)
        return name_of(callback)

    def applied(self, urn: str, request: Any) -> tuple[Any, list[str]]:
        """Give a registration as its transforms leave it, and the names of those that it brings itself.

        In the engine's order (pulumi/pkg/resource/deploy/source_eval.go, 3.272): the resource's own, then those of
        each parent from the inside out, then the stack's. What a transform raises is raised.
        """
        self._of[urn], self._parents[urn] = list(request.transforms), request.parent
        found, upper = list(request.transforms), request.parent
        while upper:
            found += self._of.get(upper, [])
            upper = self._parents.get(upper, "")
        found += self._stack
        if not found:
            return request, []
        changed = RegisterRequest()
        changed.CopyFrom(request)
        for callback in found:
            _apply(callback, changed)
        return changed, [name_of(callback) for callback in request.transforms]


def _apply(callback: Any, request: Any) -> None:
    options = TransformOptions()
    present = {field.name for field, _ in request.ListFields()}
    for theirs, ours in _OPTIONS.items():
        if ours in present and (ours != "deleteBeforeReplace" or request.deleteBeforeReplaceDefined):
            _copy(request, ours, options, theirs)
    asked = TransformRequest(
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        properties=request.object,
        options=options,
    )
    answer = TransformResponse.FromString(_invoke(callback, asked.SerializeToString()))
    if answer.HasField("properties"):
        request.object.CopyFrom(answer.properties)
    if not answer.HasField("options"):
        return
    for theirs, ours in _OPTIONS.items():
        request.ClearField(ours)
        if theirs in {field.name for field, _ in answer.options.ListFields()}:
            _copy(answer.options, theirs, request, ours)
    request.deleteBeforeReplaceDefined = answer.options.HasField("delete_before_replace")


def _copy(source: Any, name: str, target: Any, called: str) -> None:
    value = getattr(source, name)
    descriptor = source.DESCRIPTOR.fields_by_name[name]
    if descriptor.message_type and descriptor.message_type.GetOptions().map_entry:
        getattr(target, called).update(value)
    elif descriptor.label == descriptor.LABEL_REPEATED:
        getattr(target, called).extend(value)
    elif descriptor.message_type:
        getattr(target, called).CopyFrom(value)
    else:
        setattr(target, called, value)


def _invoke(callback: Any, request: bytes) -> bytes:
    """Call the program's function in the program's own event loop, as the engine's call arrives there."""
    found = sdk.function_of(callback.token)
    if found is None:
        # Not StopIteration, which no future takes: the program would wait for ever.
        raise RuntimeError("a transform that the SDK no longer knows")
    function, loop = found
    return asyncio.run_coroutine_threadsafe(function(request), loop).result().SerializeToString()


def name_of(callback: Any) -> str:
    """Name the program's function behind a callback."""
    return sdk.name_of(callback.token)
