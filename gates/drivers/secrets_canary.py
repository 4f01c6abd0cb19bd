"""A file with a planted secret for each detector, made anew in each run: one that is blind to its own
finds nothing in the project either.

Nothing here is a secret, and no line of this file looks like one: the samples are put together when they are asked for.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gates.drivers.secrets_gates import LOOSE_GATES, Prefilter, loose, own

if TYPE_CHECKING:  # it brings detect-secrets, which a run without a candidate does not load
    from gates.drivers.secrets_hits import Hit

PATH = "canary.py"


def _letters(seed: str, length: int) -> str:
    """Capital letters and digits that look random and are the same in every run."""
    return base64.b32encode(hashlib.sha512(seed.encode()).digest()).decode().strip("=")[:length]


def _mixed(seed: str, length: int) -> str:
    text = base64.b64encode(hashlib.sha512(seed.encode()).digest()).decode()
    return (text * 2).replace("+", "A").replace("/", "b").replace("=", "")[:length]


def _hex(seed: str, length: int) -> str:
    return hashlib.sha512(seed.encode()).hexdigest()[:length]


def _plain(seed: str, length: int) -> str:
    """Letters alone."""
    return _hex(seed, 128).translate(str.maketrans("0123456789", "ghijklmnop"))[:length]


def _engine() -> dict[str, str]:
    """A line for each of detect-secrets' detectors that no detector of ours with the same name finds.

    The one for public addresses has none: detect-secrets' own filter for values without a letter drops all that it finds.
    """
    return {
        "artifactory-credentials": "artifactory = 'x " + "AK" + "C" + _mixed("artifactory", 60) + " '",
        "aws-access-key": "aws = '" + "AK" + "IA" + _letters("aws", 16) + "'",
        "azure-storage-key": "azure = 'Account" + "Key=" + _mixed("azure", 86) + "=='",
        "basic-auth": "database = 'postgres" + "://" + "user:" + _mixed("basic", 14) + "@host/db'",
        "cloudant-credentials": "url = 'https" + "://user:" + _hex("cloudant", 64) + "@host." + "cloudant.com'",
        "discord-bot-token": "bot = 'M" + _mixed("bot", 23) + "." + _mixed("middle", 6) + "." + _mixed("end", 27) + "'",
        "github-token": "github = 'gh" + "p_" + _mixed("github", 36) + "'",
        "gitlab-token": "gitlab = 'gl" + "pat-" + _mixed("gitlab", 20) + "'",
        "high-entropy-base64": "blob = '" + _mixed("base64", 64) + "'",
        "high-entropy-hex": "sum_of = '" + _hex("hex", 40) + "'",
        "ibm-cloud-iam-key": "ibm_" + "key = '" + _mixed("iam", 44) + "'",
        "ibm-cos-hmac-key": "cos_hmac_secret_" + "access_key = '" + _hex("cos", 48) + "'",
        "json-web-token": "web = '" + _web_token() + "'",
        "keyword": "pass" + "word = '" + _mixed("keyword", 11) + "'",
        "mailchimp-access-key": "mail = '" + _hex("mailchimp", 32) + "-us" + "7'",
        "npm-token": "npmrc = '//host/" + ":_auth" + "Token=np" + "m_" + _mixed("npmrc", 20) + "'",
        "openai-token": "openai = 'sk" + "-" + _mixed("openai", 20) + "T3Blbk" + "FJ" + _mixed("ai", 20) + "'",
        "private-key": "header = '-----BEGIN RSA " + "PRIVATE " + "KEY-----'",
        "pypi-token": "pypi = 'py" + "pi-AgEIcHlwaS5vcmc" + _mixed("pypi", 80) + "'",
        "sendgrid-api-key": "grid = 'S" + "G." + _mixed("sendgrid", 22) + "." + _mixed("grid", 43) + "'",
        "slack-token": "slack = 'xo" + "xb-123456789012-123456789012-" + _mixed("slack", 24).lower() + "'",
        "softlayer-credentials": "softlayer_" + "key = '" + _hex("softlayer", 64) + "'",
        "square-oauth-secret": "square = 'sq" + "0csp-" + _mixed("square", 43) + "'",
        "stripe-access-key": "stripe = 'sk" + "_live_" + _mixed("stripe", 24) + "'",
        "telegram-bot-token": "123456789" + ":" + _mixed("telegram", 35),
        "twilio-api-key": "twilio = 'A" + "C" + _hex("twilio", 32) + "'",
    }


def _own() -> dict[str, str]:
    """A line for each detector of ours that none of detect-secrets' with the same name finds."""
    return {
        "age-secret-key": "AGE-" + "SECRET-KEY-1" + _letters("age", 58),
        "anthropic-token": "sk" + "-ant-api03-" + _mixed("anthropic", 80),
        "authorization-header": "Authori" + "zation: Bearer " + _mixed("header", 40),
        "databricks-token": "da" + "pi" + _hex("databricks", 32),
        "digitalocean-token": "do" + "p_v1_" + _hex("ocean", 64),
        "docker-hub-token": "dc" + "kr_pat_" + _mixed("docker", 27),
        "encrypted-private-key": "-----BEGIN ENCRYPTED " + "PRIVATE " + "KEY-----",
        "github-token": "github" + "_pat_" + _mixed("pat", 22) + "_" + _mixed("fine", 59),
        "google-api-key": "AI" + "za" + _mixed("google", 35),
        "google-oauth-secret": "GOC" + "SPX-" + _mixed("oauth", 28),
        "hashicorp-vault-token": "hv" + "s." + _mixed("vault", 40),
        "hugging-face-token": "h" + "f_" + _plain("face", 34),
        "linear-api-key": "lin" + "_api_" + _mixed("linear", 40),
        "new-relic-key": "NR" + "AK-" + _letters("relic", 27),
        "npm-token": "np" + "m_" + _mixed("npm", 36),
        "openai-token": "sk" + "-proj-" + _mixed("project", 48),
        "postman-api-key": "PM" + "AK-" + _hex("postman", 24) + "-" + _hex("man", 34),
        "private-key": "PuTTY-User-" + "Key-File-3",
        "sentry-token": "snt" + "rys_" + _mixed("sentry", 60),
        "shopify-token": "shp" + "at_" + _hex("shopify", 32),
        "slack-token": "xa" + "pp-1-A" + _letters("app", 10) + "-1234567890-" + _hex("slack", 64),
        "terraform-cloud-token": _mixed("terraform", 14) + ".at" + "lasv1." + _mixed("cloud", 67),
    }


