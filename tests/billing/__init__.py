"""The program of the billing account's owner."""
