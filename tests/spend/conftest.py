"""What tests of this folder may ask for by name."""

from tests.coursecloud.faked import empty_cloud, fake

__all__ = ["empty_cloud", "fake"]