def _forms() -> dict[str, str]:
    """A line for each gate of detect-secrets' detectors that matches none of the other samples: `secrets_gates` numbers them."""
    return {
        "artifactory-credentials 2": "artifactory = 'x " + "AP" + "A" + _mixed("encrypted", 60) + " '",
        "aws-access-key 2": "aws_secret_" + "key = '" + _mixed("aws secret", 40) + "'",
        # the sample of `_engine` is an address
        "cloudant-credentials": "cloudant_" + "key = '" + _hex("cloudant", 64) + "'",
        "cloudant-credentials 2": "url = 'https" + "://user:" + _hex("cloudant", 64) + "@host." + "cloudant.com'",
        "keyword 2": "pass" + "word.assign('" + _mixed("assigned", 11) + "');",
        "keyword 3": "pass" + "word '" + _mixed("semicolon", 11) + "';",
        "keyword 4": "'" + _mixed("compared", 11) + "' == pass" + "word",
        "keyword 5": "pass" + "word: " + _mixed("unquoted", 11),
        # a filter of the engine's drops what its detector finds
        "public-ip": "host = 203.0." + "113.7",
        "slack-token 2": "slack = 'https://hooks" + ".slack.com/services/T" + _letters("team", 8) + "/B" + _letters("hook", 8) + "/x",
        "softlayer-credentials 2": "url = 'https://api." + "softlayer.com/soap/v3/" + _hex("soap", 64) + "'",
    }


def _web_token() -> str:
    parts = (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890"}', hashlib.sha256(b"web").digest())
    return ".".join(base64.urlsafe_b64encode(part).decode().strip("=") for part in parts)


def planted(strict: bool) -> list[tuple[str, str, str]]:
    """(name, rule, line) of each sample. The name of one of our own detectors says so: an engine's may have the same rule."""
    engine = [(rule, rule, line) for rule, line in _engine().items()]
    return engine + ([(own(rule), rule, line) for rule, line in _own().items()] if strict else [])


def text(strict: bool) -> str:
    """A Python file that holds the samples, one a line."""
    return "".join(f"{line}\n" for _, _, line in planted(strict))


def seen(hits: Iterable[Hit], strict: bool) -> list[str]:
    """Names of the samples that were found on their own line by their own rule."""
    found = {(hit.line, rule) for hit in hits for rule in (hit.rule, *hit.also)}
    return [name for number, (name, rule, _) in enumerate(planted(strict), 1) if (number, rule) in found]


def gated(prefilter: Prefilter, strict: bool) -> list[str]:
    """Names of the gates that match their own sample, and of the quote-free ones that match them without quotes."""
    samples = {**{name: line for name, _, line in planted(strict)}, **_forms()}
    # in a file of this kind no gate is passed over
    found = [name for name, line in samples.items() if name in prefilter.forms_of("canary.ini", line.encode())]
    matched = prefilter.loose_names(text(strict=True).replace("'", "").encode())
    return found + [loose(name) for name, _ in LOOSE_GATES if name in matched]
