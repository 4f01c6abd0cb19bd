"""The cost of the proofs: CPU of whole runs on `examples/shop`, with them and without, in turn within one sitting.

Called by `bench/proofs` with two clones, each with an environment of its own; the second is changed here. What is taken
out is named below; a run without it still comes to its verdict.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

#: A proof, the file that makes it, what stands there once, and what stands there without it.
PROOFS = (
    ("tests: functions are seen to begin", "gates/drivers/pytest_plugin.py", "self.watch.begin(item)", "pass"),
    ("tests: functions are seen to end", "gates/drivers/pytest_plugin.py", "seen = self.watch.end()", "seen = {}"),
    ("tests: what passed must have run", "gates/runners/tests/facts.py", "passed_by = proof.check(run, inventory)", "passed_by = set()"),
    (
        "contracts: the canary",
        "gates/drivers/contracts_driver.py",
        '_try_canary(Path(folder) / "canary.json", events, config, phases)',
        "pass",
    ),
    (
        "contracts: what the canary must show",
        "gates/runners/contracts/reading.py",
        'schemathesis_canary.require(raw, Asked(**{name: tuple(names) for name, names in inventory["asked"].items()}))',
        "pass",
    ),
    (
        "accessibility: the canary's page",
        "gates/drivers/axe_driver.py",
        'browser.get(f"data:text/html;charset=utf-8,{quote(CANARY)}")',
        "pass",
    ),
    (
        "accessibility: the canary",
        "gates/drivers/axe_driver.py",
        'found = audit.run(world)["violations"]',
        'return self.about.update(axe="4.12.1", rules="") or 3',
    ),
    ("dependencies: the canaries", "gates/drivers/audit_driver.py", "audit.check_canaries()", "[]"),
    (
        "secrets: the canary of the gates",
        "gates/drivers/secrets_driver.py",
        "secrets_canary.gated(self.prefilter, strict) if self.prefilter is not None else []",
        "[]",
    ),
    (
        "secrets: the canary of detect-secrets",
        "gates/drivers/secrets_driver.py",
        "self._scan(secrets_canary.PATH, secrets_canary.text(self.strict).encode(), frozenset())",
        "Scanned()",
    ),
    ("secrets: what they must show", "gates/runners/secrets.py", "sorted(set(planted) - set(found), key=planted.index)", "[]"),
    ("security: the canary", "gates/drivers/bandit_driver.py", "canary = _run([bandit_canary.PATH])", 'canary = {"issues": []}'),
    ("security: what it must show", "gates/runners/security.py", 'if rule not in scan["canary"]]', "if False]"),
)
RUNS = int(os.environ.get("BENCH_RUNS", "7"))


def main() -> int:
    """Print both sides and their ratio; exit code 1 where the proofs cost a tenth or more."""
    with_proofs, without = map(Path, sys.argv[1:3])
    for _, path, old, new in PROOFS:
        source = (without / path).read_text("utf-8")
        if source.count(old) != 1:
            raise SystemExit(f"{path} holds {old!r} {source.count(old)} times, not once: mend the list in {Path(__file__).name}")
        (without / path).write_text(source.replace(old, new), "utf-8")
    for clone in (with_proofs, without):
        cpu(clone)  # warms caches, and shows that it passes
    pairs = [(cpu(with_proofs), cpu(without)) for _ in range(RUNS)]
    for title, side in (("with proofs", 0), ("without", 1)):
        values = [pair[side] for pair in pairs]
        print(f"{title:12} CPU s: min {min(values):.2f}  median {statistics.median(values):.2f}  max {max(values):.2f}")
    ratios = [a / b for a, b in pairs]
    print(f"{'ratio':12}      : min {min(ratios):.3f}  median {statistics.median(ratios):.3f}  max {max(ratios):.3f}")
    return int(statistics.median(ratios) >= 1.1)


def cpu(clone: Path) -> float:
    """CPU seconds, user and system, of one run with all children that it waited for."""
    environment = clone / "build" / f"demo-{sys.version_info[0]}.{sys.version_info[1]}"
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = [str(environment / "bin" / "gates"), "-C", str(clone / "examples" / "shop"), "run", "--no-cache"]
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(command, env={**os.environ, "PATH": path, "VIRTUAL_ENV": str(environment)}, stdout=output, stderr=output)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            output.seek(0)
            raise SystemExit(f"the run in {clone} ended with {child.returncode}:\n{output.read().decode()}")
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
