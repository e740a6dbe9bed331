"""The parts of what a file of a resource type says. None is "not said", or "none" where the field says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Bills = Literal["free", "storage", "hourly", "usage"]
"""free = never; storage = by what it holds, also while nothing runs; hourly = by the hour that it runs or is there;
usage = by what is done with it."""


@dataclass(frozen=True, eq=False)
class Request:
    """The call by which the provider makes a resource of the type, and where each input goes in it."""

    api: str
    """Name and version as Google's descriptions have them, `storage v1`."""
    method: str
    """Its id there, `storage.buckets.insert`."""
    inputs: Mapping[str, str | Mapping[str, Any]]
    """From an input's path to a field of the request's body.

    What lies below an input goes to the same name below its field, unless it has an entry of its own. In a path [] is
    each element of a list, [word] the one element that the provider makes, {} each entry of a map. An entry may be
    {"to": FIELD} with `becomes` (what the value is turned into before it is sent, so that only the field's existence
    can be checked), `values` (a table that translates it) or `pairs` (a map that is sent as a list of key and value).
    """
    path: Mapping[str, str] = field(default_factory=dict[str, str])
    """The parameters of the address, as templates over inputs."""
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    """The parameters behind its question mark, as templates over inputs."""
    unsent: Mapping[str, str] = field(default_factory=dict[str, str])
    """Inputs that never reach the method, with the reason."""


@dataclass(frozen=True, eq=False)
class Changes:
    """What the provider does when an input changes. Paths are names of inputs, [*] is every element of a list."""

    replaces: frozenset[str]
    """A change of it makes a new resource.

    A block stands for all that is in it; one that comes or goes counts as a change of each listed path that it has a
    value for. What is not listed is updated in place, or refused by Google.
    """
    when: Mapping[str, str] = field(default_factory=dict[str, str])
    """Paths whose effect depends on the values (functions of `coursecloud.diff.replacement_conditions.WHEN`).

    block = replaces when it comes or goes, inside by the listed paths; block-added = replaces when it comes, stays as
    it was when it goes; entries = replaces when the number of entries changes, inside by the listed paths; set =
    replaces when an entry comes, goes or changes, in any order; smaller = replaces when it shrinks; narrower = replaces
    unless the new range holds the old one; switched-off = replaces from true to false; locked = replaces when a locked
    policy goes; not-hyperdisk = replaces unless the disk's type is a hyperdisk; accelerators = replaces when entries
    come or change, but stays as it was when all go; startup-script = replaces unless the same text only moves to or
    from metadata; interface-address = replaces when the interface's network stays; in-place = never replaces; never =
    no change at all.
    """
    same: Mapping[str, str] = field(default_factory=dict[str, str])
    """Spellings that the provider takes for the same value (functions of `replacement_conditions.SAME`).

    letter-case; principal = letter case of a member, but for case-sensitive principals; link-or-name = a self link,
    its other spellings, and the bare name in its place; link = spellings of one self link; last-segment = what follows
    the last slash; image = an image or family that names the one there is; key-version = a key with and without its
    version; address = spellings of an IP address or range; unset-is-false; unset-is-ipv4; disabled-block = a block that
    goes while it is not enabled.
    """
    kept: frozenset[str] = frozenset()
    """Left out of the program, the resource keeps the value that it has."""
    delete_first: str = "never"
    """Whether the old resource goes before the new one comes: always, never, or named = where the program gives the
    name and it stays."""
    name: str = "name"
    """The input that names the resource."""
    secret: frozenset[str] = frozenset()
    """Never shown."""
    prunes: frozenset[str] = frozenset()
    """A change of it can delete what is stored, though the resource stays."""
    restarts: frozenset[str] = frozenset()
    """The provider stops the machine for the change and starts it again (allowStoppingForUpdate)."""
    unordered: frozenset[str] = frozenset()
    """Lists whose order says nothing."""


@dataclass(frozen=True, eq=False)
class Grows:
    """An input that only grows: a smaller value is refused by Google, or makes another, empty resource."""

    what: str
    """What grows, in words."""
    only: Mapping[str, tuple[Any, ...]] = field(default_factory=dict[str, tuple[Any, ...]])
    """The values that another input must have for that; null where it is not given."""


@dataclass(frozen=True, eq=False)
class Lock:
    """A lock that nobody lifts, not even its owner."""

    holds: str
    """The input that is the lock."""
    keeps: str
    """The input that it holds fast."""
    how: Literal["grows", "stays"]
    """Never less, or never changed."""


About = Literal["money", "data", "access", "notice"]
"""money = it bounds what is spent; data = it keeps what is stored; access = it keeps somebody out; notice = it tells a
person."""


