"""What is recorded of a program: each resource as it asked for it, with what is known, unknown and opted for."""

import contextlib
import gc
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pulumi
import pytest

from coursecloud.plan.engine import Recording, record
from coursecloud.plan.registration import UNKNOWN, Registration

HEAD = """\
import pulumi
from pulumi_gcp import compute, projects, serviceaccount, storage
config = pulumi.Config()
"""


def run(folder: Path, lines: str, **config: object) -> Recording:
    program = folder / "__main__.py"
    program.write_text(HEAD + textwrap.dedent(lines), encoding="utf-8")
    return record(program, project="coursecloud", stack="x", config={f"coursecloud:{k}": v for k, v in config.items()})


def one(recording: Recording, name: str) -> Registration:
    (found,) = (resource for resource in recording.resources if resource.name == name)
    return found


def test_a_resource_is_recorded_as_the_program_asked_for_it(tmp_path: Path) -> None:
    made = run(
        tmp_path,
        """
        first = storage.Bucket("first", name="b", location="EU", opts=pulumi.ResourceOptions(protect=True))
        storage.Bucket(
            "second", name=first.name.apply(lambda name: name + "-2"), location="EU", force_destroy=True,
            opts=pulumi.ResourceOptions(depends_on=[first], ignore_changes=["labels"], retain_on_delete=True),
        )
        """,
    )
    first, second = one(made, "first"), one(made, "second")
    assert first.urn.endswith("gcp:storage/bucket:Bucket::first")
    assert (first.type, first.custom, first.parent) == ("gcp:storage/bucket:Bucket", True, None)
    assert (first.protect, first.dependencies, dict(first.property_dependencies)) == (True, (), {})
    assert dict(second.inputs) == {"name": "b-2", "location": "EU", "forceDestroy": True}
    assert (second.protect, second.dependencies) == (False, (first.urn,))
    assert dict(second.property_dependencies) == {"name": (first.urn,)}
    assert second.options["ignoreChanges"] == ["labels"]
    assert second.options["retainOnDelete"] is True
    assert second.options["version"].count(".") == 2
    assert set(first.options) == {"version"}


def test_every_option_that_decides_over_a_resources_life_is_recorded(tmp_path: Path) -> None:
    made = run(
        tmp_path,
        """
        storage.Bucket("b", name="b", location="EU", opts=pulumi.ResourceOptions(
            aliases=[pulumi.Alias(name="old")], delete_before_replace=True, replace_on_changes=["name"],
            replacement_trigger=["two GPUs"], provider=pulumi.ProviderResource("gcp", "mine", {}),
        ))
        c = storage.Bucket("c", name="c", location="EU", opts=pulumi.ResourceOptions(delete_before_replace=False))
        storage.Bucket("d", name="d", location="EU", opts=pulumi.ResourceOptions(replace_with=[c]))
        """,
    )
    options = one(made, "b").options
    assert options["deleteBeforeReplace"] is True
    assert options["replaceOnChanges"] == ["name"]
    assert options["replacementTrigger"] == ["two GPUs"]
    assert options["aliases"][0]["spec"]["name"] == "old"
    provider = one(made, "b").provider
    assert provider is not None
    assert "::mine" in provider
    assert one(made, "c").provider is None
    assert set(one(made, "c").options) == {"version"}
    assert one(made, "d").options["replaceWith"] == [one(made, "c").urn]


def test_what_google_makes_of_names_alone_is_known_before_the_run(tmp_path: Path) -> None:
    made = run(
        tmp_path,
        """
        place = {"project": "p-1", "zone": "europe-west1-b"}
        disk = compute.Disk("d", name="d", **place)
        compute.Disk("e", name="e", **place, description=disk.id, source_disk=disk.self_link)
        """,
    )
    path = "projects/p-1/zones/europe-west1-b/disks/d"
    assert one(made, "e").inputs["description"] == path
    assert one(made, "e").inputs["sourceDisk"] == f"https://www.googleapis.com/compute/v1/{path}"


