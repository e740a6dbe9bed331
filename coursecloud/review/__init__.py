"""What a change of the program or of a stack file does: resources, replacements, lost data, cost and broken rules."""
