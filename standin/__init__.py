"""A local stand-in of Google Cloud's APIs, for tests and rehearsals; see README.md."""

from .environment import api_endpoint
from .server import Standin

__all__ = ["Standin", "api_endpoint"]
