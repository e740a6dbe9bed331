"""What two parts of the project, or the project and a library, must agree on."""
