"""Asks a service of advisories, soon and once, whether it knows what is known to be vulnerable: `audit_ask.py ADVISORIES`.

`ADVISORIES` is what the request of `audit_driver.py` has by that name, as JSON. Prints a line of JSON: `{"found": [name and version…]}`,
or `{"reason", "remedy"}`.
"""

from __future__ import annotations

import json
import sys

from gates.drivers.audit.engine import Audit
from gates.drivers.audit.inventory import CannotTellError
from gates.drivers.audit.services import HURRIED
from gates.drivers.audit_driver import open_service


def main(asked: str) -> None:
    advisories = json.loads(asked)
    try:
        canaries = Audit(open_service(advisories, HURRIED), advisories["name"]).check_canaries()
    except CannotTellError as error:
        print(json.dumps({"reason": error.reason, "remedy": error.remedy}))
    else:
        print(json.dumps({"found": [f"{canary['name']} {canary['version']}" for canary in canaries]}))


if __name__ == "__main__":
    main(sys.argv[1])
