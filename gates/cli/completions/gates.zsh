#compdef gates
# Completion of `gates` for zsh. Written by scripts/generate.py.

_gates_revisions() {
  local -a found
  found=(${(f)"$(git for-each-ref --format='%(refname:short)' refs/heads refs/remotes refs/tags 2>/dev/null)"})
  compadd -a found
}

_gates_commands() {
  local -a found
  found=(
    'run:judge this checkout by its policy: run the gates, print the report, write the evidence'
    'init:write a gates.yaml that fits this repository; never overwrites what a person wrote'
    'explain:what a finding, a rule, a gate or an exit code means, and how to mend it'
    'waive:make an exception for a finding: with a reason, an owner and a last day'
    'report:show a bundle as text, a page, or a format that other tools read'
    'diff:compare two bundles: what is new, mended, looser, slower, less examined'
    'doctor:see what the policy needs on this machine, and how to get what is missing'
    'policy:check a policy, show what follows from it, compare it with another, approve a change of it'
    'verify:check a bundle: intact, trusted, about this commit, and does its verdict follow'
    'sign:sign a bundle, in a job that runs none of the project'\''s code'
    'keygen:make a pair of keys for signing bundles, waivers and changes of a policy'
    'plan:share a run out: say which machine does what; step 1 of 3'
    'observe:run one part of a plan, and write what was seen; step 2 of 3'
    'judge:join the parts of a plan to one verdict and one bundle; step 3 of 3'
    'completion:print a script that lets the Tab key of your shell complete commands, options and files'
    'help:show the help of a command'
  )
  _describe -t commands command found
}

