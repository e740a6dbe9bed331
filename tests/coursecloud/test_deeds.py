"""What a program does beside asking for resources, recorded from real programs and told in words."""

from pathlib import Path

import pytest
from pulumi.runtime.proto import resource_pb2

from coursecloud.plan import effects, engine_request
from coursecloud.plan.engine import Recording
from coursecloud.plan.registration import Deed
from tests.coursecloud.test_engine import one, run

DYNAMIC = """
from pulumi import dynamic
class P(dynamic.ResourceProvider):
    def create(self, props): return dynamic.CreateResult("x", outs={})
class R(dynamic.Resource):
    def __init__(self): super().__init__(P(), "r", {})
R()
"""
REMOTE = """
class C(pulumi.ComponentResource):
    def __init__(self): super().__init__("eks:index:Cluster", "c", {}, None, True)
C()
"""
HOOK = "pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook('h', lambda _: None)])"


def found(made: Recording) -> list[Deed]:
    return [*made.deeds, *(deed for resource in made.resources for deed in effects.of_resource(resource))]


def opts(options: str) -> str:
    return f"storage.Bucket('b', location='EU', opts=pulumi.ResourceOptions({options}))"


@pytest.mark.parametrize(
    ("lines", "kind", "said"),
    [
        (opts("import_='foreign'"), "import", "takes over `foreign`"),
        (opts("retain_on_delete=True"), "retain", "goes on billing"),
        (opts("deleted_with=storage.Bucket('c', location='EU')"), "retain", "go with `c`"),
        (opts("ignore_changes=['labels']"), "overlook", "`labels`"),
        (opts("hide_diffs=['location']"), "overlook", "hide changes of `location`"),
        (opts("version='9.0.0'"), "provider", "9.0.0"),
        (opts("plugin_download_url='https://x.example'"), "provider", "`https://x.example`"),
        (opts("delete_before_replace=True"), "option", "in between there is none"),
        (opts("custom_timeouts=pulumi.CustomTimeouts(create='3h')"), "option", "3h"),
        (
            opts("provider=pulumi.ProviderResource('gcp', 'mine', {'project': 'other'})"),
            "provider",
            "for project `other`",
        ),
        (opts("provider=pulumi.ProviderResource('gcp', 'default', {})"), "provider", "made by a provider of its own"),
        (opts("transforms=[lambda _: None]"), "transform", "<lambda>"),
        (opts(f"hooks={HOOK}"), "hook", "`h`"),
        ("pulumi.runtime.register_resource_transform(lambda _: None)", "transform", "every resource"),
        ("pulumi.runtime.register_invoke_transform(lambda _: None)", "transform", "not seen here"),
        ("pulumi.ResourceHook('h', lambda _: None)", "hook", "`h`"),
        (DYNAMIC, "code", "dynamic resource"),
        (REMOTE, "code", "component of package `eks`"),
        ("pulumi.CustomResource('random:index/randomId:RandomId', 'r', {})", "package", "`random`"),
        ("storage.Bucket.get('b', 'other')", "read", "`other`"),
        ("pulumi.StackReference('org/x/y')", "read", "org/x/y"),
        ("storage.BucketObject('o', bucket='b', source=pulumi.FileAsset('x.txt'))", "asset", "`x.txt`"),
        ("storage.BucketObject('o', bucket='b', source=pulumi.RemoteAsset('https://x.example'))", "asset", "x.example"),
        (
            "storage.BucketObject('o', bucket='b', source=pulumi.AssetArchive({'a': pulumi.StringAsset('x')}))",
            "asset",
            "an archive",
        ),
    ],
)
def test_a_deed_is_told(lines: str, kind: str, said: str, tmp_path: Path) -> None:
    told = found(run(tmp_path, lines))
    assert any(each.kind == kind and said in each.text for each in told), told
    assert {each.kind for each in told} <= effects.KINDS.keys()


@pytest.mark.parametrize("lines", [opts("protect=True"), "compute.Network('n')"])
def test_what_a_plan_shows_is_no_deed(lines: str, tmp_path: Path) -> None:
    assert found(run(tmp_path, lines)) == []


TRANSFORM = """
def moved(args):
    return pulumi.ResourceTransformResult(
        props={**args.props, "location": "US"},
        opts=pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(retain_on_delete=True)),
    )
"""


