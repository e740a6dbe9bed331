"""The exercises of the course, line by line, by the identity that takes each: see lines.yaml."""
