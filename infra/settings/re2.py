r"""Regular expressions as RE2 reads them, which Cloud Build holds branches and tags against.

Python's own reader judges, after what RE2 alone has is written as something that both know.
"""

import re
import warnings

LACKING = "RE2 has no look-around and no back-reference"


def mistake(text: str) -> str | None:
    """Say why RE2 would not read a text; None where it would."""
    text = _as_python(text)
    # Python's own expressions have both; escaped pairs go first, so that an escaped bracket opens nothing.
    escaped, bare = re.findall(r"\\(.)", text, re.DOTALL), re.sub(r"\\.", "", text, flags=re.DOTALL)
    if any(each in "123456789" for each in escaped) or re.search(r"\(\?(P?<)?[=!]|\(\?P=", bare):
        return LACKING
    try:
        with warnings.catch_warnings():
            # Python warns that it may once read [[a] otherwise.
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    return None


def _as_python(text: str) -> str:
    r"""Write what RE2 alone has as something that Python takes: \Q...\E, \pN, \z, [[:alpha:]], flags inside."""
    only = r"\\(?:Q.*?(?:\\E|\Z)|[pP](?:\{[^}]*\}|\w)|(.))"
    text = re.sub(only, lambda pair: "x" if pair[1] in (None, "z", "C") else pair[0], text, flags=re.DOTALL)
    text = re.sub(r"\[:\^?\w+:\]", "a", text)
    return re.sub(r"\(\?[imsU-]+\)", "", re.sub(r"\(\?[imsU-]+:", "(?:", text)).replace("(?<", "(?P<")