def test_a_component_is_the_parent_of_its_children_and_the_stack_is_nobodys(tmp_path: Path) -> None:
    made = run(
        tmp_path,
        """
        group = pulumi.ComponentResource("coursecloud:infra:Group", "group")
        storage.Bucket("inside", name="b", location="EU", opts=pulumi.ResourceOptions(parent=group))
        """,
    )
    group = one(made, "group")
    assert (group.custom, group.parent) == (False, None)
    assert one(made, "inside").parent == group.urn
    assert [resource.name for resource in made.resources] == ["group", "inside"]


@pytest.mark.parametrize(
    ("resource", "known"),
    [
        (
            'serviceaccount.Account("r", account_id="a", project="p")',
            {
                "email": "a@p.iam.gserviceaccount.com",
                "member": "serviceAccount:a@p.iam.gserviceaccount.com",
                "name": "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com",
                "id": "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com",
                "unique_id": UNKNOWN,
            },
        ),
        ('storage.Bucket("r", name="b", location="EU")', {"id": "b", "url": "gs://b", "self_link": UNKNOWN}),
        (
            'compute.Network("r", name="n", project="p")',
            {
                "id": "projects/p/global/networks/n",
                "self_link": "https://www.googleapis.com/compute/v1/projects/p/global/networks/n",
            },
        ),
        ('compute.Network("r", name="n")', {"id": UNKNOWN, "self_link": UNKNOWN}),
        (
            'projects.IAMCustomRole("r", role_id="o", project="p", title="t", permissions=["a.b.c"])',
            {"id": "projects/p/roles/o", "name": "projects/p/roles/o"},
        ),
    ],
)
def test_what_follows_from_the_inputs_is_known_and_the_rest_is_marked(
    resource: str, known: dict[str, Any], tmp_path: Path
) -> None:
    exports = "\n".join(f"pulumi.export({key!r}, r.{key})" for key in known)
    assert run(tmp_path, f"r = {resource}\n{exports}\n").outputs == known


def test_numbers_lists_and_nothing_come_out_as_they_went_in(tmp_path: Path) -> None:
    value = {"whole": 3, "half": 0.5, "list": [1, "a", True, {"b": 2}], "no": False, "text": "3"}
    made = run(tmp_path, f"pulumi.export('value', {value!r})")
    assert made.outputs == {"value": value}
    assert isinstance(dict(made.outputs)["value"]["whole"], int)


def test_configuration_arrives_as_the_engine_hands_it_on(tmp_path: Path) -> None:
    made = run(
        tmp_path,
        """
        pulumi.export("text", config.get("text"))
        pulumi.export("section", config.get_object("section"))
        pulumi.export("flag", config.get("flag"))
        pulumi.export("where", [pulumi.get_project(), pulumi.get_stack(), pulumi.runtime.is_dry_run()])
        """,
        text="plain: text",
        section={"a": [1, 2]},
        flag=True,
    )
    assert made.outputs == {
        "text": "plain: text",
        "section": {"a": [1, 2]},
        "flag": "true",
        "where": ["coursecloud", "x", True],
    }


