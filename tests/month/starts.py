"""Where an event begins: a cloud and folders made once by the product itself, kept, and brought back for each event."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from emulator import Emulator
from tests.month.month import Month
from tests.month.place import PROJECT, Place, Saved, fingerprint
from tests.project import CHECKOUT

KEPT = CHECKOUT / "build/month"
"""What is kept between runs; git ignores it."""

OTHER_PROJECT = "rehearsal-project-2"
STATE_BUCKET = "rehearsal-group-state"


@dataclass
class Starts:
    """The beginnings of one place."""

    place: Place
    made: dict[tuple[str, str], Saved] = field(default_factory=dict[tuple[str, str], Saved])
    empty: Saved | None = None

    def at(self, stack: str, start: str) -> Month:
        """Bring the place to where an event begins, and give its month."""
        if self.empty is None:
            self.empty = self.place.save()
        if (stack, start) not in self.made:
            self.made[stack, start] = self._kept(stack, start) or self._make(stack, start)
        self.place.restore(self.made[stack, start])
        return Month(self.place, stack)

    def _kept(self, stack: str, start: str) -> Saved | None:
        file = _file(stack, start)
        return pickle.loads(file.read_bytes()) if file.exists() else None  # noqa: S301 - our own

    def _make(self, stack: str, start: str) -> Saved:
        assert self.empty
        if start == "nothing":
            return self.empty
        if start == "evening":
            month = self.at(stack, "day")
            month.product("down")
        else:
            self.place.restore(self.empty)
            month = Month(self.place, stack)
            if start == "bucket":
                api = f"serviceusage/v1/projects/{PROJECT}/services/storage.googleapis.com"
                month.hands.request("POST", f"{api}:enable", {})
                month.hands.request("POST", f"storage/v1/b?project={PROJECT}", {"name": STATE_BUCKET})
                self.place.keep_state_in(f"gs://{STATE_BUCKET}")
            month.product("up")
            month.quiet()
        saved = self.place.save()
        file = _file(stack, start)
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as written:
            written.write(pickle.dumps(saved))
        Path(written.name).replace(file)
        return saved


def _file(stack: str, start: str) -> Path:
    return KEPT / f"start-{stack}-{start}-{fingerprint()}.pickle"


@contextmanager
def opened() -> Generator[Starts]:
    """Open a place in a folder of its own; all of it goes at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="coursecloud-month-") as folder,
        Emulator(projects=[PROJECT, OTHER_PROJECT]) as emulator,
    ):
        yield Starts(Place(Path(folder), emulator))
