"""What leaves a review without the secrets in it, as every form of its output shows them."""

from coursecloud.plan.hiding import deep
from coursecloud.review.report import Review
from infra import secrecy


def review(review: Review) -> Review:
    """Give a review as it may be shown."""
    known = frozenset[str]()
    for stack in review.stacks:
        for change in stack.changes:
            for side in (change.before, change.after):
                known |= secrecy.words_of(side.inputs) if side else frozenset[str]()
        for entry in (*stack.settings, *stack.outputs):
            known |= secrecy.words_of({"old": entry.old, "new": entry.new}) | secrecy.words_of({entry.path: entry.new})
    return deep(review, known)
