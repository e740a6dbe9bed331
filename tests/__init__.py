"""Tests; folders with an `__init__.py` are packages, so that files of one name may stand in several."""
