"""The workflows, the action and the script that comments."""
