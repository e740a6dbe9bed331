import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from digits import data, store
from digits.train import accuracy, trained, unpacked

TRAIN = Path(__file__).parents[1] / "src" / "digits" / "train.py"


def train(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", str(TRAIN), "--store", str(folder), *words],
        stdout=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name not in ("AIP_MODEL_DIR", "MODELS_BUCKET")},
    )


def test_a_trained_model_reads_most_digits(tmp_path: Path) -> None:
    done = train(tmp_path, "--epochs", "8")
    said, _ = done.communicate(timeout=300)
    assert (done.returncode, said.count("epoch")) == (0, 8)
    learner = trained(store.store(str(tmp_path)))
    assert learner is not None
    assert accuracy(learner, data.load()[1]) > 0.85


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["told", "killed"])
def test_what_was_stopped_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path, end: signal.Signals) -> None:
    # So many epochs that it cannot be through before the signal comes.
    words = ("--epochs", "60", "--batch-size", "256")
    whole = train(tmp_path / "whole", *words)
    assert whole.wait(timeout=300) == 0

    first = train(tmp_path / "stopped", *words)
    assert first.stdout is not None
    for line in first.stdout:
        if line.startswith("epoch 2 "):
            break
    first.send_signal(end)
    first.wait(timeout=60)
    assert first.returncode == (143 if end == signal.SIGTERM else -signal.SIGKILL)

    second = train(tmp_path / "stopped", *words)
    said, _ = second.communicate(timeout=300)
    assert second.returncode == 0
    assert said.startswith("going on with epoch ")
    first_model, second_model = (trained(store.store(str(tmp_path / name))) for name in ("whole", "stopped"))
    test = data.load()[1]
    assert first_model is not None
    assert second_model is not None
    assert first_model.probabilities(test.pictures) == pytest.approx(
        second_model.probabilities(test.pictures), abs=1e-5
    )


def test_what_is_trained_to_its_end_is_trained_anew(tmp_path: Path) -> None:
    for _ in range(2):
        done = train(tmp_path, "--epochs", "1")
        said, _ = done.communicate(timeout=300)
        assert done.returncode == 0
        assert said.startswith("epoch 1 of 1")


def test_other_arguments_are_another_run(tmp_path: Path) -> None:
    for rate in ("0.1", "0.01"):
        assert train(tmp_path, "--epochs", "1", "--lr", rate).wait(timeout=300) == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_a_write_that_is_cut_off_leaves_the_earlier_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = store.store(str(tmp_path))
    places.write("a", b'{"n": 1}\nold')

    def cut(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(Path, "replace", cut)
    with pytest.raises(OSError, match="gone"):
        places.write("a", b'{"n": 2}\nnew')
    found = places.read("a")
    assert found is not None
    assert unpacked(found) == ({"n": 1}, b"old")
