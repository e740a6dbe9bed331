"""Tests of the account of what has run: a world with its own bill, and the shell around it."""
