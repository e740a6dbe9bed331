"""Says what the trained model is worth: `python src/digits/evaluate.py`."""

import argparse
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from digits import data, store
from digits.train import accuracy, trained


def main() -> int:
    """Print the share of the test pictures that are read right, of all and of each digit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", default="", help="gs://BUCKET/PATH or a folder, in place of the environment's")
    learner = trained(store.store(parser.parse_args().store))
    if learner is None:
        print("no model yet: run src/digits/train.py first", file=sys.stderr)
        return 2
    _, test = data.load()
    print(f"{accuracy(learner, test):.3f} of the test pictures are read right")
    for digit in range(10):
        of = np.flatnonzero(test.labels == digit)
        print(f"  {digit}: {accuracy(learner, data.Split(test.pictures[of], test.labels[of])):.3f} of {len(of)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
