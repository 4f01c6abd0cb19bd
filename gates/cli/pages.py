"""What `gates --help`, each command's help and the manual page say beside the options: one table, in plain English."""

from __future__ import annotations

from gates.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The help of one command. Paragraphs stand apart by a blank line, and are wrapped to the terminal.

    A line that begins with two spaces is an example and stays as it is; one with a gap of two spaces or more is a word and what it means.
    """

    group: str
    #: What the list of commands says of it.
    line: str
    about: str
    #: A command line that works, and what it does.
    examples: tuple[tuple[str, str], ...]
    codes: str
    then: str

    def epilog(self) -> str:
        """What stands after the options."""
        examples = "\n\n".join(f"  {command}\n      {what}" for command, what in self.examples)
        return f"examples:\n\n{examples}\n\nexit codes: {self.codes}\n\nnext: {self.then}"


_DAILY, _POLICY, _EVIDENCE, _MACHINES, _MORE = "every day", "the policy", "evidence", "on several machines", "more"
_OF_A_RUN = (
    "0 passed; 1 failed, the policy says no; 2 the command line or the policy is wrong, so nothing was judged; 3 errored, a gate could not "
    "tell; 4 the evidence could not be written. `gates explain 3` says more of one."
)
_DONE_OR_WRONG = "0 done; 2 the command line or a file that it names is wrong."

_WAIVE = """\
gates waive fp1:c5dc05ba --yes --class accepted-risk \\
    --reason "the fix is in review" --owner @anna --approver @ben"""

_RELEASE = """\
gates verify evidence.zip --trust trust.yaml \\
    --min-trust required-workflow --max-age 30 --stage release \\
    --repository https://github.com/acme/shop \\
    --ref refs/heads/main --policy-digest SHA256 \\
    --commit 4b8f0c61d2e9a7350f8c4b1de6a92c7735d0be14"""

_ACTIONS = """\
What is done with a policy, without a run.

  check      say everything that is wrong in gates.yaml, with its place
  show       print the whole policy, with the place of each line
  schema     print the JSON Schema, for editors
  diff       say what is looser and tighter than in BASE
  approve    sign, as an approver whom BASE names, that this policy takes the place of the one there"""

ABOUT = (
    "Judge a change by what its repository says in gates.yaml: the gates run side by side, and give one verdict and a bundle of evidence "
    "that anybody can judge again."
)

EPILOG = """\
start here, in a repository:

  gates init      write a gates.yaml that fits it
  gates doctor    see what this machine still needs
  gates run       judge it; with no gates.yaml yet, by what is found

words:

  gate       one kind of check: tests, contracts, accessibility, dependencies, secrets, security, or any other tool
  policy     the file gates.yaml: which gates run, what they allow
  finding    one thing that a gate reports, at its place
  base       the commit that a change is compared with: what stood there already is old, and the rest is new
  stage      when gates run: at a commit, for a change, before a release
  waiver     an exception with a reason, an owner and a last day
  bundle     the evidence of one run, in one file: what the tools said, the policy, and the decision

exit codes: 0 passed; 1 failed; 2 usage or policy is wrong; 3 errored, a gate could not tell; 4 evidence could not be written; 70 a defect \
of ours; 130 interrupted. `gates verify` has 5 to 9 of its own. `gates explain CODE` says what one means.

next: `gates COMMAND --help` for one command, with examples; `man gates`; https://github.com/quality-gates/quality-gates/tree/main/docs"""

#: Variables that change what a command does or prints.
VARIABLES = (
    (
        "GATES_CACHE_DIR",
        "where earlier examinations are kept: an absolute path; empty for nowhere. In CI nothing is kept unless it is set.",
    ),
    ("CI", "set by CI: no live lines, and no cache that is not named."),
    ("NO_COLOR", "no colours."),
    ("FORCE_COLOR", "colours, though the output is no terminal."),
    ("COLUMNS", "how wide reports and help are."),
    ("GATES_GITHUB_TOKEN, GITHUB_TOKEN", "with which reviews of a pull request are fetched, in a job of GitHub."),
)
#: What a run reads and writes below the folder that it stands in.
FILES = (
    ("gates.yaml", "the policy. See gates.yaml(5)."),
    (".gates/evidence/", "the bundles of the runs; `.gates` ignores itself."),
    (".gates/defect.txt", "what to report where something is a defect of Quality Gates."),
)

