"""README and the documents as tests: each block of them is run or parsed, in a copy with a HOME and PATH of its own."""
