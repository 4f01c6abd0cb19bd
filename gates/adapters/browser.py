"""The browser of this machine, its driver, and the copies of axe-core that installed packages carry."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from gates.adapters.files import outside
from gates.dataclass import dataclass
from gates.errors import GateError, ToolMissingError

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
DRIVERS = ("chromedriver", "chromium.chromedriver")
INSTALL = "apt-get install chromium chromium-driver, or: brew install --cask chromium chromedriver"
#: The same by system. Ubuntu's packages of Chromium bring a snap, which holds the driver too.
INSTALL_ON = {
    "debian": "sudo apt-get install chromium chromium-driver",
    "ubuntu": "sudo snap install chromium",
    "macos": "brew install --cask google-chrome chromedriver",
}
#: Distributions that carry an axe-core; the newest copy is used.
AXE_CARRIERS = ("axe-selenium-python", "selenium-axe-python", "axe-playwright-python", "pytest-playwright-axe")
OLDEST_AXE = (4, 9, 0)

_BANNER = re.compile(rb"axe v(\d+)\.(\d+)\.(\d+)")
_ASSIGNED = re.compile(rb"\.version=[\"'](\d+)\.(\d+)\.(\d+)[\"']")


@dataclass(frozen=True, slots=True, kw_only=True)
class AxeScript:
    """A copy of axe-core: where it lies, its version as numbers, the sha256 of its bytes in hex."""

    path: Path
    version: tuple[int, int, int]
    sha256: str

    def __str__(self) -> str:
        return ".".join(map(str, self.version))


def find_browser(environment: Mapping[str, str], root: Path | None = None) -> str | None:
    """The path of a Chromium or Chrome: what `CHROME_BIN` says, else the first on PATH. None where there is none.

    What lies below `root` is not looked at: a change of the project would choose the program that judges it.
    """
    return _program(environment, "CHROME_BIN", BROWSERS, root)


def find_driver(environment: Mapping[str, str], root: Path | None = None) -> str | None:
    """The path of chromedriver: what `CHROMEDRIVER` says, else the first on PATH, as for the browser. None where there is none."""
    return _program(environment, "CHROMEDRIVER", DRIVERS, root)


def _program(environment: Mapping[str, str], variable: str, names: tuple[str, ...], root: Path | None) -> str | None:
    folders = environment.get("PATH", os.defpath)
    path = outside(root, folders) if root is not None else folders
    if environment.get(variable):
        return shutil.which(environment[variable], path=path)
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def newest_axe() -> AxeScript:
    """The newest axe-core among the installed distributions. Raises `ToolMissingError` where none is new enough."""
    scripts = [read_axe(path) for name in AXE_CARRIERS for path in _carried(name)]
    new_enough = [script for script in scripts if script.version >= OLDEST_AXE]
    if not new_enough:
        raise ToolMissingError(
            "no axe-core of version 4.9 or later is installed",
            remedy="pip install 'quality-gates[accessibility]', or name one with `axe-script`",
        )
    return max(new_enough, key=lambda script: (script.version, script.sha256))


def is_published_axe(script: AxeScript) -> bool:
    """Whether an installed distribution carries this very copy."""
    return any(read_axe(path).sha256 == script.sha256 for name in AXE_CARRIERS for path in _carried(name))


def _carried(distribution: str) -> list[Path]:
    from importlib import metadata  # it brings all of e-mail, and most runs have no page to look at

    try:
        members = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return []
    return [Path(str(member.locate())) for member in members if member.name == "axe.min.js"]


def read_axe(path: Path, *, copy: Path | None = None) -> AxeScript:
    """A copy of axe-core by its own word; with `copy` the bytes that were read are written there, and that is the one to use.

    Raises `GateError` where a file can't be read or does not say its version.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise GateError(f"{path} can't be read: {error.strerror}", remedy="name an axe.min.js of this repository") from error
    match = _BANNER.search(content[:500]) or _ASSIGNED.search(content)
    if match is None:
        raise GateError(f"{path} does not say which axe-core it is", remedy="use axe.min.js as axe-core publishes it")
    major, minor, patch = (int(part) for part in match.groups())
    if copy is not None:
        copy.write_bytes(content)
    return AxeScript(path=copy or path, version=(major, minor, patch), sha256=hashlib.sha256(content).hexdigest())
