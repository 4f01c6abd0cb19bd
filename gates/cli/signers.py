"""Whose bundles a command believes: the options that name them."""

from __future__ import annotations

import argparse
from pathlib import Path

from gates.evidence import trust, trust_file
from gates.evidence.trust import Trusted


def add_arguments(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--key", action="append", default=[], type=Path, metavar="FILE", help="trust bundles that this public key signed; repeatable"
    )
    parser.add_argument(
        "--identity",
        action="append",
        default=[],
        metavar="IDENTITY@ISSUER",
        help="trust bundles that this identity signed by Sigstore, such as a workflow at a ref; repeatable",
    )
    parser.add_argument("--trust", type=Path, metavar="FILE", help="trust the signers that this file names, each within its validity")


def named(options: argparse.Namespace) -> Trusted:
    """Whom the command line and the trust file name. Raises `UsageError` or `PolicyError`."""
    file = trust_file.read(options.trust) if options.trust else Trusted()
    return file.and_named(trust.named_keys(options.key), trust.named_identities(options.identity))
