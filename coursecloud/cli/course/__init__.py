"""A course's roster as stack files, and the process that works on one group."""
