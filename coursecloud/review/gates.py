"""What a review can be told to fail on, by name: for its options, and for their completion."""

GATES = (
    "refused",
    "replace",
    "delete",
    "data-loss",
    "access",
    "protection",
    "credit",
    "program",
    "violation",
    "cost>X",
)
