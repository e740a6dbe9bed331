"""What a first stack file asks: the questions, and what an answer to each means.

An answer is text, as typed at a prompt, given by an option or found in a cell of a table.
"""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass

from catalog import tables
from infra.settings import Problem
from infra.settings.model import DEFAULT_REGION
from infra.settings.problem import MISSING, RuleViolationError, nearest

Answers = Mapping[str, str]
"""What was answered, by the question's name; what is missing or empty has the loader's default."""


@dataclass(frozen=True)
class Question:
    """One thing to know: `name` is also the option and the column, `key` what `coursecloud explain` says more of."""

    name: str
    asks: str
    help: str
    key: str
    required: bool = False


QUESTIONS = (
    Question(
        "project",
        "Google Cloud project id",
        "The ID column of `gcloud projects list`; not the name, not the number.",
        "gcp:project",
        required=True,
    ),
    Question(
        "group",
        "Name of your group",
        "For example group-07. It stands on every bill: no person's name.",
        "course.group",
        required=True,
    ),
    Question(
        "gpu",
        "A machine with a GPU?",
        "no, yes (a T4), or a model: T4, V100, L4, A100. At the Spot price.",
        "machines.*.gpu",
    ),
    Question("region", "Region", "Near you, and with what you need: europe-west4 has every GPU.", "gcp:region"),
    Question("starts", "First day", "Of the course or of your project, e.g. 2026-11-23 or 23-11-2026.", "lease.starts"),
    Question(
        "ends",
        "Last day",
        "As the first. Nothing is deleted on it; members have access 30 days longer.",
        "lease.ends",
    ),
    Question("credit", "Credit", "What the group may spend, and the currency of the billing account.", "lease.credit"),
    Question("timezone", "Time zone", "For example Europe/Copenhagen.", "lease.timeZone"),
    Question(
        "keep",
        "Keep data over night?",
        "yes: in the evening `make down` removes machines and leaves data, images, secrets and the disk for your work;"
        " at the end of the course `make finish` deletes all of it; plain `pulumi destroy` refuses. no: every"
        " `make down` deletes them with all that is in them.",
        "storage.keep",
    ),
    Question(
        "repository",
        "GitHub repository",
        "OWNER/NAME, whose Dockerfile is built on each push. Enter for none.",
        "builds",
    ),
    Question(
        "members",
        "E-mail addresses",
        "Of all members, with commas; the first one answers for the group. They go to"
        " a file that git ignores. Enter for none.",
        "team.members",
    ),
)
"""All questions, in the order in which they are asked: what narrows the choice of others comes first."""

NAMES = tuple(question.name for question in QUESTIONS)
TRAINING_GPU = "T4"
"""What `yes` means: the cheapest GPU that most regions have."""


def stack_of(answers: Answers) -> str:
    """Name the stack of a group: after it, with a letter in front."""
    group = answers.get("group", "")
    return group if group[:1].isalpha() else f"group-{group}"


def gpu_of(answers: Answers) -> tables.GpuModel | None:
    """Read which GPU is wanted. Raises RuleViolationError."""
    answer = answers.get("gpu", "").strip()
    if answer.lower() in (*_NO, *_NONE, "-"):
        return None
    model = tables.gpu(TRAINING_GPU if answer.lower() in YES else answer)
    shorts = [entry.short for entry in offered()]
    if model is None or model.short not in shorts:
        known = f"write no, yes, or one of {', '.join(shorts)}"
        if model is not None:
            rule = f"the {model.short} is sold by reservation only, or boots from no image of the tables"
            raise RuleViolationError(rule, known, "gpu")
        raise RuleViolationError("the tables know no such GPU", nearest(answer, shorts, known), "gpu")
    return model


YES = ("yes", "y", "true", "1", "x", "ja", "j", "oui", "vrai", "si", "s\u00ed", "wahr", "sand", "sandt", "verdadero")
_NO = ("", "no", "n", "false", "0", "nej", "nein", "non", "faux", "falsk", "falsch", "falso")
"""A tick, and what spreadsheets make of one, in English, Danish, German, French and Spanish."""
_NONE = ("none", "keine", "kein", "keiner", "ingen", "intet", "aucun", "aucune", "ninguna", "ninguno")
"""No thing of a kind; where a question is one of yes or no, these are neither."""


def yes(answers: Answers, name: str) -> bool:
    """Read an answer to a yes-or-no question; nothing is no. Raises RuleViolationError."""
    answer = answers.get(name, "").strip().lower()
    if answer not in (*YES, *_NO):
        raise RuleViolationError("this is yes or no", "write yes or no", name)
    return answer in YES


def keeps(answers: Answers) -> bool:
    """Say whether data stays over night: it does unless somebody says no. Raises RuleViolationError."""
    return not answers.get("keep", "").strip() or yes(answers, "keep")


_SIGNS = {"$": "USD", "us$": "USD", "dollar": "USD", "dollars": "USD", "\u20ac": "EUR", "euro": "EUR", "euros": "EUR",
          "\u00a3": "GBP", "pounds": "GBP"}  # fmt: skip


