"""Where secrets are put, one for each place from which an engine could carry it into a report: `PLACES` is the documentation's table."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of a canary. `how` says how it gets into what the gate's engine writes.

    `known`: the run knows the value, from a file or a variable. Else the gate must not let it out by itself.
    `written`: it stands in the raw output before that is masked; else the gate leaves it out.
    """

    name: str
    gate: str
    how: str
    known: bool = True
    written: bool = True


def _random(seed: str, length: int) -> str:
    text = base64.b64encode(hashlib.sha512(seed.encode()).digest()).decode()
    return (text * 2).translate(str.maketrans("+/=", "xyz"))[:length]


#: A part of every canary that the run knows, and of every one that it does not.
FOUND_MARK = _random("mark", 12)
PLAIN_MARK = "violet-otter-lantern"

PLACES: tuple[Place, ...] = (
    Place(name="source", gate="secrets", how="a line of a source file", written=False),
    Place(name="comment", gate="secrets", how="a comment that suppresses a finding", written=False),
    Place(name="file-name", gate="secrets", how="the name of a file"),
    Place(name="utf-16", gate="secrets", how="a file in UTF-16", written=False),
    Place(name="bandit-code", gate="security", how="a password that bandit quotes with the code around it", written=False),
    Place(name="bandit-text", gate="security", how="a password that bandit repeats in its message", known=False, written=False),
    Place(name="bandit-syntax", gate="security", how="a line that can't be parsed", written=False),
    Place(name="nosec", gate="security", how="a comment that suppresses a finding of bandit"),
    Place(name="diff", gate="tests", how="the difference of two values in a failed assertion"),
    Place(name="long-diff", gate="tests", how="a long value that pytest cuts in its middle"),
    Place(name="stdout", gate="tests", how="what a failed test prints, in every encoding"),
    Place(name="stderr", gate="tests", how="what a failed test writes to standard error"),
    Place(name="log", gate="tests", how="what a failed test logs"),
    Place(name="parameter", gate="tests", how="a parameter, so the test's id"),
    Place(name="property", gate="tests", how="a property that a test records for JUnit"),
    Place(name="warning", gate="tests", how="a warning"),
    Place(name="exception", gate="tests", how="the message of an exception that another one is raised from"),
    Place(name="skip", gate="tests", how="the reason of a skip"),
    Place(name="collection", gate="tests", how="the error of a file of tests that can't be imported"),
    Place(name="fixture", gate="tests", how="an error while a test is set up"),
    Place(name="header", gate="contracts", how="a header of every request, from a variable"),
    Place(name="response", gate="contracts", how="the body of an answer"),
    Place(name="service-log", gate="contracts", how="what the service under test prints"),
    Place(name="example", gate="contracts", how="an example of the contract, sent as a parameter"),
    Place(name="description", gate="contracts", how="a description in the contract", written=False),
    Place(name="input", gate="accessibility", how="the value of a password's field", known=False, written=False),
    Place(name="mail", gate="accessibility", how="an address to write to", known=False, written=False),
    Place(name="link", gate="accessibility", how="a token in the address of a link", written=False),
    Place(name="hash", gate="accessibility", how="a token behind the # of an address that the page goes to", written=False),
    Place(name="console", gate="accessibility", how="what a page writes to the browser's console", written=False),
    Place(name="index", gate="dependencies", how="the password of an index in a requirements file", known=False, written=False),
    Place(name="sarif", gate="sarif", how="messages, snippets, command lines and environment of a SARIF report"),
    Place(name="junit", gate="junit", how="names, messages, properties and output in a JUnit report"),
    Place(name="cyclonedx", gate="cyclonedx", how="names, properties and addresses of a CycloneDX report"),
    Place(name="program", gate="sarif", how="what a program of the project prints"),
    Place(name="packed", gate="sarif", how="a packed file among the raw output"),
    Place(name="member", gate="sarif", how="the name of a file among the raw output"),
    Place(name="variable", gate="junit", how="the value of a variable whose name looks secret"),
    Place(name="address", gate="tests", how="the password in an address that a variable holds"),
    Place(name="remote", gate="", how="the token in the address of git's remote", written=False),
)


def canary(name: str) -> str:
    """The secret of a place: such as a run finds in files, or plain words where it must not know it."""
    place = next((place for place in PLACES if place.name == name), None)
    if place is not None and not place.known:
        return f"{PLAIN_MARK}-{name}"
    return "gh" + "p_" + (FOUND_MARK + _random(f"leak-{name}", 36))[:36]


CANARIES = {place.name: canary(place.name) for place in PLACES}
