"""Handwritten digits, from data to a service."""
