import numpy as np

from digits import data


def test_pictures_are_small_numbers_and_no_picture_is_in_both_parts() -> None:
    learn, test = data.load()
    assert learn.pictures.shape == (1437, 64)
    assert (len(test.labels), set(test.labels)) == (360, set(range(10)))
    assert 0 <= learn.pictures.min() <= learn.pictures.max() <= 1
    assert learn.pictures.dtype == np.float32


def test_the_parts_are_the_same_each_time() -> None:
    assert (data.load()[1].labels == data.load()[1].labels).all()
