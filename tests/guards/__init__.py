"""Guards over the source text: what no review should have to look for again."""