#: In the order of `gates --help`. Each is a module of this package, imported when it is used.
PAGES = {
    "run": Page(
        group=_DAILY,
        line="judge this checkout by its policy: run the gates, print the report, write the evidence",
        about="Judge this checkout. The gates that gates.yaml names run side by side; the policy decides about what they found; the report "
        "says first what a person has to do. Without a gates.yaml, the shipped policy `baseline` judges what is found in the git "
        "repository here.\n\n"
        "Only what a change adds stops it: findings that were there at the base are old, and count only where the policy says so.",
        examples=(
            ("gates run", "judge the working tree against the commit where its branch began"),
            ("gates run --stage commit", "what a hook runs before each commit: quick, and on the staged files alone"),
            ("gates run --gate tests --gate security", "two gates alone, while mending them; the verdict is marked as partial"),
            ("gates run --only-failed", "those that did not pass last time; before you push, run them all"),
        ),
        codes=_OF_A_RUN,
        then="mend what is listed, ask `gates explain` about a finding, or make an exception with `gates waive`. The last line names the "
        "bundle: `gates report BUNDLE --format html --output run.html` makes a page of it.",
    ),
    "init": Page(
        group=_DAILY,
        line="write a gates.yaml that fits this repository; never overwrites what a person wrote",
        about="Look at the repository and write a short gates.yaml, with comments, for the gates that find something to examine in it. A "
        "file in which a person wrote is never touched.\n\n"
        "With --adopt, for a repository that has old findings: the gates run once, and the policy holds what is there, so that only "
        "what comes on top stops a change. That takes the place of a gates.yaml that nobody has edited since `gates init` wrote it.",
        examples=(
            ("gates init", "write gates.yaml"),
            ("gates init --print", "see it first; nothing is written"),
            ("gates init --adopt", "run the gates once, and hold what is there"),
        ),
        codes="0 written; 2 there is a gates.yaml already. With --adopt also those of `gates run`: with 3 the file is written, and holds "
        "gates that could not tell, on `warn`.",
        then="`gates doctor` for what this machine needs, then `gates run`. docs/policy.md tells of each key.",
    ),
    "explain": Page(
        group=_DAILY,
        line="what a finding, a rule, a gate or an exit code means, and how to mend it",
        about="Say in words what a thing is that a report names: a finding of the last run by its rule, place or fingerprint, a gate "
        "by its name, an exit code by its number.",
        examples=(
            ("gates explain security/B602", "all findings of this rule in the last run, each with its remedy"),
            ("gates explain src/shop/export.py:112", "what was found there"),
            ("gates explain dependencies", "what the gate examines, needs, limits and measures"),
            ("gates explain 3", "what exit code 3 means"),
        ),
        codes="0 it is said; 2 nothing of this name is known, or there is no last run.",
        then="mend it and `gates run` again; docs/runbooks has a page for each gate that is red.",
    ),
    "waive": Page(
        group=_DAILY,
        line="make an exception for a finding: with a reason, an owner and a last day",
        about="Add a waiver to gates.yaml, an exception for one finding of the last run. On a terminal it asks for what was not given; "
        "elsewhere everything has to be given. What is waived is still looked for, and shown; after its last day it counts again.\n\n"
        "With --sign-key, and the id of a waiver or an override that is in the policy, sign that as its approver.",
        examples=(
            ("gates waive security/B602", "the finding of this rule; asks for the rest"),
            (
                _WAIVE,
                "asks nothing; it ends as late as the policy allows",
            ),
            ("gates waive W-12 --sign-key anna.key", "sign the waiver W-12, as the approver whose key this is"),
        ),
        codes=_DONE_OR_WRONG,
        then="commit the changed gates.yaml, and let it be reviewed like any change. It counts once it stands where the change goes: "
        "merge it ahead of what it waives, or let an approver sign it. docs/policy.md#waivers tells what a waiver needs.",
    ),
    "report": Page(
        group=_DAILY,
        line="show a bundle as text, a page, or a format that other tools read",
        about="Make a report of a bundle alone: no gate runs, and nothing but the bundle is read. A bundle whose verdict does not follow "
        "from what it holds is reported with a warning.",
        examples=(
            ("gates report", "the last run here, as it was printed"),
            ("gates report evidence.zip", "any run, from its bundle"),
            ("gates report evidence.zip --format html --output run.html", "a page for a browser, in one file"),
            ("gates report evidence.zip --format sarif --output run.sarif", "for code scanning"),
        ),
        codes="0 it could be made, whatever the verdict; 2 the bundle can't be read; 4 the file can't be written.",
        then="`gates verify` says whether a bundle can be relied on. docs/reports.md tells who reads which format.",
    ),
    "diff": Page(
        group=_DAILY,
        line="compare two bundles: what is new, mended, looser, slower, less examined",
        about="Say what became of a run since an earlier one: findings that are new or mended, a policy that is looser or tighter, gates "
        "that take longer or examine less. Both are read from their bundles; no gate runs.",
        examples=(("gates diff before.zip after.zip", "the earlier one first"),),
        codes="0 compared, whatever has changed; 2 a bundle can't be read.",
        then="`gates policy diff` compares two policies, without a run.",
    ),
    "doctor": Page(
        group=_DAILY,
        line="see what the policy needs on this machine, and how to get what is missing",
        about="List, for each gate that the policy names, the tools that it needs: which version is here, or the command that installs it.",
        examples=(
            ("gates doctor", "a line for each need; where advisories come from a service, it is asked"),
            ("gates doctor --stage release --extras", "only the extras to install, as pip takes them: quality-gates[HERE]"),
        ),
        codes="0 all is there; 2 the policy is wrong; 3 something is missing, and a gate would be errored.",
        then="install what is missing, then `gates run`.",
    ),
    "policy": Page(
        group=_POLICY,
        line="check a policy, show what follows from it, compare it with another, approve a change of it",
        about=_ACTIONS,
        examples=(
            ("gates policy check", "is gates.yaml right?"),
            ("gates policy show --stage release", "what holds at a release, and where it was said"),
            ("gates policy diff main --exit-code", "what this branch loosens; 1 where it does"),
        ),
        codes="0 done; 1 diff with --exit-code found something looser, or that can't be weighed; 2 the policy is wrong.",
        then="docs/policy.md tells of every key; so does `man gates.yaml`.",
    ),
    "verify": Page(
        group=_EVIDENCE,
        line="check a bundle: intact, trusted, about this commit, and does its verdict follow",
        about="Answer five questions about a bundle, a line each: is it intact, is it trusted, is it about what you name, does its verdict "
        "follow from what it holds, is it complete. The tools' raw output is read and judged again, on this machine, without a network.\n\n"
        "What is not named is not compared: say with --commit, --repository, --ref, --stage and --policy-digest what the bundle has to be "
        "about. `gates policy show --stage release` tells the digest of a policy.",
        examples=(
            ("gates verify evidence.zip --allow-unsigned", "a bundle of your own, that nobody signed"),
            ("gates verify evidence.zip --key release.key.pub", "signed by this key"),
            (
                _RELEASE,
                "before a release goes out; trust.yaml names the key of the release job",
            ),
        ),
        codes="0, 1, 3 it holds, and its verdict is passed, failed, errored; 2 usage; 5 not intact; 6 not trusted; 7 about something else; "
        "8 does not follow; 9 incomplete. Of several the lowest of 5 to 9. `gates explain 8` says what one means.",
        then="docs/evidence.md tells what a bundle holds, and how to verify one in a deployment.",
    ),
    "sign": Page(
        group=_EVIDENCE,
        line="sign a bundle, in a job that runs none of the project's code",
        about="Verify that a bundle is intact and that its verdict follows, then put a signature into it: by a key, or by Sigstore with "
        "the identity of the CI job. Do it in a job of its own: whoever's code runs beside a key can take it.\n\n"
        "Keys need the extra `signatures`, Sigstore the extra `sigstore`, timestamps the extra `timestamp`: "
        "pip install 'quality-gates[signatures]'.",
        examples=(
            ("gates sign evidence.zip --sign-key release.key", "by a key that `gates keygen` made"),
            ("gates sign evidence.zip --sigstore", "by the identity of this CI job; needs the network"),
        ),
        codes="0 signed; 2 usage, or it is signed already; 4 it does not hold, so nothing was signed.",
        then="`gates verify evidence.zip --key release.key.pub`. docs/evidence.md#signing tells which way suits whom.",
    ),
    "keygen": Page(
        group=_EVIDENCE,
        line="make a pair of keys for signing bundles, waivers and changes of a policy",
        about="Write an Ed25519 pair: PATH, the private key, which only you can read; and PATH.pub, the public key, for whoever verifies. "
        "Never overwrites a file. Needs the extra `signatures`.",
        examples=(("gates keygen release.key", "writes release.key and release.key.pub"),),
        codes="0 written; 2 or 4 it could not be.",
        then="keep the private key out of the repository, such as in a secret of the CI; give the public one to whoever verifies, or name "
        "it in `approvers` of gates.yaml.",
    ),
    "plan": Page(
        group=_MACHINES,
        line="share a run out: say which machine does what; step 1 of 3",
        about="Write a plan of a run on several machines. `gates observe` then runs one part of it on each machine, and `gates judge` "
        "joins what they saw to one verdict. The plan prints what a CI's matrix needs.",
        examples=(
            ("gates plan --parts 4 --out plan.json", "four machines"),
            ("gates plan --parts 2 --isolate --out plan.json --format github", "the machine that judges runs none of the project's code"),
        ),
        codes=_DONE_OR_WRONG,
        then="give the plan to each machine, and its digest to `gates judge`, as --plan-digest. docs/many-machines.md has jobs to copy.",
    ),
    "observe": Page(
        group=_MACHINES,
        line="run one part of a plan, and write what was seen; step 2 of 3",
        about="Run the gates of one part of a plan, or their share of the tests, and write what was seen. Nothing is judged here.",
        examples=(("gates observe plan.json --part 1 --out part1.zip", "the first part"),),
        codes="0 the part is written, whatever was seen; 2 the plan is none, or of another commit or tool.",
        then="carry the part to the machine that judges, for `gates judge`.",
    ),
    "judge": Page(
        group=_MACHINES,
        line="join the parts of a plan to one verdict and one bundle; step 3 of 3",
        about="Join what `gates observe` wrote, judge it by the policy, print the report and write the bundle, as `gates run` does. Runs "
        "none of the project's code. A gate whose part is missing is errored, never passed.",
        examples=(
            ("gates judge plan.json parts/", "all parts in a folder"),
            ("gates judge plan.json part1.zip part2.zip --bundle evidence.zip", "parts by name, and where the evidence goes"),
        ),
        codes=_OF_A_RUN,
        then="as after `gates run`; `gates sign` signs the bundle.",
    ),
    "completion": Page(
        group=_MORE,
        line="print a script that lets the Tab key of your shell complete commands, options and files",
        about="Print the completion script of a shell. It completes commands, options and their values, names of built-in gates, revisions "
        "and files, and starts no Python while you type.",
        examples=(
            ("gates completion bash > ~/.local/share/bash-completion/completions/gates", "bash, with the package bash-completion"),
            ("gates completion zsh > ~/.zfunc/_gates", "zsh, where ~/.zfunc is in `fpath` before `compinit` runs"),
            ("gates completion fish > ~/.config/fish/completions/gates.fish", "fish"),
        ),
        codes="0 printed; 2 usage.",
        then='open a new shell. To try it at once, in bash or zsh: eval "$(gates completion bash)".',
    ),
    "help": Page(
        group=_MORE,
        line="show the help of a command",
        about="Print what `--help` prints: of all commands, or of one.",
        examples=(("gates help run", "the help of `gates run`"),),
        codes="0 shown; 2 there is no such command.",
        then="`man gates` has it all on one page.",
    ),
}
