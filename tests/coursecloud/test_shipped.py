"""The program is the one that this version ships, or each file of it that is not is named."""

import shutil
from pathlib import Path

import pytest

from coursecloud.plan import planning, shipped
from tests.project import CHECKOUT, ROOT


@pytest.fixture
def program(tmp_path: Path) -> Path:
    root = tmp_path / "program"
    shutil.copytree(ROOT / "infra", root / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "__main__.py", root)
    return root


def test_the_list_is_current() -> None:
    assert shipped.listed() == shipped.digests(CHECKOUT), "python -m coursecloud.plan.shipped"


def test_what_nobody_changed_is_told_of_nowhere(program: Path) -> None:
    (program / "infra" / "notes.txt").write_text("x", encoding="utf-8")
    main = program / "__main__.py"
    main.write_bytes(main.read_bytes().replace(b"\n", b"\r\n"))
    assert shipped.altered(program) == []


@pytest.mark.parametrize(
    "name", ["__main__.py", "infra/settings/lease.py", "infra/scripts/container.sh", "infra/new.py"]
)
def test_a_file_that_differs_comes_or_goes_is_named(program: Path, name: str) -> None:
    file = program / name
    file.write_text((file.read_text(encoding="utf-8") if file.exists() else "") + "\n", encoding="utf-8")
    assert shipped.altered(program) == [name]
    file.unlink()
    assert shipped.altered(program) == ([] if name == "infra/new.py" else [name])


def test_a_plan_says_that_its_program_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert planning.make("dev", ROOT / "Pulumi.dev.yaml", ROOT).program == ()

    def altered(_: Path) -> list[str]:
        return [f"infra/{n}.py" for n in range(10)]

    monkeypatch.setattr(shipped, "altered", altered)
    (deed,) = planning.make("dev", ROOT / "Pulumi.dev.yaml", ROOT).program
    assert deed.text.endswith("infra/7.py` and 2 more")
    assert deed.kind == "altered"
