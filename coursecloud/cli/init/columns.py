"""The first line of a table of groups: which column answers which question, in the words of four languages.

Nobody renames the columns of a list that they were sent: `Gruppe;Projekt-ID;Startdatum` says what it means.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from coursecloud.cli.init.answers import NAMES, QUESTIONS
from infra.settings import Problem
from infra.settings.problem import MISSING, likely, nearest

REQUIRED = tuple(question.name for question in QUESTIONS if question.required)

_ALSO = {
    "project": "projectid gcpproject gcpprojectid gcpid googleproject googleprojectid googlecloudproject"
    " googlecloudprojectid projekt projektid gcpprojekt googleprojekt projet idprojet idduprojet projetid"
    " proyecto idproyecto iddelproyecto",
    "group": "groups groupname groupid groupno groupnumber team teamname gruppe gruppen gruppenavn gruppename"
    " gruppenummer gruppenid gruppeid hold holdnavn groupe nomdugroupe equipe grupo nombredelgrupo equipo",
    "gpu": "gpus gpumodel graphicscard accelerator grafikkort grafikkarte cartegraphique tarjetagrafica",
    "region": "location gcpregion placering standort emplacement ubicacion",
    "starts": "start startdate startday firstday begins begin from startdato foerstedag begynder startdatum beginn"
    " erstertag von debut datededebut premierjour inicio fechadeinicio primerdia",
    "ends": "end enddate endday lastday until to slut slutdato sidstedag slutter til ende enddatum letztertag bis"
    " fin datedefin datefin dernierjour fechadefin ultimodia",
    "credit": "credits coupon budget amount kredit beloeb guthaben betrag kreditt montant avoir credito importe",
    "timezone": "tz tidszone zeitzone fuseauhoraire fuseau zonahoraria",
    "keep": "keepdata keepovernight behold gembehold beholddata behalten datenbehalten conserver garder conservar",
    "repository": "repo github githubrepo githubrepository repositorie repositorium depot depotgithub repositorio",
    "members": "member email emails mail mails emailaddress emailaddresses student students studentemails studerende"
    " medlem medlemmer mailadresser emailadresser mitglied mitglieder studierende mailadressen emailadressen"
    " membre membres etudiants courriel courriels adressesemail miembro miembros estudiantes correo correos",
}
_MEANT = {word: name for name, words in _ALSO.items() for word in (name, *words.split())}
_SPELT = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ß": "ss"})


def meant(cell: str) -> str:
    """Say which question a column answers; what no question is comes back in its letters alone.

    >>> meant("Projekt-ID"), meant("Début"), meant("phone no.")
    ('project', 'starts', 'phoneno')
    """
    plain = unicodedata.normalize("NFKD", cell.lower().translate(_SPELT))
    letters = re.sub(r"[^\w]|_", "", "".join(each for each in plain if not unicodedata.combining(each)))
    return _MEANT.get(letters, letters)


def known(cells: Sequence[str]) -> int:
    """Count the questions that a line of cells names."""
    return len({name for cell in cells if (name := meant(cell)) in NAMES})


def like(cells: Sequence[str]) -> bool:
    """Say whether a line names columns at all, be it with slips: else it is a group, or something else."""
    return any(name in NAMES or likely(name, NAMES) for cell in cells if (name := meant(cell)))


def mistakes(cells: Sequence[str]) -> Iterator[Problem]:
    """Yield what is wrong with the names of the columns; the path of each is the column as it stands there."""
    header = [meant(cell) for cell in cells]
    for at, (name, cell) in enumerate(zip(header, cells, strict=True)):
        shown = " ".join(cell.split()) or "(no name)"
        if name not in NAMES:
            yield Problem(shown, MISSING, "there is no such column", _instead(cell, name, header))
        elif (first := header.index(name)) != at:
            rule = "the column is there twice"
            if cells[first].strip().lower() != shown.lower():
                rule += f": `{cells[first].strip()}` is {name} too"
            yield Problem(shown, MISSING, rule, "keep one of the two")
    for name in REQUIRED:
        if name not in header:
            rule, remedy = "the column is missing", f"add it; the columns are {', '.join(NAMES)}, in any order"
            yield Problem(name, MISSING, rule, remedy)


def _instead(cell: str, name: str, header: Sequence[str]) -> str:
    """Say what to write in place of a column that is none."""
    currency = re.search(r"\b[A-Z]{3}\b|[$\u20ac\u00a3]", cell)
    if currency and meant(re.sub(r"[(\[].*[)\]]|\bin\b.*|\b[A-Z]{3}\b|[$\u20ac\u00a3]", "", cell)) == "credit":
        return f"call it credit, and write the currency into each cell: 350 {currency[0]}"
    columns = f"the columns are {', '.join(NAMES)}; remove this one if it is not for the stack files"
    if not name:
        return f"name the column, or remove it; {columns}"
    asked = [likely(each, NAMES) if each not in NAMES else each for each in header]
    if likely(name, NAMES) == "members" and asked.count("members") > 1:
        return "write all members of a group into one column, `members`, with commas"
    return nearest(name, NAMES, columns)


def read_as(cells: Sequence[str]) -> str:
    """Say which columns were taken for which, where their names are others; empty where none is."""
    others = [
        f"`{' '.join(cell.split())}` as {meant(cell)}"
        for cell in cells
        if meant(cell) in NAMES and re.sub(r"[\s_-]", "", cell).lower() != meant(cell)
    ]
    return f"columns read: {', '.join(others)}" if others else ""
