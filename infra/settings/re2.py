r"""Regular expressions as RE2 reads them, which Cloud Build holds branches and tags against: RE2 itself is asked."""

import functools
import re
from typing import Any

LACKING = "RE2 has no look-around and no back-reference"
_ABSENT = re.compile(
    r"invalid perl operator: \(\?<?[=!]|invalid escape sequence: \\[1-9]|invalid perl operator: \(\?P$"
)


def mistake(text: str) -> str | None:
    """Say why RE2 does not read a text; None where it does."""
    engine, options = _engine()
    try:
        engine.compile(text, options)
    except engine.error as error:
        said = error.args[0] if error.args else "it is none"
        words: str = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return LACKING if _ABSENT.match(words) else words
    except UnicodeError:
        return "it holds half of a character"
    return None


@functools.cache
def _engine() -> tuple[Any, Any]:
    # Where nobody asks about a pattern it is not loaded.
    import re2

    options: Any = re2.Options()
    # What is wrong is said as every mistake is, and not a second time by the library.
    options.log_errors = False
    return re2, options
