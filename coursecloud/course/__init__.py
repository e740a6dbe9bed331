"""A whole course: one verb on many groups, what came of each, and a page to look at."""
