"""`coursecloud status` of what the real engine brought up: each thing, and what its hours have cost."""

import pytest
from typer.testing import CliRunner

from coursecloud.cli.application import app
from tests.e2e.conftest import PROJECT, Project
from tests.e2e.test_what_runs import ZONE


def test_what_an_up_made_is_counted_by_the_hour(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = project.emulator
    emulator.world.projects[PROJECT].services.add("logging.googleapis.com")  # as in every new project of Google's
    project.stack_file(
        "dev",
        {
            "gcp:project": PROJECT,
            "coursecloud:lease": {"starts": "2026-11-23", "ends": "2026-12-18"},
            "coursecloud:machines": {"forgotten": {"machineType": "e2-medium", "zone": ZONE}},
        },
    )
    assert project.pulumi("stack", "init", "dev").returncode == 0
    up = project.pulumi("up", "--yes", "--skip-preview", "--stack", "dev")
    assert up.returncode == 0, up.stdout + up.stderr
    monkeypatch.chdir(project.root)
    (project.root / "coursecloud").mkdir()
    spent: list[float] = []
    for hours in (1, 3):
        emulator.pass_time(hours=hours)
        told = CliRunner().invoke(app, ["status", "--stack", "dev"], env={"NO_COLOR": "1", **emulator.env(PROJECT)})
        assert told.exit_code == 0, told.output
        lines = told.output.splitlines()
        assert "`dev-forgotten` $" in " ".join(lines[:5])
        # The machine, its boot disk, which no list has by itself, and the disk of the work.
        names = ["dev-forgotten", "  its boot disk", "dev-forgotten-work"]
        assert [sum(line.startswith(name) for line in lines) for name in names] == [2, 1, 1]
        assert not [line for line in lines if " gone: " in line]
        spent.append(float(next(line for line in lines if line.startswith("total")).rpartition("$")[2]))
    # Four hours cost four times one, to a minute's price and the cents that are shown.
    assert spent[1] == pytest.approx(4 * spent[0], rel=0.05)
