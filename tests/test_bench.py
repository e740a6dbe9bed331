"""The flat program that the engine's figures are held against: it asks for the same as ours, and for nothing else."""

from pathlib import Path

import pytest
from rich.console import Console

from bench import cloud_run, engine
from coursecloud.cost import prices
from coursecloud.plan import engine as recorder
from coursecloud.plan.registration import UNKNOWN
from tests.review.made import config_of, planned


@pytest.mark.parametrize("stack", ["dev", "gpu"])
def test_the_flat_program_registers_the_same_resources_in_the_same_order(stack: str, tmp_path: Path) -> None:
    plan = planned(config_of(stack), tmp_path, stack)
    program = tmp_path / "__main__.py"
    program.write_text(engine.flat(plan), encoding="utf-8")
    config = {"gcp:project": plan.settings.project}
    made = recorder.record(program, project="coursecloud", stack=stack, config=config).resources
    ours = {(each.type, each.name): each for each in plan.custom}
    assert {(each.type, each.name) for each in made} == set(ours)
    for each in made:
        other = ours[each.type, each.name]
        assert each.parent is None
        assert each.protect == other.protect
        assert each.inputs.keys() == other.inputs.keys()
        assert {urn.rpartition("::")[2] for urn in other.dependencies} >= {
            urn.rpartition("::")[2] for urn in each.dependencies
        }
        for key, value in each.inputs.items():
            # What only the real run knows is any value there; an up of both is the proof that Google takes it.
            assert other.inputs[key] in (value, UNKNOWN), (each.name, key)


def test_without_the_cli_it_says_so_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    told = engine.measure("dev", 1)
    engine.show(told, Console(width=1000))
    (line,) = capsys.readouterr().out.splitlines()
    assert "pulumi is not on PATH: install it" in line


def test_a_course_in_cloud_run_is_worked_out_as_by_hand() -> None:
    one = cloud_run.Measured(seconds=90, peak=700)
    clock, memory = cloud_run.worked_out(one, prices.load())
    # 50 tasks of ten stacks, 30 s to start, ten times 90 s: 46,500 s x (.000018 + 2 x .000002); 10,000 x .05 / 10,000
    assert clock.name == "500 groups in Cloud Run, 50 tasks of 1 vCPU and 2 GiB"
    assert clock.value.startswith(
        "16 min, 1.02 USD (within the free tier of a month, and 0.05 USD of writes; prices of "
    )
    assert (memory.value, memory.met) == ("700 MB", True)
    assert cloud_run.worked_out(cloud_run.Measured(1000, 2500), prices.load())[1].met is False
    assert "a free tier takes a part" in cloud_run.worked_out(cloud_run.Measured(1000, 500), prices.load())[0].value
