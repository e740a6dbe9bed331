"""What a change of the program or of a stack file tries to get past `check` and `review`, and what names it."""
