# Completion of `gates` for fish. Written by scripts/generate.py.

# The words before the cursor, from the command on.
function __gates_words
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case -C
                set -e words[1]
            case '-*'
            case '*'
                printf '%s
' $words
                return
        end
        set -e words[1]
    end
end

# Whether this is the command (none: ''), and none of the other words follows it yet.
function __gates_at
    set -l words (__gates_words)
    test "$words[1]" = "$argv[1]"
    or return
    set -e words[1]
    for word in $argv[2..-1]
        contains -- $word $words
        and return 1
    end
    return 0
end

function __gates_revisions
    git for-each-ref --format='%(refname:short)' refs/heads refs/remotes refs/tags 2>/dev/null
end

complete -c gates -f
complete -c gates -n "__gates_at ''" -s h -l help -d 'show this help message and exit'
complete -c gates -n "__gates_at ''" -l version -d 'print the version and exit'
complete -c gates -n "__gates_at ''" -s C -x -a '(__fish_complete_directories)' -d 'run as though started in this folder'
complete -c gates -n "__gates_at ''" -a run -d 'judge this checkout by its policy: run the gates, print the report, write the evidence'
complete -c gates -n '__gates_at run' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at run' -l stage -x -a 'commit change release' -d 'which stage\'s rules apply (default: change)'
complete -c gates -n '__gates_at run' -l policy -r -F -d 'the policy file (default: gates.yaml)'
complete -c gates -n '__gates_at run' -l policy-from -r -F -d 'a second policy, which the change can\'t edit: where the two differ, the stricter counts. A file, or COMMIT:FILE; repeatable'
complete -c gates -n '__gates_at run' -l gate -x -a 'tests contracts accessibility dependencies secrets security external' -d 'run this gate alone; repeatable; makes the verdict partial'
complete -c gates -n '__gates_at run' -l base -x -a '(__gates_revisions)' -d 'the commit that the change is compared with (default: what CI says, else where the branch began)'
complete -c gates -n '__gates_at run' -l offline -d 'use no network but this machine\'s own services'
complete -c gates -n '__gates_at run' -l as-of -x -d 'judge as on this day (YYYY-MM-DD) instead of today, UTC'
complete -c gates -n '__gates_at run' -l only-failed -d 'run the gates alone that did not pass when they last ran on this branch; makes the verdict partial'
complete -c gates -n '__gates_at run' -l format -x -a 'text json github' -d 'what is printed (default: text)'
complete -c gates -n '__gates_at run' -l report -x -a 'text= json= markdown= html= sarif= junit= github= gitlab= comment=' -d 'write a report to a file: text, json, markdown, html, sarif, junit, github, gitlab, comment; repeatable'
complete -c gates -n '__gates_at run' -l bundle -r -F -d 'where the evidence goes: a .zip file or a new folder'
complete -c gates -n '__gates_at run' -l previous -r -F -d 'the branch\'s bundle before this one: this one names its digest'
complete -c gates -n '__gates_at run' -l sign-key -r -F -d 'sign the bundle in this job; better in another: see `gates sign`'
complete -c gates -n '__gates_at run' -l base-bundle -r -F -d 'the bundle of a run at the base, or a folder of bundles, so that its gates need not run there again; it has to be signed by whom --trust, --key or --identity names'
complete -c gates -n '__gates_at run' -l key -r -F -d 'trust bundles that this public key signed; repeatable'
complete -c gates -n '__gates_at run' -l identity -x -d 'trust bundles that this identity signed by Sigstore, such as a workflow at a ref; repeatable'
complete -c gates -n '__gates_at run' -l trust -r -F -d 'trust the signers that this file names, each within its validity'
complete -c gates -n '__gates_at run' -l no-cache -d 'examine everything anew, as a release always does'
complete -c gates -n '__gates_at run' -l explain-cache -d 'say of each gate why it looked anew, or which earlier run\'s look counts'
complete -c gates -n '__gates_at run' -l jobs -x -d 'how many gates run at once (default: one more than cores, fewer where memory is short)'
complete -c gates -n '__gates_at run' -F
complete -c gates -n "__gates_at ''" -a init -d 'write a gates.yaml that fits this repository; never overwrites what a person wrote'
complete -c gates -n '__gates_at init' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at init' -l adopt -d 'for a repository with old findings: run the gates once, and let the policy hold what is there'
complete -c gates -n '__gates_at init' -l offline -d 'with --adopt: use no network but this machine\'s own services'
complete -c gates -n '__gates_at init' -l workflow -d 'write .github/workflows/gates.yml too: the check on GitHub; a policy that stands stays'
complete -c gates -n '__gates_at init' -l hooks -d 'write .pre-commit-config.yaml too, or print the lines to add to it; a policy that stands stays'
complete -c gates -n '__gates_at init' -l print -d 'print what would be written instead of writing it'
complete -c gates -n "__gates_at ''" -a explain -d 'what a finding, a rule, a gate or an exit code means, and how to mend it'
complete -c gates -n '__gates_at explain' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at explain' -l bundle -r -F -d 'the run to look into (default: the last one)'
complete -c gates -n '__gates_at explain tests contracts accessibility dependencies secrets security external 0 1 2 3 4 5 6 7 8 9 70 130' -a 'tests contracts accessibility dependencies secrets security external 0 1 2 3 4 5 6 7 8 9 70 130'
complete -c gates -n "__gates_at ''" -a waive -d 'make an exception for a finding: with a reason, an owner and a last day'
complete -c gates -n '__gates_at waive' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at waive' -l bundle -r -F -d 'the run to look into (default: the last one)'
complete -c gates -n '__gates_at waive' -l policy -r -F -d 'the policy file to write into (default: gates.yaml)'
complete -c gates -n '__gates_at waive' -l reason -x -d 'why it is acceptable'
complete -c gates -n '__gates_at waive' -l class -x -a 'false-positive accepted-risk mitigated vendor-pending' -d 'what kind of exception it is'
complete -c gates -n '__gates_at waive' -l owner -x -d 'who mends it'
complete -c gates -n '__gates_at waive' -l approver -x -d 'who agreed'
complete -c gates -n '__gates_at waive' -l expires -x -d 'the last day on which it counts (YYYY-MM-DD)'
complete -c gates -n '__gates_at waive' -l yes -d 'ask nothing: what has a default gets it, and what has none must be given'
complete -c gates -n '__gates_at waive' -l sign-key -r -F -d 'sign it with this private key, whose public half `approvers` names'
complete -c gates -n "__gates_at ''" -a report -d 'show a bundle as text, a page, or a format that other tools read'
complete -c gates -n '__gates_at report' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at report' -l format -x -a 'text json markdown html sarif junit github gitlab comment' -d 'what to render (default: text)'
complete -c gates -n '__gates_at report' -l previous -r -F -d 'show on the page what became of the run since this earlier one'
complete -c gates -n '__gates_at report' -l output -r -F -d 'write it there instead of printing it'
complete -c gates -n '__gates_at report' -F
complete -c gates -n "__gates_at ''" -a diff -d 'compare two bundles: what is new, mended, looser, slower, less examined'
complete -c gates -n '__gates_at diff' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at diff' -l format -x -a 'text json' -d 'what is printed (default: text)'
complete -c gates -n '__gates_at diff' -F
complete -c gates -n "__gates_at ''" -a doctor -d 'see what the policy needs on this machine, and how to get what is missing'
complete -c gates -n '__gates_at doctor' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at doctor' -l stage -x -a 'commit change release' -d 'the stage to look at (default: change)'
complete -c gates -n '__gates_at doctor' -l policy -r -F -d 'the policy file (default: gates.yaml)'
complete -c gates -n '__gates_at doctor' -l extras -x -a 'run plan observe judge' -d 'print the extras that the policy names, for pip: of all, or of one job of an isolated plan (run, plan, observe, judge)'
complete -c gates -n "__gates_at ''" -a policy -d 'check a policy, show what follows from it, compare it with another, approve a change of it'
complete -c gates -n '__gates_at policy' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at policy' -l policy -r -F -d 'the policy file (default: gates.yaml)'
complete -c gates -n '__gates_at policy' -l stage -x -a 'commit change release' -d 'the stage to look at (default: show change, check and diff all)'
complete -c gates -n '__gates_at policy' -l format -x -a 'text json' -d 'diff: what is printed (default: text)'
complete -c gates -n '__gates_at policy' -l sign-key -r -F -d 'approve: sign with this private key, whose public half `approvers` names'
complete -c gates -n '__gates_at policy' -l yes -d 'approve: ask nothing'
complete -c gates -n '__gates_at policy' -l exit-code -d 'diff: end with 1 where anything is looser, or can\'t be weighed'
complete -c gates -n '__gates_at policy check show schema diff approve' -a 'check show schema diff approve'
complete -c gates -n '__gates_at policy; and not __gates_at policy check show schema diff approve' -a '(__gates_revisions)'
complete -c gates -n "__gates_at ''" -a verify -d 'check a bundle: intact, trusted, about this commit, and does its verdict follow'
complete -c gates -n '__gates_at verify' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at verify' -l chain -x -a '(__fish_complete_directories)' -d 'verify all bundles of a branch in this folder, and that none is missing'
complete -c gates -n '__gates_at verify' -l policy -r -F -d 'judge it by this policy too, as on today: the exit code is that of its verdict'
complete -c gates -n '__gates_at verify' -l format -x -a 'text json' -d 'what is printed (default: text)'
complete -c gates -n '__gates_at verify' -l allow-unsigned -d 'take a bundle that nobody signed'
complete -c gates -n '__gates_at verify' -l key -r -F -d 'trust bundles that this public key signed; repeatable'
complete -c gates -n '__gates_at verify' -l identity -x -d 'trust bundles that this identity signed by Sigstore, such as a workflow at a ref; repeatable'
complete -c gates -n '__gates_at verify' -l trust -r -F -d 'trust the signers that this file names, each within its validity'
complete -c gates -n '__gates_at verify' -l digest -x -d 'trust the bundle whose manifest has this sha256'
complete -c gates -n '__gates_at verify' -l require -x -a 'signed timestamped signed,timestamped' -d '`signed`: a digest alone won\'t do; `timestamped`: an authority of the trust file saw it on the day it was judged; or both: signed,timestamped'
complete -c gates -n '__gates_at verify' -l min-trust -x -a 'self-reported base-policy required-workflow' -d 'how far the trust file must believe its signer (default: self-reported)'
complete -c gates -n '__gates_at verify' -l commit -x -d 'this commit (full id), on a clean tree'
complete -c gates -n '__gates_at verify' -l repository -x -d 'this repository'
complete -c gates -n '__gates_at verify' -l ref -x -d 'this branch or tag (full name, such as refs/heads/main)'
complete -c gates -n '__gates_at verify' -l folder -x -a '(__fish_complete_directories)' -d 'this folder of the repository, which was judged by itself'
complete -c gates -n '__gates_at verify' -l base -x -d 'held against this commit (full id), such as that of the last release'
complete -c gates -n '__gates_at verify' -l stage -x -a 'commit change release' -d 'judged for this stage'
complete -c gates -n '__gates_at verify' -l policy-digest -x -d 'judged by this policy'
complete -c gates -n '__gates_at verify' -l max-age -x -d 'judged at most so many days ago'
complete -c gates -n '__gates_at verify' -l min-sequence -x -d 'this number of its chain, or a later one'
complete -c gates -n '__gates_at verify' -F
complete -c gates -n "__gates_at ''" -a sign -d 'sign a bundle, in a job that runs none of the project\'s code'
complete -c gates -n '__gates_at sign' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at sign' -l sign-key -r -F -d 'sign with this private key, as `gates keygen` makes it'
complete -c gates -n '__gates_at sign' -l sigstore -d 'sign by Sigstore, with the identity of this CI job; needs the network'
complete -c gates -n '__gates_at sign' -l sigstore-bundle -r -F -d 'add what another tool signed by Sigstore about the bundle\'s digest'
complete -c gates -n '__gates_at sign' -l sigstore-config -r -F -d 'with --sigstore: another instance than the public one (a ClientTrustConfig)'
complete -c gates -n '__gates_at sign' -l plan-digest -x -d 'it was judged by the plan with this digest: without it, a run that ran the project\'s code is signed as one that the code could have taken over'
complete -c gates -n '__gates_at sign' -l timestamp -x -d 'have the key\'s signature stamped by this authority (RFC 3161); needs the network'
complete -c gates -n '__gates_at sign' -F
complete -c gates -n "__gates_at ''" -a keygen -d 'make a pair of keys for signing bundles, waivers and changes of a policy'
complete -c gates -n '__gates_at keygen' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at keygen' -F
complete -c gates -n "__gates_at ''" -a plan -d 'share a run out: say which machine does what; step 1 of 3'
complete -c gates -n '__gates_at plan' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at plan' -l parts -x -d 'how many machines observe'
complete -c gates -n '__gates_at plan' -l isolate -d 'run what needs none of the project\'s code on the machine that judges, out of that code\'s reach'
complete -c gates -n '__gates_at plan' -l out -r -F -d 'where the plan goes; not among the files of the checkout'
complete -c gates -n '__gates_at plan' -l durations -r -F -d 'an earlier run that tells how long tests take (default: the last one here)'
complete -c gates -n '__gates_at plan' -l stage -x -a 'commit change release' -d 'which stage\'s rules apply (default: change)'
complete -c gates -n '__gates_at plan' -l policy -r -F -d 'the policy file (default: gates.yaml)'
complete -c gates -n '__gates_at plan' -l policy-from -r -F -d 'a second policy, which the change can\'t edit: where the two differ, the stricter counts. A file, or COMMIT:FILE; repeatable'
complete -c gates -n '__gates_at plan' -l gate -x -a 'tests contracts accessibility dependencies secrets security external' -d 'run this gate alone; repeatable; makes the verdict partial'
complete -c gates -n '__gates_at plan' -l base -x -a '(__gates_revisions)' -d 'the commit that the change is compared with (default: what CI says, else where the branch began)'
complete -c gates -n '__gates_at plan' -l offline -d 'use no network but this machine\'s own services'
complete -c gates -n '__gates_at plan' -l as-of -x -d 'judge as on this day (YYYY-MM-DD) instead of today, UTC'
complete -c gates -n '__gates_at plan' -l format -x -a 'text json github' -d 'what is printed; github: the lines of outputs (default: text)'
complete -c gates -n "__gates_at ''" -a observe -d 'run one part of a plan, and write what was seen; step 2 of 3'
complete -c gates -n '__gates_at observe' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at observe' -l plan-digest -x -d 'refuse a plan with another digest than `gates plan` printed'
complete -c gates -n '__gates_at observe' -l part -x -d 'which part, from 1'
complete -c gates -n '__gates_at observe' -l out -r -F -d 'where what was seen goes: a .zip file'
complete -c gates -n '__gates_at observe' -l jobs -x -d 'how many gates run at once (default: one more than cores, fewer where memory is short)'
complete -c gates -n '__gates_at observe' -F
complete -c gates -n "__gates_at ''" -a judge -d 'join the parts of a plan to one verdict and one bundle; step 3 of 3'
complete -c gates -n '__gates_at judge' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at judge' -l plan-digest -x -d 'refuse a plan with another digest than `gates plan` printed'
complete -c gates -n '__gates_at judge' -l format -x -a 'text json github' -d 'what is printed (default: text)'
complete -c gates -n '__gates_at judge' -l report -x -a 'text= json= markdown= html= sarif= junit= github= gitlab= comment=' -d 'write a report to a file: text, json, markdown, html, sarif, junit, github, gitlab, comment; repeatable'
complete -c gates -n '__gates_at judge' -l bundle -r -F -d 'where the evidence goes: a .zip file or a new folder'
complete -c gates -n '__gates_at judge' -l previous -r -F -d 'the branch\'s bundle before this one: this one names its digest'
complete -c gates -n '__gates_at judge' -l sign-key -r -F -d 'sign the bundle in this job; better in another: see `gates sign`'
complete -c gates -n '__gates_at judge' -l base-bundle -r -F -d 'the bundle of a run at the base, or a folder of bundles, so that its gates need not run there again; it has to be signed by whom --trust, --key or --identity names'
complete -c gates -n '__gates_at judge' -l key -r -F -d 'trust bundles that this public key signed; repeatable'
complete -c gates -n '__gates_at judge' -l identity -x -d 'trust bundles that this identity signed by Sigstore, such as a workflow at a ref; repeatable'
complete -c gates -n '__gates_at judge' -l trust -r -F -d 'trust the signers that this file names, each within its validity'
complete -c gates -n '__gates_at judge' -l as-of -x -d 'judge as on this day (YYYY-MM-DD) instead of the plan\'s'
complete -c gates -n '__gates_at judge' -l jobs -x -d 'how many gates run at once (default: one more than cores, fewer where memory is short)'
complete -c gates -n '__gates_at judge' -F
complete -c gates -n "__gates_at ''" -a completion -d 'print a script that lets the Tab key of your shell complete commands, options and files'
complete -c gates -n '__gates_at completion' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at completion bash zsh fish' -a 'bash zsh fish'
complete -c gates -n "__gates_at ''" -a help -d 'show the help of a command'
complete -c gates -n '__gates_at help' -s h -l help -d 'show this help message and exit'
complete -c gates -n '__gates_at help run init explain waive report diff doctor policy verify sign keygen plan observe judge completion help' -a 'run init explain waive report diff doctor policy verify sign keygen plan observe judge completion help'
