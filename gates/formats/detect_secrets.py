"""What the rules of the secret scan mean: how bad a find is, in words that a person understands, and what to do about it."""

from __future__ import annotations

from gates.api import Kind, Severity
from gates.dataclass import dataclass
from gates.formats import places

_FALSE_POSITIVE = (
    "If it is no secret, waive it with the reason (`gates waive`); `# pragma: allowlist secret` helps only where the policy allows new "
    "ones."
)
_BEFORE_3 = "If it is no secret, say so in a waiver with its reason, or end the line with `# pragma: allowlist secret`."
_REVOKE = (
    "Treat it as stolen: revoke it where it was issued, then read the new one from the environment or a secret store. "
    f"Taking it out of the file does not take it out of the history. {_FALSE_POSITIVE}"
)
_MOVE = f"Read it from the environment or a secret store, and change it if it was ever in use. {_FALSE_POSITIVE}"
_KEY = (
    "Treat the key as stolen: replace it and the certificates or logins that rest on it, and keep the new one outside the repository. "
    "A key that only tests use is better made when the tests run. " + _FALSE_POSITIVE
)
_LOOK = f"Look at what it is. {_MOVE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a find of one rule means. `severity` is for one outside of tests and documents."""

    title: str
    severity: Severity
    meaning: str
    remedy: str = _REVOKE


def _token(title: str, severity: Severity = Severity.HIGH) -> Rule:
    return Rule(title=title, severity=severity, meaning="whoever can read this file can use it")


def _key(title: str, severity: Severity) -> Rule:
    return Rule(title=title, severity=severity, meaning="whoever can read this file has the key", remedy=_KEY)


_CRITICAL, _HIGH, _MEDIUM, _LOW, _INFO = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO

RULES = {
    "age-secret-key": _key("age secret key", _CRITICAL),
    "anthropic-token": _token("Anthropic API key"),
    "artifactory-credentials": _token("Artifactory credentials"),
    "authorization-header": Rule(
        title="Value of an authorization header", severity=_HIGH, meaning="a request that carries it acts in its owner's name"
    ),
    "aws-access-key": _token("AWS access key", _CRITICAL),
    "azure-storage-key": _token("Azure storage key", _CRITICAL),
    "basic-auth": Rule(title="Password in an address", severity=_HIGH, meaning="the address logs in whoever reads it", remedy=_MOVE),
    "cloudant-credentials": _token("Cloudant credentials"),
    "databricks-token": _token("Databricks token"),
    "digitalocean-token": _token("DigitalOcean token"),
    "discord-bot-token": _token("Discord bot token"),
    "docker-hub-token": _token("Docker Hub token", _CRITICAL),
    "encrypted-private-key": _key("Encrypted private key", _MEDIUM),
    "github-token": _token("GitHub token", _CRITICAL),
    "gitlab-token": _token("GitLab token", _CRITICAL),
    "google-api-key": _token("Google API key"),
    "google-oauth-secret": _token("Google OAuth client secret"),
    "hashicorp-vault-token": _token("HashiCorp Vault token", _CRITICAL),
    "high-entropy-base64": Rule(
        title="Random-looking text", severity=_LOW, meaning="quoted text as random as a key (base64)", remedy=_LOOK
    ),
    "high-entropy-hex": Rule(title="Random-looking text", severity=_LOW, meaning="quoted text as random as a key (hex)", remedy=_LOOK),
    "hugging-face-token": _token("Hugging Face token"),
    "ibm-cloud-iam-key": _token("IBM Cloud IAM key"),
    "ibm-cos-hmac-key": _token("IBM Cloud Object Storage key"),
    "json-web-token": Rule(title="JSON web token", severity=_MEDIUM, meaning="until it expires it stands for whoever it was given to"),
    "keyword": Rule(
        title="Secret in plain text",
        severity=_MEDIUM,
        meaning="a fixed value is assigned to a name such as password, secret or api_key",
        remedy=_MOVE,
    ),
    "linear-api-key": _token("Linear API key"),
    "mailchimp-access-key": _token("Mailchimp access key"),
    "new-relic-key": _token("New Relic key"),
    "npm-token": _token("npm token", _CRITICAL),
    "openai-token": _token("OpenAI API key"),
    "postman-api-key": _token("Postman API key"),
    "private-key": _key("Private key", _CRITICAL),
    "public-ip": Rule(title="Public address", severity=_INFO, meaning="the address of a machine on the internet", remedy=_LOOK),
    "pypi-token": _token("PyPI token", _CRITICAL),
    "sendgrid-api-key": _token("SendGrid API key"),
    "sentry-token": _token("Sentry token"),
    "shopify-token": _token("Shopify token"),
    "slack-token": _token("Slack token or webhook"),
    "softlayer-credentials": _token("SoftLayer credentials"),
    "square-oauth-secret": _token("Square OAuth secret", _CRITICAL),
    "stripe-access-key": _token("Stripe live key", _CRITICAL),
    "telegram-bot-token": _token("Telegram bot token"),
    "terraform-cloud-token": _token("Terraform Cloud token", _CRITICAL),
    "twilio-api-key": _token("Twilio key", _MEDIUM),
}

