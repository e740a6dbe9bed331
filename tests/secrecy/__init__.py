"""Tests that no value of a secret is shown, whichever way it came in."""