def credit_of(answer: str) -> tuple[float, str]:
    """Read an amount and its currency, USD unless said: `50 USD`, `EUR 50`, `1.250,50 DKK`.

    Raises RuleViolationError, also for what is a thousand times more in one country than in another.
    """
    match = re.fullmatch(r"([^\d\s.,-]*)\.?\s*([0-9][0-9.,' \xa0\u202f]*)(?:,?-)?\s*([^\d\s.,-]*)\.?", answer.strip())
    if not match or (match[1] and match[3]) or (amount := _amount(match[2].strip(), answer)) is None:
        raise RuleViolationError("a credit is a number and a currency", "write for example 50 USD", "credit")
    word = (match[1] or match[3]).lower()
    if word in ("kr", "kroner", "kronor", "dkr"):
        rule = "kroner are of Denmark, Norway and Sweden"
        raise RuleViolationError(rule, f"write {amount:g} DKK, {amount:g} NOK or {amount:g} SEK", "credit")
    currency = _SIGNS.get(word, word or "usd")
    if not re.fullmatch(r"[A-Za-z]{3}", currency):
        raise RuleViolationError("a currency is named by three letters", f"write for example {amount:g} USD", "credit")
    return (int(amount) if amount.is_integer() else amount), currency.upper()


def _amount(digits: str, answer: str) -> float | None:
    """Read a number with a comma or a point before its cents, and with marks between its thousands."""
    plain = re.sub(r"[ '\xa0\u202f](?=\d{3}(\D|$))", "", digits)
    if re.fullmatch(r"\d{1,3}([.,])\d{3}", plain):
        thousands, rest = re.split(r"[.,]", plain)
        rule = f"{plain} is a thousand times more to some than to others"
        unit = answer.replace(digits, "").strip() or "USD"
        cents = f"{float(f'{thousands}.{rest}'):.2f} {unit}"
        remedy = f"write {int(thousands + rest)} {unit}, or {cents}" if int(thousands) else f"write {cents}, if so"
        raise RuleViolationError(rule, remedy, "credit")
    match = re.fullmatch(r"(\d{1,3}(?:([.,])\d{3})(?:\2\d{3})*|\d{1,9})(?:([.,])(\d{1,2})|[.,])?", plain)
    if not match or (match[2] and match[2] == match[3]):
        return None
    whole = re.sub(r"[.,]", "", match[1])
    return float(f"{whole}.{match[4] or 0}") if len(whole) < 10 else None


_AND = frozenset({"&", "+", "and", "e", "en", "et", "och", "og", "und", "y"})
"""What people put between two names, in the languages that headers are read in, and near ones."""


def members_of(answers: Answers) -> list[str]:
    """List the members as principals; a bare address is a user's, and a name before `<address>` is left out."""
    named = re.sub(
        r'(?:"[^"<>]*"\s*|[^<>,;|\n@"]*)<(?:mailto:)?([^<>\s@]+@[^<>\s@]+)>', r" \1 ", answers.get("members", "")
    )
    parts = (part for part in re.split(r"[\s,;|]+", named) if part and part.lower() not in _AND)
    found = [part.removeprefix("mailto:") for part in parts]
    return list(dict.fromkeys(part if ":" in part else f"user:{part}" for part in found))


def machine_type_of(gpu: tables.GpuModel | None) -> tables.MachineType:
    """Choose the machine type for a GPU: the smallest that brings it, or four vCPUs to attach it to."""
    known = tables.machine_types()
    if gpu is None:
        return known["e2-medium"]
    if gpu.attached:
        return known[f"{gpu.families[0]}-standard-4"]
    carriers = (kind for kind in known.values() if kind.gpu == gpu.name)
    return min(carriers, key=lambda kind: (kind.gpu_count, kind.gpu_share < 1, kind.vcpus))


def offered() -> list[tables.GpuModel]:
    """List the GPUs that a first stack file can have: sold at the Spot price, on a machine that a known image boots."""
    kinds = ((gpu, machine_type_of(gpu)) for gpu in tables.gpus().values())
    return [gpu for gpu, kind in kinds if kind.spot and kind.architecture == "X86_64"]


def region_for(answers: Answers) -> str:
    """Propose a region: the default, or where the GPU is. Raises RuleViolationError for a GPU that cannot be read."""
    gpu = gpu_of(answers)
    if gpu is None:
        return DEFAULT_REGION
    kind = machine_type_of(gpu)
    near = (DEFAULT_REGION, "europe-west4", "us-central1", *tables.regions())
    return next((region for region in near if tables.zones_for(kind, gpu, region)), DEFAULT_REGION)


def unanswered(answers: Answers) -> list[Problem]:
    """List what cannot be left out."""
    return [
        Problem(question.name, MISSING, "every stack file needs this", question.help[0].lower() + question.help[1:])
        for question in QUESTIONS
        if question.required and not answers.get(question.name)
    ]


def proposals(today: datetime.date, zone: str) -> dict[str, str]:
    """Propose answers to those who are asked: four weeks from today, and the time zone `zone` of their computer.

    The region's proposal depends on the GPU: see `region_for`.
    """
    return {
        "gpu": "no",
        "starts": str(today),
        "ends": str(today + datetime.timedelta(weeks=4)),
        "credit": "50 USD",
        "timezone": zone,
        "keep": "yes",
        "repository": "",
        "members": "",
    }
