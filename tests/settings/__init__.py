"""Tests of what a stack file may say, and of what is said about one that is wrong."""
