"""The program is the one that this version ships, or each file of it that is not is named."""

import py_compile
import shutil
from pathlib import Path

import pytest

from coursecloud.plan import planning, shipped
from tests.project import CHECKOUT, ROOT


@pytest.fixture
def program(tmp_path: Path) -> Path:
    root = tmp_path / "program"
    for name in ("infra", "catalog"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__main__.py", "Pulumi.yaml", "requirements.txt"):
        shutil.copy(ROOT / name, root)
    return root


def test_the_list_is_current() -> None:
    assert shipped.listed() == shipped.digests(CHECKOUT), "python -m coursecloud.plan.shipped"


def test_what_nobody_changed_is_told_of_nowhere(program: Path) -> None:
    py_compile.compile(str(program / "infra" / "names.py"))
    project = program / "Pulumi.yaml"
    project.write_text(
        project.read_text(encoding="utf-8").replace("file://.pulumi-state", "gs://ours"), encoding="utf-8"
    )
    main = program / "__main__.py"
    main.write_bytes(main.read_bytes().replace(b"\n", b"\r\n"))
    assert shipped.altered(program) == []


@pytest.mark.parametrize(
    "name", ["__main__.py", "requirements.txt", "infra/settings/lease.py", "infra/scripts/container.sh", "infra/new.py"]
)
def test_a_file_that_differs_comes_or_goes_is_named(program: Path, name: str) -> None:
    file = program / name
    there = file.exists()
    file.parent.mkdir(exist_ok=True)
    file.write_text((file.read_text(encoding="utf-8") if there else "") + "\n", encoding="utf-8")
    assert shipped.altered(program) == [name]
    file.unlink()
    assert shipped.altered(program) == ([name] if there else [])


@pytest.mark.parametrize(
    "more", ["main: evil/", "config: {gcp:impersonateServiceAccount: {value: a}}", "stackConfigDir: x"]
)
def test_what_pulumi_would_run_otherwise_is_named(program: Path, more: str) -> None:
    project = program / "Pulumi.yaml"
    project.write_text(f"{project.read_text(encoding='utf-8')}{more}\n", encoding="utf-8")
    assert shipped.altered(program) == ["Pulumi.yaml"]


@pytest.mark.parametrize("name", ["Pulumi.json", "Pulumi.yml"])
def test_what_pulumi_reads_in_place_of_its_project_file_is_named(program: Path, name: str) -> None:
    (program / name).write_text("{}", encoding="utf-8")
    assert shipped.altered(program) == [name]


def test_what_says_that_more_is_loaded_with_a_library_is_named(program: Path) -> None:
    (program / "x-1.dist-info").mkdir()
    (program / "x-1.dist-info" / "entry_points.txt").write_text("[pydantic]\np = evil:plugin\n", encoding="utf-8")
    assert shipped.altered(program) == ["x-1.dist-info/entry_points.txt"]


def test_what_python_is_just_writing_is_not_named(program: Path) -> None:
    (program / "infra" / "__pycache__").mkdir(exist_ok=True)
    (program / "infra" / "__pycache__" / "names.cpython-313.pyc.140212").write_bytes(b"")
    assert shipped.altered(program) == []


@pytest.mark.parametrize("source", ["infra/names.py", "__main__.py"])
@pytest.mark.parametrize("mode", ["UNCHECKED_HASH", "CHECKED_HASH"])
def test_what_was_compiled_of_another_source_is_named(program: Path, mode: str, source: str) -> None:
    made = py_compile.compile(str(program / source), invalidation_mode=py_compile.PycInvalidationMode[mode])
    assert made
    assert shipped.altered(program) == [Path(made).relative_to(program).as_posix()]
    project = program / "Pulumi.yaml"
    project.write_text("a: [", encoding="utf-8")
    assert shipped.altered(program) == ["what cannot be read"]


def test_a_plan_says_that_its_program_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert planning.make("dev", ROOT / "Pulumi.dev.yaml", ROOT).program == ()

    def altered(_: Path) -> list[str]:
        return ["catalog/a.json", *(f"infra/{n}.py" for n in range(10))]

    monkeypatch.setattr(shipped, "altered", altered)
    planning._altered.cache_clear()  # pyright: ignore[reportPrivateUsage]
    try:
        (deed,) = planning.make("dev", ROOT / "Pulumi.dev.yaml", ROOT).program
    finally:
        planning._altered.cache_clear()  # pyright: ignore[reportPrivateUsage]
    assert "`infra/0.py, " in deed.text
    assert deed.text.endswith("infra/9.py, catalog/a.json`")
    assert deed.kind == "altered"


@pytest.mark.parametrize("name", ["__main__.py", "Pulumi.yaml", "infra/network.py", "catalog", "infra/settings"])
def test_a_link_is_named_though_it_leads_to_the_same(program: Path, name: str, tmp_path: Path) -> None:
    (program / name).rename(tmp_path / "elsewhere")
    (program / name).symlink_to(tmp_path / "elsewhere")
    assert name in shipped.altered(program)


def test_a_link_that_leads_nowhere_hides_no_other_file(program: Path) -> None:
    (program / "infra/other.py").symlink_to("nowhere")
    (program / "infra/names.py").write_text("", encoding="utf-8")
    assert shipped.altered(program) == ["infra/names.py", "infra/other.py"]
