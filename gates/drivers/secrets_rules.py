"""Rules of the secret scan: names for detect-secrets' detectors, and detectors of our own for what it misses."""

from __future__ import annotations

import re

#: detect-secrets' types of secret, and our names for them.
ENGINE_RULES = {
    "AWS Access Key": "aws-access-key",
    "Artifactory Credentials": "artifactory-credentials",
    "Azure Storage Account access key": "azure-storage-key",
    "Base64 High Entropy String": "high-entropy-base64",
    "Basic Auth Credentials": "basic-auth",
    "Cloudant Credentials": "cloudant-credentials",
    "Discord Bot Token": "discord-bot-token",
    "GitHub Token": "github-token",
    "GitLab Token": "gitlab-token",
    "Hex High Entropy String": "high-entropy-hex",
    "IBM COS HMAC Credentials": "ibm-cos-hmac-key",
    "IBM Cloud IAM Key": "ibm-cloud-iam-key",
    "JSON Web Token": "json-web-token",
    "Mailchimp Access Key": "mailchimp-access-key",
    "NPM tokens": "npm-token",
    "OpenAI Token": "openai-token",
    "Private Key": "private-key",
    "Public IP (ipv4)": "public-ip",
    "PyPI Token": "pypi-token",
    "Secret Keyword": "keyword",
    "SendGrid API Key": "sendgrid-api-key",
    "Slack Token": "slack-token",
    "SoftLayer Credentials": "softlayer-credentials",
    "Square OAuth Secret": "square-oauth-secret",  # pragma: allowlist secret
    "Stripe Access Key": "stripe-access-key",
    "Telegram Bot Token": "telegram-bot-token",
    "Twilio API Key": "twilio-api-key",
}

ENTROPY = frozenset({"high-entropy-base64", "high-entropy-hex"})
#: Found by what stands around them, not by their own shape: ordinary text can look like these.
GENERIC = ENTROPY | {"keyword", "basic-auth", "public-ip", "authorization-header"}

_HEADER = (
    r"(?i)(?:authorization|x-(?:api|auth|access)-(?:key|token))[\"']?\]?\s*(?:[:=,]|=>)\s*[\"']?(?:(?:bearer|basic|token)\s+)?"
    r"((?=[^\s\"']*\d)(?=[^\s\"']*[a-z])[A-Za-z0-9._~+/-]{20,}={0,2})"
)

#: Shapes of tokens that detect-secrets 1.5 doesn't know. Group 1 is the secret.
OWN_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (rule, re.compile(pattern))
    for rule, pattern in (
        ("age-secret-key", r"\b(AGE-SECRET-KEY-1[0-9A-Z]{58})\b"),
        ("anthropic-token", r"\b(sk-ant-[a-z0-9]{2,10}-[A-Za-z0-9_-]{24,})"),
        ("databricks-token", r"\b(dapi[a-f0-9]{32})\b"),
        ("digitalocean-token", r"\b(do[opr]_v1_[a-f0-9]{64})\b"),
        ("docker-hub-token", r"\b(dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,})"),
        ("encrypted-private-key", r"(-----BEGIN ENCRYPTED PRIVATE KEY-----)"),  # pragma: allowlist secret
        ("github-token", r"\b(github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{40,})"),
        ("google-api-key", r"(?<![A-Za-z0-9_-])(AIza[0-9A-Za-z_-]{35})(?![A-Za-z0-9_-])"),
        ("google-oauth-secret", r"\b(GOCSPX-[A-Za-z0-9_-]{28})"),
        ("hashicorp-vault-token", r"\b(hv[sbr]\.[A-Za-z0-9_-]{24,})"),
        ("hugging-face-token", r"\b(hf_[A-Za-z]{34})\b"),
        ("linear-api-key", r"\b(lin_api_[A-Za-z0-9]{40})\b"),
        ("new-relic-key", r"\b(NRAK-[A-Z0-9]{27})\b"),
        ("npm-token", r"(?<![A-Za-z0-9_])(npm_[A-Za-z0-9]{36})\b"),
        ("openai-token", r"\b(sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,})"),
        ("postman-api-key", r"\b(PMAK-[a-f0-9]{24}-[a-f0-9]{34})\b"),
        ("private-key", r"(PuTTY-User-Key-File\-3)"),
        ("sentry-token", r"\b(sntry[su]_[A-Za-z0-9+/=_-]{40,})"),
        ("shopify-token", r"\b(shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32})\b"),
        ("slack-token", r"\b(xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{32,})"),
        ("terraform-cloud-token", r"\b([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,})"),
        ("authorization-header", _HEADER),
    )
)

#: Files that tools write, by their full names: full of digests, and of packages whose names hold words such as secret.
LOCK_FILES = frozenset(
    (
        *("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "conda-lock.yml"),
        *("package-lock.json", ".package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "deno.lock"),
        *("Cargo.lock", "go.sum", "go.work.sum", "composer.lock", "symfony.lock", "Gemfile.lock", "gems.locked", "packages.lock.json"),
        *("Package.resolved", "Cartfile.resolved", "Podfile.lock", "Brewfile.lock.json", "pubspec.lock", "mix.lock", "rebar.lock"),
        *("flake.lock", "Chart.lock", "shard.lock", "stack.yaml.lock", "renv.lock", "MODULE.bazel.lock", "buf.lock"),
    )
)


def rule_of(secret_type: str) -> str:
    """Our name for a type of detect-secrets; a type that is new to us gets its own words in kebab-case."""
    return ENGINE_RULES.get(secret_type) or re.sub(r"[^a-z0-9]+", "-", secret_type.lower()).strip("-")


def rank(rule: str) -> int:
    """How specific a rule is: of several on one value the lowest names it. A web token may hold another service's token."""
    if rule in ENTROPY:
        return 5
    return {"json-web-token": 1, "authorization-header": 2, "basic-auth": 3, "keyword": 4, "public-ip": 6}.get(rule, 0)


def left_out(path: str) -> frozenset[str]:
    """The rules that a file is not searched by: in lock files what is known by its name or looks random, in notebooks the latter."""
    if path.rpartition("/")[2] in LOCK_FILES:
        return ENTROPY | {"keyword"}
    return ENTROPY if path.endswith(".ipynb") else frozenset()