@dataclass(frozen=True, eq=False)
class Protects:
    """An input that bounds what is spent, keeps data, keeps somebody out or tells somebody; and how it grows weaker.

    A path may hold [*], each element of a list.
    """

    weaker: Literal[
        "off", "on", "less", "more", "gone", "added", "entries", "least", "wider", "longer", "opens", "changed", "order"
    ]
    """off = true becomes false; on = false becomes true; less = a number or a time falls or goes; more = it rises or
    goes; gone = a value or block goes; added = one comes; entries = an entry of a list goes; least = the smallest of
    several numbers rises; wider = a range of addresses comes that was in none; longer = a value comes in a list;
    opens = a protocol or port comes that was in none; changed = there is another value, and which way it goes a reader
    has to see; order = a value of `strong` becomes a later one."""
    then: str
    """What can happen then, in words."""
    about: About
    strong: tuple[str, ...] = ()
    """For `order`: the values, the strongest first; any other is weaker than all."""
    default: Any = None
    """What Google takes where it is not given; None where that is nothing: no limit, no time, not switched on. Of a
    list with a default an empty one is the widest."""
    spends: bool = False
    """The resource's hourly price follows it, so that the estimate tells what it means."""
    only: str | None = None
    """It protects only where this input was given."""


@dataclass(frozen=True, eq=False)
class Watches:
    """What ends with a resource of the type, beside its own data."""

    then: str
    about: About
    only: str | None = None
    """Only where this input was given."""


@dataclass(frozen=True, eq=False)
class Grants:
    """Who is let in by a resource of the type, and to what."""

    to: str
    """The input that says who: member, members, policyData (a whole policy as JSON), entity or roleEntities."""
    role: str | None = None
    """The input that says as what; None where it stands in the one that says who."""
    of: str = ""
    """The short type that it grants on; empty where only its name tells that it grants."""
    on: str = ""
    """The input that says on which of them."""
    always: bool = False
    """One of the stack's own accounts that gets it is told too: what it opens can be carried away."""
    gives: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """The roles that a stack gives by it, by who gets them: each of its own `accounts`, one of them (`ci`, by name),
    the one that `deploys`, `members` of the team, an agent of Google's by its domain (`compute-system`), `federation`
    for workflows from outside, `everybody`. A role that the stack declares is `own:` with the resource's name. Any
    other is one that nobody has thought about."""

    @property
    def iam(self) -> bool:
        """Say whether it writes an IAM policy, and not an access list."""
        return self.to in ("member", "members", "policyData")


@dataclass(frozen=True, eq=False)
class Cost:
    """What one of it costs, worked out by hand, alone in a stack of europe-west1 and before free tiers."""

    inputs: Mapping[str, Any]
    on: float
    """USD an hour with everything on."""
    idle: float
    """USD an hour while nothing runs."""
    by: str
    """The arithmetic."""
    usage: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """`coursecloud:usage`, where it is counted by that."""
    name: str = "one"
    """What the program calls it."""


Word = Literal["harmless", "priced", "grants", "opens", "ends", "loses", "runs"]
"""harmless = whatever it says, nothing is spent, opened or lost that nobody sees; priced = what prices the type reads
it; grants = it says who may do what, opens = what can be reached, ends = what stops by itself, loses = what is deleted:
a rule judges it; runs = it is code, or says which code runs."""


@dataclass(frozen=True, eq=False)
class Classes:
    """What each input of a type that the program declares is about. An input that is not here nobody has understood.

    In a path [] is each element of a list; what lies below a path is of its class, too.
    """

    words: Mapping[str, Word]
    """By the input's path."""
    only: Mapping[str, tuple[Any, ...]] = field(default_factory=dict[str, tuple[Any, ...]])
    """Inputs that are harmless with these values, and not understood with any other."""
    unless_given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of those the ones that have to be given, with what Google or the provider takes where one is left out."""


@dataclass(frozen=True, eq=False)
class Door:
    """How a resource of the type lets in without a grant."""

    decides: str
    """What it decides, in words."""
    inputs: tuple[str, ...]
    """The inputs by which it does."""


@dataclass(frozen=True, eq=False)
class Policy:
    """How the IAM policy of a resource of the type is read and written."""

    grant: str
    """The short type that grants one member a role on it."""
    gcloud: str
    """The command that takes a grant away, without its last words; {name}, {place} and {project} are filled in."""
    get: str = "GET {id}:getIamPolicy?options.requestedPolicyVersion"
    """Method, path and, behind the question mark, the parameter that asks for conditions."""
    set: str = "POST {id}:setIamPolicy"
    """Method and path that write it."""


@dataclass(frozen=True, eq=False)
class Declared:
    """A component of the program that declares resources of the type."""

    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """The keys of the stack file that an input comes from, by its path; what lies below comes from there too.

    {name} is the resource's name in the program, or what `named` makes of it. An input that is not listed is written
    in the component's file.
    """
    named: str = ""
    """A regular expression whose group `name` is the name in the stack file, where the program's is another one."""
