"""One file a command: its options, its errors and its exit code. What it works out lives outside this package."""