def test_a_transform_of_the_stack_is_applied_to_what_comes_after_it(tmp_path: Path) -> None:
    made = run(
        tmp_path,
        f"{TRANSFORM}\nstorage.Bucket('a', location='EU')\n"
        "pulumi.runtime.register_resource_transform(moved)\nstorage.Bucket('b', location='EU')",
    )
    assert [one(made, name).inputs["location"] for name in "ab"] == ["EU", "US"]
    assert "retainOnDelete" not in one(made, "a").options
    assert one(made, "b").options["retainOnDelete"] is True
    assert ["moved" in deed.text for deed in made.deeds] == [True]


def test_a_transform_of_a_parent_reaches_its_children_and_one_run_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    lines = f"""{TRANSFORM}
c = pulumi.ComponentResource("a:b:C", "c", opts=pulumi.ResourceOptions(transforms=[moved]))
storage.Bucket("in", location="EU", opts=pulumi.ResourceOptions(parent=c))
storage.Bucket("out", location="EU")
"""
    for _ in range(2):
        made = run(tmp_path, lines)
        assert [one(made, name).inputs["location"] for name in ("in", "out")] == ["US", "EU"]
        assert one(made, "in").parent == one(made, "c").urn


LATER = """
import asyncio, functools, threading, time
async def later():
    await asyncio.sleep(3)
    storage.Bucket("late", location="EU")
def soon(*_):
    time.sleep(0.5)
"""


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("asyncio.ensure_future(later())", "later"),
        ("asyncio.get_event_loop().call_later(5, soon)", "soon"),
        ("asyncio.get_event_loop().call_later(5, functools.partial(soon, 1))", "soon"),
        ("threading.Thread(target=soon, daemon=True).start()", "soon"),
        ("threading.Timer(0.5, soon).start()", "soon"),
    ],
)
def test_what_a_program_leaves_waiting_is_named(line: str, name: str, tmp_path: Path) -> None:
    (deed,) = run(tmp_path, LATER + line).deeds
    assert (deed.kind, f"leaves `{name}` waiting" in deed.text) == ("code", True)


def test_an_odd_callable_that_waits_holds_no_plan_up(tmp_path: Path) -> None:
    odd = "class Odd:\n    func = property(lambda self: self)\n    def __call__(self): ...\n"
    run(tmp_path, f"{LATER}{odd}asyncio.get_event_loop().call_later(5, Odd())")


def test_what_has_ended_with_the_program_is_not_named(tmp_path: Path) -> None:
    ended = "t = threading.Thread(target=soon)\nt.start()\nt.join()\nstorage.Bucket('b', location='EU')"
    waited = "pulumi.export('x', pulumi.Output.from_input(asyncio.sleep(0.1, 'y')))"
    assert run(tmp_path, f"{LATER}{ended}\n{waited}").deeds == []


def test_a_transform_that_fails_fails_the_plan(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        run(tmp_path, "pulumi.runtime.register_resource_transform(lambda _: 1 / 0)\nstorage.Bucket('b', location='EU')")


@pytest.mark.parametrize("asked", ["compute.get_zones(region='r')", "pulumi.runtime.call('a:b:c', {})"])
def test_a_question_to_the_cloud_ends_the_plan_in_words(asked: str, tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError, match="asks the cloud a question"):
        run(tmp_path, asked)


def test_a_credential_of_a_provider_is_never_recorded(tmp_path: Path) -> None:
    made = run(tmp_path, "import pulumi_gcp\npulumi_gcp.Provider('p', credentials='hunter2', access_token='hunter3')")
    assert "hunter" not in str(made)


def test_each_field_of_the_request_has_its_place_and_a_new_one_would_be_named() -> None:
    fields = {field.name for field in resource_pb2.RegisterResourceRequest.DESCRIPTOR.fields}
    known = engine_request.FIELDS | engine_request.TALK | engine_request.OPTIONS.keys() | {"additionalSecretOutputs"}
    assert known <= fields
    assert fields - known == {"snippetId"}
    request = resource_pb2.RegisterResourceRequest(type="a:b:C", name="x", snippetId="1")
    made = engine_request.registration("urn:pulumi:s::p::a:b:C::x", request, ())
    assert made.options["unread"] == ["snippetId"]
    assert [deed.kind for deed in effects.of_resource(made)] == ["unread"]


def test_every_option_of_a_registration_has_its_words_or_is_told_by_the_change() -> None:
    told = {
        "aliases", "aliasURNs", "deleteBeforeReplace", "replaceOnChanges", "replaceWith", "replacementTrigger",
        "version", "remote", "providers", "packageRef",
    }  # fmt: skip
    assert set(engine_request.OPTIONS.values()) - told <= effects.OPTIONS.keys()
