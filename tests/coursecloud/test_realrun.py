"""The program as the real run: what it does there and not in its preview is told, and what is the same is not."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from coursecloud.plan import engine, planning, real_run
from coursecloud.plan.registration import Deed
from tests.infra.planned import COMMITTED
from tests.project import ROOT, make

HEAD = """\
import os, time
import pulumi
from pulumi_gcp import compute, projects, storage
b = storage.Bucket("b", location="EU")
ME = "somebody-else"
SOON, DAY = time.strftime("%Y-%m-%d", time.localtime(START + 86400)), time.gmtime(START + 86400)[:3]
def bucket(**options):
    return storage.Bucket("c", location="EU", opts=pulumi.ResourceOptions(**options))
"""
DRY = "pulumi.runtime.is_dry_run()"


def told(folder: Path, lines: str, project: str = "some-project-1") -> tuple[Deed, ...]:
    program = folder / "__main__.py"
    program.write_text(f"START = {time.time()}\n" + HEAD + textwrap.dedent(lines), encoding="utf-8")
    config = {"gcp:project": project}
    preview = engine.record(program, project="coursecloud", stack="x", config=config)
    return real_run.differences(program, preview, project="coursecloud", stack="x", config=config)


@pytest.mark.parametrize(
    ("lines", "name", "said"),
    [
        (f"if not {DRY}: storage.Bucket('more', location='US')", "more", "made in the real run only"),
        (f"if {DRY}: storage.Bucket('less', location='US')", "less", "in the preview only"),
        (f"storage.Bucket('c', location='EU' if {DRY} else 'US')", "c", '`location` is `"EU"` in the preview and'),
        (f"storage.Bucket('c', location='EU', labels={{}} if {DRY} else {{'a': 'b'}})", "c", "`labels"),
        (f"bucket(protect={DRY})", "c", "protect"),
        (f"bucket(retain_on_delete=not {DRY})", "c", "retainOnDelete"),
        (f"bucket(import_=None if {DRY} else 'x')", "c", "importId"),
        (f"bucket(parent=b if {DRY} else None)", "c", "real run"),
        (f"pulumi.export('a', {DRY})", "stack", "the output `a`"),
        (f"if not {DRY}: storage.Bucket.get('c', 'x')", "stack", "it reads gcp:storage/bucket:Bucket `x`"),
        (f"if not {DRY}: raise RuntimeError('boom')", "stack", "runs it: RuntimeError: boom"),
        (f"if not {DRY}: raise SystemExit(3)", "stack", "fails when it is run"),
        ("b.self_link.apply(lambda _: storage.Bucket('more', location='US'))", "more", "made in the real run only"),
        ("b.self_link.apply(lambda _: 1 / 0)", "stack", "ZeroDivisionError"),
        (
            "projects.IAMMember('g', project='p', role=b.self_link.apply(lambda _: 'roles/owner'), member='allUsers')",
            "g",
            '`role` is `"roles/owner"` whatever Google answers',
        ),
        (
            "storage.Bucket('c', location='EU', force_destroy=b.self_link.apply(lambda _: True))",
            "c",
            "`forceDestroy` is `true` whatever Google answers",
        ),
        ("storage.Bucket('c', location='EU', labels={'t': str(time.time_ns())})", "c", "two previews differ, too"),
        ("storage.Bucket('c', location='US' if os.environ.get('CI') else 'EU')", "c", "`location`"),
        ("storage.Bucket('b', location='US')", "stack", "two resources of one type as `b`"),
        *(
            (f"import datetime, getpass, platform, socket\nbucket(protect={asked})", "c", "protect")
            for asked in (
                "datetime.datetime.now().date().isoformat() > SOON",
                "datetime.datetime.now(datetime.UTC).isoformat() > SOON",
                "time.strftime('%Y-%m-%d') > SOON", "time.localtime()[:3] > DAY", "time.gmtime()[:3] > DAY",
                "datetime.date.today().isoformat() > SOON", "os.uname().nodename == 'another-machine'",
                "platform.node() == 'another-machine'", "os.cpu_count() == 96", "'GITHUB_REPOSITORY' in os.environ",
                "getpass.getuser() != ME", "'SOMEBODYS' in os.environ", "os.getuid() == 4321",
            )
        ),
    ],
)  # fmt: skip
def test_what_the_real_run_does_otherwise_is_told(
    lines: str, name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("CI", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("SOMEBODYS", "1")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    found = told(tmp_path, lines)
    assert [(each.kind, each.name) for each in found][:1] == [("differs", name)]
    assert any(said in each.text for each in found), found


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "storage.Bucket('c', location='EU', uniform_bucket_level_access=b.uniform_bucket_level_access,"
        " requester_pays=b.requester_pays.apply(lambda pays: not pays))",
        "pulumi.export('u', b.self_link.apply(lambda link: link.upper()))",
        "import hashlib\nstorage.BucketObject('o', bucket=b.name, content='x',"
        " name=b.self_link.apply(lambda link: hashlib.sha256(link.encode()).hexdigest()))",
        "m = compute.Instance('m', machine_type='e2-small', boot_disk={}, network_interfaces=[{'network': 'n'}])\n"
        "pulumi.export('ip', m.network_interfaces[0].network_ip)",
    ],
)
def test_what_is_the_same_in_both_runs_is_no_difference(lines: str, tmp_path: Path) -> None:
    assert told(tmp_path, lines) == ()


def test_what_a_module_decides_while_it_is_loaded_counts_too(tmp_path: Path) -> None:
    (tmp_path / "place_of_it.py").write_text(
        "import pulumi\nPLACE = 'EU' if pulumi.runtime.is_dry_run() else 'US'\n", encoding="utf-8"
    )
    lines = f"""
    import sys
    sys.path.insert(0, {str(tmp_path)!r})
    import place_of_it
    storage.Bucket("c", location=place_of_it.PLACE)
    sys.path.remove({str(tmp_path)!r})
    """
    (found,) = told(tmp_path, lines)
    assert (found.name, "`location`" in found.text) == ("c", True)


@pytest.mark.parametrize(
    ("file", "more", "main"),
    [
        ("infra/more.py", 'from pulumi_gcp import storage\nstorage.Bucket("x", location="EU")\n', "import infra.more"),
        ("infra/more.py", "MADE = []\n", "from infra.more import MADE"),
        ("infra/names.py", "MADE = []\n", "from infra.names import MADE"),
        ("more/__init__.py", "MADE = []\n", "from more import MADE"),
        ("infra/more.py", "", "import os; MADE = [1] if 'MADE' in os.environ else []; os.environ['MADE'] = ''"),
    ],
)  # fmt: skip
def test_what_one_stack_leaves_in_the_programs_modules_is_not_the_next_ones(
    file: str, more: str, main: str, tmp_path: Path
) -> None:
    root = make(tmp_path / "project")
    (root / file).parent.mkdir(exist_ok=True)
    with (root / file).open("a", encoding="utf-8") as its:
        its.write(more)
    with (root / "__main__.py").open("a", encoding="utf-8") as program:
        program.write(f"{main}\n")
        if "MADE" in main:
            program.write("from pulumi_gcp import storage\nif not MADE: storage.Bucket('x', location='EU')\n")
            program.write("MADE.append(1)\n")
    asked = (
        "import pathlib, sys; sys.path.insert(0, '.')\n"
        "from coursecloud.plan import planning\n"
        "root = pathlib.Path.cwd()\n"
        "for stack in ('dev', 'gpu'):\n"
        "    made = planning.make(stack, root / f'Pulumi.{stack}.yaml', root, twice=True)\n"
        "    print(len([each for each in made.resources if each.name == 'x']), [each.text for each in made.program])"
    )
    done = subprocess.run([sys.executable, "-I", "-c", asked], cwd=root, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert [line[:1] for line in lines] == ["1", "1"], done.stdout + done.stderr
    assert "real run" not in done.stdout


def test_an_example_that_the_program_refuses_is_run_with_another_project(tmp_path: Path) -> None:
    guard = (
        f"if pulumi.Config('gcp').get('project') == 'example-project-id' and not {DRY}:"
        " raise pulumi.RunError('write your own')\n"
    )
    assert told(tmp_path, guard, "example-project-id") == ()
    (more,) = told(tmp_path, guard + f"if not {DRY}: storage.Bucket('c', location='EU')", "example-project-id")
    assert more.name == "c"


def test_a_secret_that_google_makes_is_the_same_in_both(tmp_path: Path) -> None:
    assert told(tmp_path, "pulumi.export('a', pulumi.Output.secret({'b': b.self_link, 'c': 1}))") == ()
    (found,) = told(tmp_path, f"pulumi.export('a', pulumi.Output.secret({DRY}))")
    assert "the output `a`" in found.text


def test_a_secret_is_not_shown_where_it_differs(tmp_path: Path) -> None:
    lines = (
        f"storage.Bucket('c', location='EU', labels={{'a': pulumi.Output.secret('hunter2' if {DRY} else 'hunter3')}})"
    )
    (found,) = told(tmp_path, lines)
    assert "hunter" not in found.text


def test_the_environment_and_the_modules_are_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "yes")
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    before, modules = dict(os.environ), dict(sys.modules)
    planning.make("dev", ROOT / "Pulumi.dev.yaml", ROOT, twice=True)
    assert dict(os.environ) == before
    assert all(sys.modules.get(name) is module for name, module in modules.items())


@pytest.mark.parametrize("stack", COMMITTED)
def test_the_committed_stacks_do_the_same_in_both_runs_and_nothing_else(stack: str) -> None:
    assert planning.make(stack, ROOT / f"Pulumi.{stack}.yaml", ROOT, twice=True).deeds == ()


ASKING = """\
from pulumi_gcp import artifactregistry, cloudrunv2
def there(name):
    try:
        artifactregistry.get_docker_image(image_name=name, location="EU", project="p", repository_id="r")
    except Exception:
        return False
    return True
def service(image):
    template = cloudrunv2.ServiceTemplateArgs(containers=[cloudrunv2.ServiceTemplateContainerArgs(image=image)])
    return cloudrunv2.Service("s", location="EU", template=template)
"""


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("service('own' if there('a') else 'us-docker.pkg.dev/cloudrun/container/hello')", ""),
        ("service('own' if there('a') else 'us-docker.pkg.dev/evil/a')", '`template.containers[0].image` is `"own"`'),
        ("storage.Bucket('c', location='EU' if there('a') else 'US')", "in an `up` before images are pushed"),
        ("there('a') or storage.Bucket('c', location='EU')", "is made in an `up` before images are pushed only"),
        ("there('a') or 1 / 0", "ZeroDivisionError"),
    ],
)
def test_what_hangs_on_images_that_are_not_pushed_yet_is_told(lines: str, said: str, tmp_path: Path) -> None:
    found = told(tmp_path, f"{ASKING}{lines}\n")
    assert [said in each.text for each in found] == ([True] if said else [])
