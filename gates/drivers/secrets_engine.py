"""detect-secrets itself, made ready: all of its detectors, its filters, and no way to the network.

To import it takes most of the time of a small scan, so it is imported when there is a line to ask it about.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache

from gates.drivers.secrets_offline import offline

with offline():
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.settings import get_filters, get_plugins, get_settings

    from gates.drivers import secrets_compat, secrets_gates, secrets_rules, secrets_strict  # noqa: F401 (they name detect-secrets too)
    from gates.drivers.secrets_strict import Detectors

    # Both would be imported only when they are asked for.
    importlib.import_module("detect_secrets.filters.common")
    CLASSES: Mapping[str, type] = get_mapping_from_secret_type_to_class()


@cache
def detectors() -> Detectors:
    """All detectors, put in force. Those of a version that is known are quick on long lines too."""
    if secrets_gates.is_usable():
        from gates.drivers import secrets_long

        secrets_long.anchor()
    get_settings().configure_plugins([{"name": detector.__name__} for detector in CLASSES.values()])
    return Detectors.sort(sorted(get_plugins(), key=lambda plugin: str(plugin.secret_type)))


def filters() -> list[str]:
    return sorted(filter_.__name__ for filter_ in get_filters())


def verifies() -> bool:
    """Whether anything that is found would be sent to other services."""
    return any("verification" in name for name in get_settings().filters)


def rules() -> list[str]:
    """The rules of the detectors in force, in the order of detect-secrets' names for them."""
    kinds = sorted(str(plugin.secret_type) for plugin in get_plugins())
    return [secrets_rules.rule_of(kind) for kind in kinds]
