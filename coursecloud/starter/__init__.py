"""What a group's own repository needs to build, train and serve in its stack: what is missing, and what will fail."""