_gates() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  _arguments -C \
    '(- : *)'{-h,--help}'[show this help message and exit]' \
    '(- : *)--version[print the version and exit]' \
    '-C[run as though started in this folder]:DIR:_files -/' \
    '1:command:_gates_commands' \
    '*::argument:->arguments'
  [[ $state == arguments ]] || return
  curcontext="${curcontext%:*:*}:gates-$line[1]:"
  case $line[1] in
    run)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '--stage=[which stage'\''s rules apply (default\: change)]:STAGE:(commit change release)' \
        '--policy=[the policy file (default\: gates.yaml)]:FILE:_files' \
        '*--policy-from=[a second policy, which the change can'\''t edit\: where the two differ, the stricter counts. A file, or COMMIT\:FILE; repeatable]:REF\[#sha256\:…\]:_files' \
        '*--gate=[run this gate alone; repeatable; makes the verdict partial]:NAME:(tests contracts accessibility dependencies secrets security external)' \
        '--base=[the commit that the change is compared with (default\: what CI says, else where the branch began)]:REV:_gates_revisions' \
        '--offline[use no network but this machine'\''s own services]' \
        '--as-of=[judge as on this day (YYYY-MM-DD) instead of today, UTC]:DAY: ' \
        '--only-failed[run the gates alone that did not pass when they last ran on this branch; makes the verdict partial]' \
        '--format=[what is printed (default\: text)]:FORMAT:(text json github)' \
        '*--report=[write a report to a file\: text, json, markdown, html, sarif, junit, github, gitlab, comment; repeatable]:FORMAT=PATH:compadd -S "" - text= json= markdown= html= sarif= junit= github= gitlab= comment=' \
        '--bundle=[where the evidence goes\: a .zip file or a new folder]:PATH:_files' \
        '--previous=[the branch'\''s bundle before this one\: this one names its digest]:BUNDLE:_files' \
        '--sign-key=[sign the bundle in this job; better in another\: see `gates sign`]:FILE:_files' \
        '*--base-bundle=[the bundle of a run at the base, or a folder of bundles, so that its gates need not run there again; it has to be signed by whom --trust, --key or --identity names]:BUNDLE:_files' \
        '*--key=[trust bundles that this public key signed; repeatable]:FILE:_files' \
        '*--identity=[trust bundles that this identity signed by Sigstore, such as a workflow at a ref; repeatable]:IDENTITY@ISSUER: ' \
        '--trust=[trust the signers that this file names, each within its validity]:FILE:_files' \
        '--no-cache[examine everything anew, as a release always does]' \
        '--explain-cache[say of each gate why it looked anew, or which earlier run'\''s look counts]' \
        '--jobs=[how many gates run at once (default\: one more than cores, fewer where memory is short)]:N: ' \
        '*:FILES:_files'
      ;;
    init)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '--adopt[for a repository with old findings\: run the gates once, and let the policy hold what is there]' \
        '--offline[with --adopt\: use no network but this machine'\''s own services]' \
        '--workflow[write .github/workflows/gates.yml too\: the check on GitHub; a policy that stands stays]' \
        '--hooks[write .pre-commit-config.yaml too, or print the lines to add to it; a policy that stands stays]' \
        '--print[print what would be written instead of writing it]'
      ;;
    explain)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '--bundle=[the run to look into (default\: the last one)]:BUNDLE:_files' \
        '1:THING:(tests contracts accessibility dependencies secrets security external 0 1 2 3 4 5 6 7 8 9 70 130)'
      ;;
    waive)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '--bundle=[the run to look into (default\: the last one)]:BUNDLE:_files' \
        '--policy=[the policy file to write into (default\: gates.yaml)]:FILE:_files' \
        '--reason=[why it is acceptable]:TEXT: ' \
        '--class=[what kind of exception it is]:KIND:(false-positive accepted-risk mitigated vendor-pending)' \
        '--owner=[who mends it]:NAME: ' \
        '--approver=[who agreed]:NAME: ' \
        '--expires=[the last day on which it counts (YYYY-MM-DD)]:DAY: ' \
        '--yes[ask nothing\: what has a default gets it, and what has none must be given]' \
        '--sign-key=[sign it with this private key, whose public half `approvers` names]:FILE:_files' \
        '*:THING: '
      ;;
    report)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '--format=[what to render (default\: text)]:FORMAT:(text json markdown html sarif junit github gitlab comment)' \
        '--previous=[show on the page what became of the run since this earlier one]:BUNDLE:_files' \
        '--output=[write it there instead of printing it]:PATH:_files' \
        '1:BUNDLE:_files'
      ;;
    diff)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '--format=[what is printed (default\: text)]:FORMAT:(text json)' \
        '1:A:_files' \
        '2:B:_files'
      ;;
    doctor)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '--stage=[the stage to look at (default\: change)]:STAGE:(commit change release)' \
        '--policy=[the policy file (default\: gates.yaml)]:FILE:_files' \
        '--extras=[print the extras that the policy names, for pip\: of all, or of one job of an isolated plan (run, plan, observe, judge)]:JOB:(run plan observe judge)'
      ;;
    policy)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '--policy=[the policy file (default\: gates.yaml)]:FILE:_files' \
        '--stage=[the stage to look at (default\: show change, check and diff all)]:STAGE:(commit change release)' \
        '--format=[diff\: what is printed (default\: text)]:FORMAT:(text json)' \
        '--sign-key=[approve\: sign with this private key, whose public half `approvers` names]:FILE:_files' \
        '--yes[approve\: ask nothing]' \
        '--exit-code[diff\: end with 1 where anything is looser, or can'\''t be weighed]' \
        '1:ACTION:(check show schema diff approve)' \
        '*:BASE \[HEAD\]:_gates_revisions'
      ;;
    verify)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '--chain=[verify all bundles of a branch in this folder, and that none is missing]:DIR:_files -/' \
        '--policy=[judge it by this policy too, as on today\: the exit code is that of its verdict]:FILE:_files' \
        '--format=[what is printed (default\: text)]:FORMAT:(text json)' \
        '--allow-unsigned[take a bundle that nobody signed]' \
        '*--key=[trust bundles that this public key signed; repeatable]:FILE:_files' \
        '*--identity=[trust bundles that this identity signed by Sigstore, such as a workflow at a ref; repeatable]:IDENTITY@ISSUER: ' \
        '--trust=[trust the signers that this file names, each within its validity]:FILE:_files' \
        '--digest=[trust the bundle whose manifest has this sha256]:SHA256: ' \
        '--require=[`signed`\: a digest alone won'\''t do; `timestamped`\: an authority of the trust file saw it on the day it was judged; or both\: signed,timestamped]:WHAT:(signed timestamped signed,timestamped)' \
        '--min-trust=[how far the trust file must believe its signer (default\: self-reported)]:MIN_TRUST:(self-reported base-policy required-workflow)' \
        '--commit=[this commit (full id), on a clean tree]:ID: ' \
        '--repository=[this repository]:ADDRESS: ' \
        '--ref=[this branch or tag (full name, such as refs/heads/main)]:NAME: ' \
        '--folder=[this folder of the repository, which was judged by itself]:DIR:_files -/' \
        '--base=[held against this commit (full id), such as that of the last release]:ID: ' \
        '--stage=[judged for this stage]:STAGE:(commit change release)' \
        '--policy-digest=[judged by this policy]:SHA256: ' \
        '--max-age=[judged at most so many days ago]:DAYS: ' \
        '--min-sequence=[this number of its chain, or a later one]:N: ' \
        '*:BUNDLE:_files'
      ;;
    sign)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '--sign-key=[sign with this private key, as `gates keygen` makes it]:FILE:_files' \
        '--sigstore[sign by Sigstore, with the identity of this CI job; needs the network]' \
        '--sigstore-bundle=[add what another tool signed by Sigstore about the bundle'\''s digest]:FILE:_files' \
        '--sigstore-config=[with --sigstore\: another instance than the public one (a ClientTrustConfig)]:FILE:_files' \
        '--plan-digest=[it was judged by the plan with this digest\: without it, a run that ran the project'\''s code is signed as one that the code could have taken over]:SHA256: ' \
        '--timestamp=[have the key'\''s signature stamped by this authority (RFC 3161); needs the network]:URL: ' \
        '1:BUNDLE:_files'
      ;;
    keygen)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '1:PATH:_files'
      ;;
    plan)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '--parts=[how many machines observe]:N: ' \
        '--isolate[run what needs none of the project'\''s code on the machine that judges, out of that code'\''s reach]' \
        '--out=[where the plan goes; not among the files of the checkout]:PLAN:_files' \
        '--durations=[an earlier run that tells how long tests take (default\: the last one here)]:BUNDLE:_files' \
        '--stage=[which stage'\''s rules apply (default\: change)]:STAGE:(commit change release)' \
        '--policy=[the policy file (default\: gates.yaml)]:FILE:_files' \
        '*--policy-from=[a second policy, which the change can'\''t edit\: where the two differ, the stricter counts. A file, or COMMIT\:FILE; repeatable]:REF\[#sha256\:…\]:_files' \
        '*--gate=[run this gate alone; repeatable; makes the verdict partial]:NAME:(tests contracts accessibility dependencies secrets security external)' \
        '--base=[the commit that the change is compared with (default\: what CI says, else where the branch began)]:REV:_gates_revisions' \
        '--offline[use no network but this machine'\''s own services]' \
        '--as-of=[judge as on this day (YYYY-MM-DD) instead of today, UTC]:DAY: ' \
        '--format=[what is printed; github\: the lines of outputs (default\: text)]:FORMAT:(text json github)'
      ;;
    observe)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '--plan-digest=[refuse a plan with another digest than `gates plan` printed]:SHA256: ' \
        '--part=[which part, from 1]:K: ' \
        '--out=[where what was seen goes\: a .zip file]:PART:_files' \
        '--jobs=[how many gates run at once (default\: one more than cores, fewer where memory is short)]:N: ' \
        '1:PLAN:_files'
      ;;
    judge)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '--plan-digest=[refuse a plan with another digest than `gates plan` printed]:SHA256: ' \
        '--format=[what is printed (default\: text)]:FORMAT:(text json github)' \
        '*--report=[write a report to a file\: text, json, markdown, html, sarif, junit, github, gitlab, comment; repeatable]:FORMAT=PATH:compadd -S "" - text= json= markdown= html= sarif= junit= github= gitlab= comment=' \
        '--bundle=[where the evidence goes\: a .zip file or a new folder]:PATH:_files' \
        '--previous=[the branch'\''s bundle before this one\: this one names its digest]:BUNDLE:_files' \
        '--sign-key=[sign the bundle in this job; better in another\: see `gates sign`]:FILE:_files' \
        '*--base-bundle=[the bundle of a run at the base, or a folder of bundles, so that its gates need not run there again; it has to be signed by whom --trust, --key or --identity names]:BUNDLE:_files' \
        '*--key=[trust bundles that this public key signed; repeatable]:FILE:_files' \
        '*--identity=[trust bundles that this identity signed by Sigstore, such as a workflow at a ref; repeatable]:IDENTITY@ISSUER: ' \
        '--trust=[trust the signers that this file names, each within its validity]:FILE:_files' \
        '--as-of=[judge as on this day (YYYY-MM-DD) instead of the plan'\''s]:DAY: ' \
        '--jobs=[how many gates run at once (default\: one more than cores, fewer where memory is short)]:N: ' \
        '1:PLAN:_files' \
        '*:PART:_files'
      ;;
    completion)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '1:SHELL:(bash zsh fish)'
      ;;
    help)
      _arguments \
        '(- : *)-h[show this help message and exit]' \
        '(- : *)--help[show this help message and exit]' \
        '1:COMMAND:(run init explain waive report diff doctor policy verify sign keygen plan observe judge completion help)'
      ;;
  esac
}

# Sourced it registers itself; from `fpath` it is the function.
if [[ $funcstack[1] == _gates ]]; then _gates "$@"; else compdef _gates gates; fi
