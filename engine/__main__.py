"""`python -m engine` is `daybook`."""

from engine.cli import main

main()
