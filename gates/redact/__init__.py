"""Secrets out of everything that is written: what gates found, and the values of secret-looking variables."""

from gates.redact.redactor import MASK, Mask, Redactor, Unsearched
from gates.redact.variables import child_environment, is_secret_name, rule_of, secret_values, secrets_of
from gates.redact.words import MINIMUM_LENGTH, Why

__all__ = [
    "MASK",
    "MINIMUM_LENGTH",
    "Mask",
    "Redactor",
    "Unsearched",
    "Why",
    "child_environment",
    "is_secret_name",
    "rule_of",
    "secret_values",
    "secrets_of",
]
