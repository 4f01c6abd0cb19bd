"""What an extra of the distribution brings, asked for where it is used: a hook that signs nothing has no use for what signs."""

from __future__ import annotations

from importlib.util import find_spec

from gates.errors import UsageError

#: The extra with keys; `quality-gates[all]` brings it too.
SIGNATURES = "signatures"


def need_signatures() -> None:
    """Raises `UsageError` with the command that brings it where the library of Ed25519 (RFC 8032) and X.509 is not installed.

    Nothing may be taken for signed, or for not signed, where nobody could look.
    """
    if find_spec("cryptography") is None:
        raise UsageError(
            "signatures need cryptography, which is not installed",
            help=f"pip install 'quality-gates[{SIGNATURES}]'; in a hook: `additional_dependencies: [\"quality-gates[{SIGNATURES}]\"]`",
        )
