"""`python -m gates.cli`: the same as the console script."""

from gates.cli.main import run

run()
