"""Tests of the program, on recorded plans: what it would register, without a cloud."""
