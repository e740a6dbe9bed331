"""Reads pictures of the test set by their numbers: `python src/digits/predict.py 0 1 2`."""

import argparse
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).parents[1]))

from digits import data, store
from digits.train import trained


def main() -> int:
    """Print what the model reads, and what is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", nargs="+", type=int)
    parser.add_argument("--store", default="", help="gs://BUCKET/PATH or a folder, in place of the environment's")
    asked = parser.parse_args()
    _, test = data.load()
    if wrong := [number for number in asked.numbers if not 0 <= number < len(test.labels)]:
        print(f"{wrong[0]}: the test pictures have numbers from 0 to {len(test.labels) - 1}", file=sys.stderr)
        return 2
    learner = trained(store.store(asked.store))
    if learner is None:
        print("no model yet: run src/digits/train.py first", file=sys.stderr)
        return 2
    read = learner.probabilities(test.pictures[asked.numbers]).argmax(axis=1)
    for number, digit in zip(asked.numbers, read, strict=True):
        print(f"picture {number}: read {digit}, is {test.labels[number]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
