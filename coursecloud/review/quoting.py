"""How a sentence of a review holds what others wrote: between backticks, of which it has none of its own.

Each format takes a sentence apart at these marks, so a name with one in it would end up among our words.
"""


def quoted(text: str) -> str:
    """Mark what anyone may have written: no format takes what is between backticks for a word of ours."""
    return f"`{text.replace('`', chr(39))}`"
