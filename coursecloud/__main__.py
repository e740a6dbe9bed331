"""`python -m coursecloud`."""

from coursecloud.cli import main

main()
