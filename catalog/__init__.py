"""Dated facts about Google Cloud and its provider, each in one place, and their loader. Imports nothing of the rest."""
