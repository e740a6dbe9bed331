"""Trains the model, and goes on where it was stopped: `python src/digits/train.py --epochs 20`.

Exit code: 0 trained; 143 told to end (SIGTERM, Ctrl-C) and saved, to be started again with the same arguments.
"""

import argparse
import hashlib
import json
import signal
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from digits import data, model, store

MODEL = "model.bin"
"""The trained model in its store."""

stopped = False


def stop(*_: object) -> None:
    """Note that training is to end: after the batch that it is at."""
    global stopped
    stopped = True


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", "--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", choices=["torch", "linear"], default="", help="torch where it is installed")
    parser.add_argument("--store", default="", help="gs://BUCKET/PATH or a folder, in place of the environment's")
    parser.add_argument("--fresh", action="store_true", help="begin anew, whatever was trained before")
    return parser.parse_args(words)


def run_name(asked: argparse.Namespace) -> str:
    """Name a run by what it is asked for, so that several at once do not write over each other."""
    said = {name: value for name, value in sorted(vars(asked).items()) if name not in ("fresh", "store")}
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:8]


def packed(progress: dict, state: bytes) -> bytes:
    """Put progress and model into one file, which is written whole: the one never without the other."""
    return json.dumps(progress).encode() + b"\n" + state


def unpacked(content: bytes) -> tuple[dict, bytes]:
    """Take apart what `packed` put together."""
    head, _, state = content.partition(b"\n")
    return json.loads(head), state


def train(asked: argparse.Namespace, places: store.Store) -> int:
    """Train until the last epoch or until told to end; gives the exit code."""
    learner = model.make(asked.model, asked.lr, asked.seed)
    name = f"runs/{run_name(asked)}/checkpoint.bin"
    progress = {"kind": learner.kind, "epoch": 0, "step": 0, "done": False}
    found = None if asked.fresh else places.read(name)
    if found:
        before, state = unpacked(found)
        # What is trained to its end is not gone on with: whoever asks again wants another training.
        if before["kind"] == learner.kind and not before["done"]:
            learner.restore(state)
            progress = before
            print(f"going on with epoch {progress['epoch'] + 1}, batch {progress['step']}")
    learn, test = data.load()
    steps = -(-len(learn.labels) // asked.batch_size)
    for epoch in range(progress["epoch"], asked.epochs):
        # Each epoch has an order of its own, the same whether it was interrupted or not.
        order = np.random.default_rng([asked.seed, epoch]).permutation(len(learn.labels))
        for step in range(progress["step"] if epoch == progress["epoch"] else 0, steps):
            if stopped:
                progress |= {"epoch": epoch, "step": step}
                places.write(name, packed(progress, learner.state()))
                print(f"stopped in epoch {epoch + 1} and saved; start it again with the same arguments")
                return 143
            batch = order[step * asked.batch_size : (step + 1) * asked.batch_size]
            learner.fit(learn.pictures[batch], learn.labels[batch])
        progress |= {"epoch": epoch + 1, "step": 0, "done": epoch + 1 == asked.epochs}
        places.write(name, packed(progress, learner.state()))
        print(f"epoch {epoch + 1} of {asked.epochs}: {accuracy(learner, test):.3f} of the test pictures are read right")
    places.write(MODEL, packed({"kind": learner.kind}, learner.state()))
    return 0


def accuracy(learner: model.Model, split: data.Split) -> float:
    """Give the share of pictures that a model reads right."""
    return float((learner.probabilities(split.pictures).argmax(axis=1) == split.labels).mean())


def trained(places: store.Store) -> model.Model | None:
    """Load the trained model; None where nothing has been trained."""
    found = places.read(MODEL)
    if found is None:
        return None
    said, state = unpacked(found)
    learner = model.make(said["kind"])
    learner.restore(state)
    return learner


def main() -> int:
    """Train as the command line says."""
    asked = arguments()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    return train(asked, store.store(asked.store))


if __name__ == "__main__":
    sys.exit(main())
