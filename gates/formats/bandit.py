"""What bandit's rules mean: what to do about each, in our own words."""

from __future__ import annotations

from gates.api import Severity

SEVERITIES = {"LOW": Severity.LOW, "MEDIUM": Severity.MEDIUM, "HIGH": Severity.HIGH}
#: An unknown word counts as high.
UNKNOWN = Severity.HIGH
RANKS = {"LOW": 1, "MEDIUM": 2, "HIGH": 3}

_SHELL = "Pass the program and its arguments as a list, without a shell; where a shell is needed, quote each value with shlex.quote."
_STORE = "Read it from the environment or a secret store, and change it if it was ever in use."
_HASH = "Use SHA-256 or better; where it guards nothing, say so with usedforsecurity=False."
_CIPHER = "Use AES-GCM or ChaCha20-Poly1305 from the cryptography package."
_UNPICKLE = "Read only data that you wrote yourself, or change the format to JSON: unpickling runs code that the data names."
_XML = "Parse XML from outside with defusedxml."
_TLS = "Use ssl.create_default_context(), which takes TLS 1.2 or newer and checks certificates."

#: What must find its own sample in each run: each check, and each entry of the lists of calls (B3) and imports (B4).
CHECKS = tuple(
    f"B{number}"
    for numbers in (
        *(range(101, 109), (110, 112, 113, 201, 202)),
        *(range(301, 309), range(310, 320), (321, 323, 324)),
        *(range(401, 410), (411, 412, 413, 415)),
        *(range(501, 510), range(601, 616), range(701, 705)),
    )
    for number in numbers
)

REMEDIES = {
    "B101": "Asserts vanish with -O: check what must hold with `if` and raise. In tests they are right.",
    "B102": "Call what you need by name, from a table of what is allowed, instead of executing text.",
    "B103": "Give a file no more rights than its readers need: 0o600 for private data, 0o644 for public.",
    "B104": "Listen on 127.0.0.1, or make the address a setting whose default is local.",
    "B105": _STORE,
    "B106": _STORE,
    "B107": "Make the default None and fail where no password is given. " + _STORE,
    "B108": "Use tempfile.NamedTemporaryFile or tempfile.mkdtemp: names in a shared folder can be taken by others first.",
    "B110": "Catch the one exception that you expect, and log the rest.",
    "B112": "Catch the one exception that you expect, and log the rest.",
    "B113": "Give the request a timeout: without one a silent server holds it for ever.",
    "B201": "Turn debug off outside of development: its console runs any code.",
    "B202": "Pass filter='data' to extractall, so that no member is written outside of the folder.",
    "B301": _UNPICKLE,
    "B302": _UNPICKLE,
    "B303": _HASH,
    "B304": _CIPHER,
    "B305": _CIPHER,
    "B306": "Use tempfile.NamedTemporaryFile: between mktemp and open another process can take the name.",
    "B307": "Use ast.literal_eval for values, or a parser of your own for expressions.",
    "B308": "Let the template escape: mark as safe only text that no user can touch.",
    "B310": "Check that the address begins with https:// before you open it: file: and others work too.",
    "B311": "For tokens, keys and passwords use the secrets module; random is right for games and samples.",
    "B313": _XML,
    "B314": _XML,
    "B318": _XML,
    "B319": _XML,
    "B321": "FTP sends passwords in the clear: use SFTP or HTTPS.",
    "B323": _TLS,
    "B324": _HASH,
    "B403": _UNPICKLE,
    "B404": "Nothing to mend in the import itself: see that every call passes a list and no shell.",
    "B405": _XML,
    "B408": _XML,
    "B501": "Leave verify on; for a private authority pass its certificate as verify='path'.",
    "B502": _TLS,
    "B503": _TLS,
    "B504": _TLS,
    "B505": "Use RSA keys of 2048 bits or more, or elliptic curves of 224 or more.",
    "B506": "Use yaml.safe_load: the other loaders build any object that the text names.",
    "B507": "Keep the host keys that you know and reject others: a policy that adds them trusts whoever answers.",
    "B601": _SHELL,
    "B602": _SHELL,
    "B603": "See that no argument comes from outside unchecked; a list without a shell is the right way to call.",
    "B604": _SHELL,
    "B605": "Use subprocess.run with a list of arguments. " + _SHELL,
    "B606": "See that the program's name and arguments do not come from outside unchecked.",
    "B607": "Give the program's full path, or find it once with shutil.which: a bare name takes the first on PATH.",
    "B608": "Pass values as parameters of the query, never as part of its text; check names of tables against a list.",
    "B609": "Expand the wildcard yourself with glob and put `--` before the names: a file can be named like an option.",
    "B610": "Pass values as parameters (`params`), never as part of the SQL text.",
    "B611": "Pass values as parameters (`params`), never as part of the SQL text.",
    "B614": "Pass weights_only=True to torch.load, or use safetensors.",
    "B615": "Name the revision (a commit) that you download, so that it can't change under you.",
    "B701": "Turn autoescape on: Environment(autoescape=select_autoescape()).",
    "B702": "Mako does not escape by itself: use the |h filter, or default_filters=['h'].",
    "B703": "Let the template escape: mark as safe only text that no user can touch.",
    "B704": "Pass only text of your own to Markup, and give values as arguments of its format method, which escapes them.",
}


def remedy(rule: str, *, parser: int) -> str:
    """What to do about a finding of a rule, as that version of the parser says it."""
    if parser < 2:
        safe = f"say why in a waiver, or end the line with `# nosec {rule}`."
    else:
        safe = f"waive it with the reason (`gates waive`); `# nosec {rule}` helps only where the policy allows new ones."
    return f"{REMEDIES.get(rule, 'Mend it.')} If it is safe here, {safe}"
