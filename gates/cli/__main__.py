"""`python -m gates.cli`: the same as the console script."""

import sys

if not sys.flags.safe_path:
    # `-m` puts the folder where we stand first, and that is the project's: none of its modules may be taken for one of ours.
    del sys.path[0]

from gates.cli.entry import run

run()
