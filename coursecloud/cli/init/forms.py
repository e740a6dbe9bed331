"""What people write where a date or a name is asked, read as they meant it; what can be read in two ways is refused."""

import datetime
import re
import unicodedata

from infra.secrecy import find, random
from infra.settings.problem import RuleViolationError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WITH_NAME = (r"(?P<day>\d{1,2})\.?[ -](?P<month>[a-z]{3,9})\.?,?[ -](?P<year>\d{4})",
              r"(?P<month>[a-z]{3,9})\.?[ -](?P<day>\d{1,2}),?[ -](?P<year>\d{4})")  # fmt: skip
_SPELT = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def date_of(answer: str, name: str) -> datetime.date:
    """Read a day: 2026-12-18, 18-12-2026, 18.12.2026, 18/12/2026, 18 December 2026.

    Day and month in numbers are read in the order that there is a day for; dots put the day first.
    Raises RuleViolationError for no day, and for one that can be two.
    """
    text = " ".join(answer.split()).lower()
    if match := re.fullmatch(r"(\d{4})[-./]?(\d{2}|(?<=[-./])\d)[-./]?(\d{2}|(?<=[-./])\d)", text, re.ASCII):
        found = _days((int(match[1]), int(match[2]), int(match[3])))
    elif match := re.fullmatch(r"(\d{1,2})([-./]) ?(\d{1,2})\2 ?(\d{4})", text, re.ASCII):
        one, mark, other, year = int(match[1]), match[2], int(match[3]), int(match[4])
        found = _days((year, other, one)) if mark == "." else _days((year, other, one), (year, one, other))
    elif match := next(filter(None, (re.fullmatch(form, text, re.ASCII) for form in _WITH_NAME)), None):
        months = [number for number, month in enumerate(_MONTHS, start=1) if match["month"].startswith(month)]
        found = _days(*((int(match["year"]), month, int(match["day"])) for month in months))
    else:
        found = []
    if len(found) > 1:
        both = " or ".join(map(str, sorted(found)))
        raise RuleViolationError(f"this day can be {both}", f"write {both}: year, month, day", name)
    if not found:
        raise RuleViolationError(
            "this is a day of the calendar: year, month, day", "write it as 2026-12-18 or 18-12-2026", name
        )
    return found[0]


def _days(*candidates: tuple[int, int, int]) -> list[datetime.date]:
    found: list[datetime.date] = []
    for year, month, day in candidates:
        try:
            found.append(datetime.date(year, month, day))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def name_like(answer: str) -> str:
    """Propose a group's name that labels and files can hold: `Gruppe 1` gives `gruppe-1`. Empty where nothing is left.

    An e-mail address gives nothing: its name is a person's. Neither does what may be the value of a secret.
    """
    if "@" in answer or find(answer) or random(answer, 16):
        return ""
    plain = unicodedata.normalize("NFKD", answer.lower().translate(_SPELT)).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return (slug if slug[:1].isalpha() else f"group-{slug}")[:40].rstrip("-") if slug else ""
