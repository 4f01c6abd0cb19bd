"""Fetches a contract from an address, once, so that the engine and the inventory read the same bytes.

Called as `contracts_fetch.py ADDRESS FILE`. Headers are given in the variable GATES_HEADERS as a JSON object, never on
the command line, and are never sent on to where a redirection leads. What can't be fetched ends with exit code 2 and
one line on standard error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import requests


def main() -> int:
    address, target = sys.argv[1], Path(sys.argv[2])
    try:
        answer = requests.get(address, headers=json.loads(os.environ["GATES_HEADERS"]), timeout=30, allow_redirects=False)
    except requests.RequestException:
        print("the contract's address did not answer", file=sys.stderr)
        return 2
    if answer.status_code != requests.codes.ok:
        print(f"the contract's address answered {answer.status_code}", file=sys.stderr)
        return 2
    target.write_bytes(answer.content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
