"""Which region somebody meant who wrote a town, another cloud's region, or one in other letters."""

from catalog import tables
from infra.settings.problem import nearest


def meant(written: str) -> str:
    """Say what to write in place of a region that the table does not have."""
    regions, folded = tables.table("compute")["regions"], written.strip().lower().replace("_", "-")
    if folded in regions:
        return f"did you mean '{folded}'? It is written in lower case, with hyphens"
    for name, others in tables.table("other-words")["regions"].items():
        if folded in others:
            town = regions[name]["location"]
            return f"did you mean '{name}'? '{folded}' is a region of another cloud, in {town} or near it"
    towns = [name for name, entry in regions.items() if entry["location"].lower() == folded.replace("-", " ")]
    if towns:
        return f"did you mean '{towns[0]}'? It is the region in {regions[towns[0]]['location']}"
    # Nobody means another continent.
    near = [name for name in regions if name[:2] == folded[:2]]
    return nearest(written, near, "write for example europe-west1, europe-west4 or us-central1")
