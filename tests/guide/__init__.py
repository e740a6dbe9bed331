"""The guide as a test: what it shows is run in its order, and prints what it says."""
