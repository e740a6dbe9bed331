"""A local emulator of Google Cloud's APIs, for tests and rehearsals; see README.md."""

from .environment import api_endpoint
from .server import Emulator

__all__ = ["Emulator", "api_endpoint"]
