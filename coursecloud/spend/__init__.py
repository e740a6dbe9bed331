"""What runs and what it has cost: an account of a project's use, kept from live looks and Google's logs."""
