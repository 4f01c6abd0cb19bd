"""Which browser and which axe-core are used, from real files: the variable before PATH, the newest before the others."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from gates.adapters import browser
from gates.errors import GateError, ToolMissingError


def program(folder: Path, name: str) -> str:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_a_variable_comes_before_path(tmp_path: Path) -> None:
    on_path, named = program(tmp_path, "chromium"), program(tmp_path, "mine")
    assert browser.find_browser({"PATH": str(tmp_path)}) == on_path
    assert browser.find_browser({"PATH": str(tmp_path), "CHROME_BIN": named}) == named
    assert browser.find_browser({"PATH": str(tmp_path), "CHROME_BIN": str(tmp_path / "gone")}) is None
    assert browser.find_driver({"PATH": str(tmp_path)}) is None
    assert browser.find_driver({"PATH": str(tmp_path), "CHROMEDRIVER": named}) == named


def test_the_newest_installed_axe_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    newest = browser.newest_axe()
    assert newest.version >= browser.OLDEST_AXE
    assert newest.sha256 == hashlib.sha256(newest.path.read_bytes()).hexdigest()
    monkeypatch.setattr(browser, "AXE_CARRIERS", ("no-such-distribution",))
    with pytest.raises(ToolMissingError, match=r"no axe-core of version 4\.9"):
        browser.newest_axe()


def test_a_copy_says_its_version_in_its_banner_or_its_code(tmp_path: Path) -> None:
    script = tmp_path / "axe.min.js"
    script.write_text("/*! axe v4.14.1\n * Copyright */")
    assert str(browser.read_axe(script)) == "4.14.1"
    script.write_text('!function(){(axe=axe||{}).version="3.1.1"}')
    assert browser.read_axe(script).version == (3, 1, 1)
    script.write_text("alert(1)")
    with pytest.raises(GateError, match="does not say which axe-core it is"):
        browser.read_axe(script)
    with pytest.raises(GateError, match="can't be read"):
        browser.read_axe(tmp_path / "gone.js")


def test_a_copy_that_is_used_is_the_one_that_was_read(tmp_path: Path) -> None:
    newest = browser.newest_axe()
    script, copy = tmp_path / "axe.min.js", tmp_path / "copy.js"
    script.write_bytes(newest.path.read_bytes())
    read = browser.read_axe(script, copy=copy)
    assert (read.path, copy.read_bytes()) == (copy, newest.path.read_bytes())
    assert browser.is_published_axe(read)
    script.write_bytes(newest.path.read_bytes() + b"\n")
    assert not browser.is_published_axe(browser.read_axe(script))
