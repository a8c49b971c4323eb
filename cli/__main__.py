"""`python -m cli` is `attune`."""

from cli.main import main

main()
