"""The steps of action.yml, by name: `python -I scripts/action STEP`.

Runs with any Python from 3.11 on, on the standard library alone. Inputs arrive as one variable in JSON, never as parts of a command.
"""

from __future__ import annotations

import sys

import installing
import judging
import publishing
from runner import StepError, error

STEPS = {
    "install": installing.install,
    "run": judging.run,
    "comment": publishing.comment,
    "attach": publishing.attach,
}


def main(argv: list[str]) -> int:
    if len(argv) != 1 or argv[0] not in STEPS:
        print(f"usage: action {'|'.join(STEPS)}", file=sys.stderr)
        return 2
    try:
        return STEPS[argv[0]]()
    except StepError as found:
        error(str(found))
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