#: Rules that detectors of ours find, alone or beside the engine's.
OURS_ALONE = (
    "age-secret-key",
    "anthropic-token",
    "authorization-header",
    "databricks-token",
    "digitalocean-token",
    "docker-hub-token",
    "encrypted-private-key",
    "google-api-key",
    "google-oauth-secret",
    "hashicorp-vault-token",
    "hugging-face-token",
    "linear-api-key",
    "new-relic-key",
    "postman-api-key",
    "sentry-token",
    "shopify-token",
    "terraform-cloud-token",
)
OURS_TOO = ("github-token", "npm-token", "openai-token", "private-key", "slack-token")

#: Rules that ordinary text can meet: what the value looks like and where it stands decide what a find is worth.
CONTEXTUAL = frozenset(
    {"authorization-header", "basic-auth", "high-entropy-base64", "high-entropy-hex", "json-web-token", "keyword", "public-ip"}
)
_NAMED = frozenset({"authorization-header", "basic-auth", "keyword"})
_KEYS = frozenset({"encrypted-private-key", "private-key"})
_NO_SECRET = frozenset({"placeholder", "phrase", "path", "reference"})


def find(rule: str) -> Rule:
    """What a rule means; a rule that is new to us counts as high."""
    return RULES.get(rule) or _token(rule.replace("-", " "), _HIGH)


def weigh(rule: str, shape: str, path: str) -> tuple[Kind, Severity]:
    """What a find is worth in `strict`: a finding, or something for a person to look at.

    A token with a shape of its own is a finding wherever it stands, but for one in tests or documents that says itself
    that it is an example. Private keys in tests and documents need review: most were made for them. A value that is
    known by its surroundings alone needs review where it is no more than words, in documents, and in tests unless a
    name calls it a secret and it looks random.
    """
    severity = find(rule).severity
    in_document, in_test = places.is_document(path), places.is_test(path)
    if rule in _KEYS and (in_document or in_test):
        return Kind.NEEDS_REVIEW, min(severity, _MEDIUM)
    if rule not in CONTEXTUAL:
        sample = shape == "placeholder" and (in_document or in_test)
        return (Kind.NEEDS_REVIEW if sample else Kind.FINDING), severity
    if shape in _NO_SECRET or in_document:
        return Kind.NEEDS_REVIEW, min(severity, _LOW)
    if in_test:
        named = rule in _NAMED and shape == "random"
        return (Kind.FINDING if named else Kind.NEEDS_REVIEW), min(severity, _MEDIUM if named else _LOW)
    return Kind.FINDING, severity


def remedy(rule: Rule, *, parser: int) -> str:
    """What to do about a find, as that version of the parser says it."""
    return rule.remedy.replace(_FALSE_POSITIVE, _BEFORE_3) if parser < 3 else rule.remedy