@pytest.mark.parametrize("before", [None, json.dumps({"other:key": "kept"})])
def test_the_environment_is_as_before_even_when_the_program_fails(
    before: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if before is None:
        monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    else:
        monkeypatch.setenv("PULUMI_CONFIG", before)
    with pytest.raises(ZeroDivisionError):
        run(tmp_path, "1 / 0")
    assert os.environ.get("PULUMI_CONFIG") == before
    assert run(tmp_path, "pulumi.export('a', 1)").outputs == {"a": 1}
    assert os.environ.get("PULUMI_CONFIG") == before


def test_a_program_runs_in_its_own_folder_and_two_runs_share_nothing(tmp_path: Path) -> None:
    first = run(tmp_path, "import os\npulumi.export('folder', os.getcwd())\nstorage.Bucket('b', location='EU')")
    second = run(tmp_path, "pulumi.export('alone', True)")
    assert first.outputs == {"folder": str(tmp_path)}
    assert second.outputs == {"alone": True}
    assert second.resources == []
    assert Path.cwd() != tmp_path


def test_a_program_may_have_an_asynchronous_entry_as_with_the_real_engine(tmp_path: Path) -> None:
    made = run(
        tmp_path,
        """
        import asyncio
        async def main():
            await asyncio.sleep(0)
            bucket = storage.Bucket("late", name="late", location="EU")
            return {"url": bucket.url}
        pulumi.run(main)
        """,
    )
    assert [resource.name for resource in made.resources] == ["late"]
    assert made.outputs == {"url": "gs://late"}


def test_a_program_knows_that_it_is_the_main_one_and_where_it_lies(tmp_path: Path) -> None:
    made = run(tmp_path, "pulumi.export('who', [__name__, __file__])")
    assert made.outputs == {"who": ["__main__", str(tmp_path / "__main__.py")]}


def test_what_a_program_logs_goes_to_the_logger_of_this_module(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(tmp_path, "pulumi.log.warn('careful')")
    assert [(record.name, record.message) for record in caplog.records] == [("coursecloud.plan.engine", "careful")]


def test_what_a_program_left_waiting_when_it_failed_is_not_waited_for_by_the_next(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        run(
            tmp_path,
            """
            import asyncio
            pulumi.Output.from_input(asyncio.sleep(600)).apply(print)
            storage.Bucket("b", location="EU", name=pulumi.Output.from_input("x").apply(lambda _: 1 / 0))
            """,
        )
    assert run(tmp_path, "pulumi.export('a', 1)").outputs == {"a": 1}


def open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


@pytest.mark.parametrize("fails", [False, True])
def test_no_thread_or_event_loop_outlives_a_run(fails: bool, tmp_path: Path) -> None:
    # A first run, so that what the SDK opens once does not count.
    run(tmp_path, "storage.Bucket('b', location='EU')")
    gc.collect()
    threads, files = set(threading.enumerate()), open_files()
    gc.disable()  # it would close what a run leaves open, some time
    try:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError) if fails else contextlib.nullcontext():
                run(tmp_path, f"storage.Bucket('b', location='EU'){'; 1 / 0' if fails else ''}")
        assert set(threading.enumerate()) <= threads
        assert open_files() <= files
    finally:
        gc.enable()


def test_one_thread_answers_the_program_so_that_what_is_recorded_keeps_its_order(tmp_path: Path) -> None:
    made = run(
        tmp_path,
        """
        import threading
        buckets = [storage.Bucket(f"b{number}", location="EU") for number in range(20)]
        names = pulumi.Output.all(*(bucket.urn for bucket in buckets)).apply(
            lambda _: [thread.name for thread in threading.enumerate() if "ThreadPoolExecutor" in thread.name]
        )
        pulumi.export("threads", names)
        """,
    )
    assert len(made.outputs["threads"]) == 1
    assert [resource.name for resource in made.resources] == [f"b{number}" for number in range(20)]


def test_a_run_leaves_the_callers_own_stack_alone(tmp_path: Path) -> None:
    before = pulumi.runtime.get_root_resource()
    run(tmp_path, "pulumi.export('a', 1)")
    assert pulumi.runtime.get_root_resource() is before


def test_ctrl_c_ends_a_program_that_waits(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import time\nprint('waiting', flush=True)\ntime.sleep(600)\n")
    code = f"""
from pathlib import Path
from coursecloud.plan import engine
engine.record(Path({str(tmp_path / "__main__.py")!r}), project="p", stack="s", config={{}})
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Where the tests run in the background of a shell, a child would inherit that it ignores the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"waiting\n"
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=600)
    assert b"KeyboardInterrupt" in error


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ("import os; os._exit(0)", "ends itself (exit code 0)"),
        ("import sys; sys.exit()", "ends itself (exit code 0)"),
        ("raise SystemExit(3)", "ends itself (exit code 3)"),
        ("raise GeneratorExit", "ends itself by GeneratorExit"),
    ],
)
def test_a_program_that_ends_itself_ends_no_check_with_0(ends: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text(f"{ends}\n", encoding="utf-8")
    with pytest.raises(pulumi.RunError, match=re.escape(said)):
        record(tmp_path / "__main__.py", project="x", stack="y", config={})
    assert os._exit.__module__ == "posix"
