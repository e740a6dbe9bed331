"""How old a dated fact may be."""

OLD_PRICES = 90
"""Days after which prices are to be looked at again: Google changes some of them every few months."""
