"""What people write where a date or a name is asked, read as they meant it; what can be read in two ways is refused."""

import datetime
import re
import unicodedata

from infra.secrecy import find, random
from infra.settings.problem import RuleViolationError

_MONTHS = (
    "january januar janvier enero",
    "february februar fevrier febrero",
    "march marts marz mars marzo maerz",
    "april avril abril",
    "may maj mai mayo",
    "june juni juin junio",
    "july juli juillet julio",
    "august aout agosto",
    "september septembre septiembre setiembre",
    "october oktober octobre octubre",
    "november novembre noviembre",
    "december dezember decembre diciembre",
)
"""Each month in English, Danish, German, French and Spanish, without accents."""
_WITH_NAME = (
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|er)?\.?[ -](?:of |de )?(?P<month>[a-z]{3,10})\.?,?[ -](?:de )?"
    r"(?P<year>\d{4}|\d\d)",
    r"(?P<month>[a-z]{3,10})\.?[ -](?P<day>\d{1,2})(?:st|nd|rd|th)?,?[ -](?P<year>\d{4})",
)
_WEEKDAYS = (
    "monday mandag montag lundi lunes",
    "tuesday tirsdag dienstag mardi martes",
    "wednesday onsdag mittwoch mercredi miercoles",
    "thursday torsdag donnerstag jeudi jueves",
    "friday fredag freitag vendredi viernes",
    "saturday lordag samstag sonnabend samedi sabado",
    "sunday sondag sonntag dimanche domingo",
)
_ARTICLES = ("den", "der", "le", "el", "the")
_WEEKDAY = re.compile(r"([a-z]{2,10})[.,]* +(?:den |der |le |el |the )?(?=\d)")
_SPELT = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def date_of(answer: str, name: str) -> datetime.date:
    """Read a day: 2026-12-18, 18-12-2026, 18.12.2026, 18/12/2026, 18 December 2026.

    Day and month in numbers are read in the order that there is a day for; dots put the day first. Months have
    their names in five languages. Raises RuleViolationError for no day, and for one that can be two.
    """
    text = unicodedata.normalize("NFKD", " ".join(answer.split()).lower())
    text = "".join(letter for letter in text if not unicodedata.combining(letter)).replace("\u00f8", "o")
    text = re.sub(r"[ t]00:00(:00(\.0+)?)?z?$", "", text)  # a cell of a spreadsheet that was formatted as a time
    weekdays: list[int] = []
    if weekday := _WEEKDAY.match(text):
        weekdays = _weekdays(weekday[1])
        text = text[weekday.end() :] if weekdays or weekday[1] in _ARTICLES else text
    if match := re.fullmatch(r"(\d{4})[-./]?(\d{2}|(?<=[-./])\d)[-./]?(\d{2}|(?<=[-./])\d)", text, re.ASCII):
        found = _days((int(match[1]), int(match[2]), int(match[3])))
    elif match := re.fullmatch(r"(\d{1,2})([-./]) ?(\d{1,2})\2 ?(\d{4}|\d\d)", text, re.ASCII):
        one, mark, other, year = int(match[1]), match[2], int(match[3]), _year(match[4])
        found = _days((year, other, one)) if mark == "." else _days((year, other, one), (year, one, other))
        if len(match[1]) == len(match[4]) == 2 and (mark == "-" or _near(match[1])):
            found += _days((_year(match[1]), other, int(match[4])))
    elif match := next(filter(None, (re.fullmatch(form, text, re.ASCII) for form in _WITH_NAME)), None):
        found = _days(*((_year(match["year"]), month, int(match["day"])) for month in _months(match["month"])))
        if len(match["day"]) == len(match["year"]) == 2 and _near(match["day"]):
            found += _days(*((_year(match["day"]), month, int(match["year"])) for month in _months(match["month"])))
    elif match := re.fullmatch(r"(\d{5})(?:[.,]0+)?", text, re.ASCII):
        day = _EXCEL + datetime.timedelta(days=int(match[1]))
        rule = "this is a spreadsheet's number of a day, which is another day in some of them"
        raise RuleViolationError(rule, f"write {day}, if that is the day, or make the cell's format a date", name)
    else:
        found = []
    found = list(dict.fromkeys(found))
    if len(found) > 1:
        both = " or ".join(map(str, sorted(found)))
        raise RuleViolationError(f"this day can be {both}", f"write {both}: year, month, day", name)
    if found and weekdays and found[0].weekday() not in weekdays:
        rule = f"{found[0]} is a {found[0]:%A}: weekday and date are of two days"
        raise RuleViolationError(rule, "look which day is meant, and write it as 2026-12-18", name)
    if not found:
        raise RuleViolationError(
            "this is a day of the calendar: year, month, day", "write it as 2026-12-18 or 18-12-2026", name
        )
    return found[0]


_EXCEL = datetime.date(1899, 12, 30)
"""Day 0 of spreadsheets on Windows and in LibreOffice (Microsoft, "Date systems in Excel", read 2026-11-28)."""


def is_day(name: str) -> bool:
    """Say whether a name is what a spreadsheet makes of one such as `1-1`: a day, in one of its forms.

    >>> is_day("01-jan"), is_day("Jan-01"), is_day("1/1/2026"), is_day("group-01"), is_day("mars-1")
    (True, True, True, False, False)
    """
    if re.fullmatch(r"\d{1,4}([-./])\d{1,2}\1\d{1,4}", name, re.ASCII):
        return True
    match = re.fullmatch(r"\d{1,2}[-. /]+(\w{3,4})\.?|(\w{3,4})\.?[-. ]\d\d", name.lower())
    return bool(match and _months(match[1] or match[2]))


def _months(word: str) -> list[int]:
    """List the months that a name, or three letters or more of one, can be."""
    if len(word) < 3:
        return []
    return [
        number for number, names in enumerate(_MONTHS, start=1) if any(name.startswith(word) for name in names.split())
    ]


def _weekdays(word: str) -> list[int]:
    """List the weekdays, Monday as 0, that a name or its beginning can be."""
    return [number for number, names in enumerate(_WEEKDAYS) if any(name.startswith(word) for name in names.split())]


_FIRST = 25
"""Of a year in two digits: there was no course with this tool before, so that a smaller number is a day alone."""


def _near(digits: str) -> bool:
    return int(digits) >= _FIRST


def _year(digits: str) -> int:
    return int(digits) + 2000 * (len(digits) == 2)


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
