"""The data set: 1797 pictures of handwritten digits, 8 by 8 pixels, that come with scikit-learn."""

from typing import NamedTuple

import numpy as np


class Split(NamedTuple):
    """Pictures and what they show: float32 of shape (n, 64) between 0 and 1, and int64 of shape (n,)."""

    pictures: np.ndarray
    labels: np.ndarray


def load(seed: int = 0) -> tuple[Split, Split]:
    """Give the pictures to train on, four of five, and those to test with."""
    from sklearn.datasets import load_digits

    pictures, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(labels))
    pictures, labels = (pictures[order] / 16).astype(np.float32), labels[order].astype(np.int64)
    cut = len(labels) * 4 // 5
    return Split(pictures[:cut], labels[:cut]), Split(pictures[cut:], labels[cut:])
