"""What every part uses: the stack file's text, the project's folder, what is printed, and what is written."""
