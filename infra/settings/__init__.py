"""What a stack file says: read once, checked whole, frozen, and passed on as values."""

from infra.settings.load import alone, load, read
from infra.settings.model import EXAMPLE_PROJECT, Settings
from infra.settings.problem import Problem, SettingsError

__all__ = ["EXAMPLE_PROJECT", "Problem", "Settings", "SettingsError", "alone", "load", "read"]
