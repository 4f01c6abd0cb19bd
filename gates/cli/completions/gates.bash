# Completion of `gates` for bash, from version 3.2. Written by scripts/generate.py.

# Offers those of the words that begin like what is typed.
_gates_words() {
  local known
  for known in "$@"; do
    if [[ $known == "$typed"* ]]; then COMPREPLY+=("$known"); fi
  done
  # A file's name follows.
  if [[ $1 == *= ]]; then compopt -o nospace 2>/dev/null; fi
}

# Offers files, or with -d folders.
_gates_files() {
  local found
  compopt -o filenames 2>/dev/null
  while IFS= read -r found; do COMPREPLY+=("$found"); done < <(compgen "$1" -- "$typed")
}

_gates_revisions() {
  local found
  while IFS= read -r found; do
    _gates_words "$found"
  done < <(git for-each-ref --format='%(refname:short)' refs/heads refs/remotes refs/tags 2>/dev/null)
}

# Whether one of the words stands between the command and what is typed.
_gates_said() {
  local word known
  for word in "${COMP_WORDS[@]:index + 1:COMP_CWORD - index - 1}"; do
    for known in "$@"; do
      if [[ $word == "$known" ]]; then return 0; fi
    done
  done
  return 1
}

_gates() {
  local typed=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} command= index
  COMPREPLY=()
  # `--stage=ch` comes as three words.
  if [[ $typed == = ]]; then
    typed=
  elif [[ $option == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    case ${COMP_WORDS[index]} in
      -C) ((index++)) ;;
      -*) ;;
      *)
        command=${COMP_WORDS[index]}
        break
        ;;
    esac
  done
  case "$command $option" in
    ' -C' | \
      'verify --chain' | \
      'verify --folder')
      _gates_files -d
      return
      ;;
    'run --stage' | \
      'doctor --stage' | \
      'policy --stage' | \
      'verify --stage' | \
      'plan --stage')
      _gates_words commit change release
      return
      ;;
    'run --policy' | \
      'run --policy-from' | \
      'run --bundle' | \
      'run --previous' | \
      'run --sign-key' | \
      'run --base-bundle' | \
      'run --key' | \
      'run --trust' | \
      'explain --bundle' | \
      'waive --bundle' | \
      'waive --policy' | \
      'waive --sign-key' | \
      'report --previous' | \
      'report --output' | \
      'doctor --policy' | \
      'policy --policy' | \
      'policy --sign-key' | \
      'verify --policy' | \
      'verify --key' | \
      'verify --trust' | \
      'sign --sign-key' | \
      'sign --sigstore-bundle' | \
      'sign --sigstore-config' | \
      'plan --out' | \
      'plan --durations' | \
      'plan --policy' | \
      'plan --policy-from' | \
      'observe --out' | \
      'judge --bundle' | \
      'judge --previous' | \
      'judge --sign-key' | \
      'judge --base-bundle' | \
      'judge --key' | \
      'judge --trust')
      _gates_files -f
      return
      ;;
    'run --gate' | \
      'plan --gate')
      _gates_words tests contracts accessibility dependencies secrets security external
      return
      ;;
    'run --base' | \
      'plan --base')
      _gates_revisions
      return
      ;;
    'run --as-of' | \
      'run --identity' | \
      'run --jobs' | \
      'waive --reason' | \
      'waive --owner' | \
      'waive --approver' | \
      'waive --expires' | \
      'verify --identity' | \
      'verify --digest' | \
      'verify --commit' | \
      'verify --repository' | \
      'verify --ref' | \
      'verify --base' | \
      'verify --policy-digest' | \
      'verify --max-age' | \
      'verify --min-sequence' | \
      'sign --plan-digest' | \
      'sign --timestamp' | \
      'plan --parts' | \
      'plan --as-of' | \
      'observe --plan-digest' | \
      'observe --part' | \
      'observe --jobs' | \
      'judge --plan-digest' | \
      'judge --identity' | \
      'judge --as-of' | \
      'judge --jobs')
      return
      ;;
    'run --format' | \
      'plan --format' | \
      'judge --format')
      _gates_words text json github
      return
      ;;
    'run --report' | \
      'judge --report')
      _gates_words text= json= markdown= html= sarif= junit= github= gitlab= comment=
      return
      ;;
    'waive --class')
      _gates_words false-positive accepted-risk mitigated vendor-pending
      return
      ;;
    'report --format')
      _gates_words text json markdown html sarif junit github gitlab comment
      return
      ;;
    'diff --format' | \
      'policy --format' | \
      'verify --format')
      _gates_words text json
      return
      ;;
    'doctor --extras')
      _gates_words run plan observe judge
      return
      ;;
    'verify --require')
      _gates_words signed timestamped signed,timestamped
      return
      ;;
    'verify --min-trust')
      _gates_words self-reported base-policy required-workflow
      return
      ;;
  esac
  if [[ $typed == -* ]]; then
    case $command in
      '') _gates_words -h --help --version -C ;;
      run) _gates_words -h --help --stage --policy --policy-from --gate --base --offline --as-of --only-failed --format --report --bundle --previous --sign-key --base-bundle --key --identity --trust --no-cache --explain-cache --jobs ;;
      init) _gates_words -h --help --adopt --offline --workflow --hooks --print ;;
      explain) _gates_words -h --help --bundle ;;
      waive) _gates_words -h --help --bundle --policy --reason --class --owner --approver --expires --yes --sign-key ;;
      report) _gates_words -h --help --format --previous --output ;;
      diff) _gates_words -h --help --format ;;
      doctor) _gates_words -h --help --stage --policy --extras ;;
      policy) _gates_words -h --help --policy --stage --format --sign-key --yes --exit-code ;;
      verify) _gates_words -h --help --chain --policy --format --allow-unsigned --key --identity --trust --digest --require --min-trust --commit --repository --ref --folder --base --stage --policy-digest --max-age --min-sequence ;;
      sign) _gates_words -h --help --sign-key --sigstore --sigstore-bundle --sigstore-config --plan-digest --timestamp ;;
      keygen) _gates_words -h --help ;;
      plan) _gates_words -h --help --parts --isolate --out --durations --stage --policy --policy-from --gate --base --offline --as-of --format ;;
      observe) _gates_words -h --help --plan-digest --part --out --jobs ;;
      judge) _gates_words -h --help --plan-digest --format --report --bundle --previous --sign-key --base-bundle --key --identity --trust --as-of --jobs ;;
      completion) _gates_words -h --help ;;
      help) _gates_words -h --help ;;
    esac
    return
  fi
  case $command in
    '') _gates_words run init explain waive report diff doctor policy verify sign keygen plan observe judge completion help ;;
    run)
      _gates_files -f
      ;;
    explain)
      _gates_said tests contracts accessibility dependencies secrets security external 0 1 2 3 4 5 6 7 8 9 70 130 || _gates_words tests contracts accessibility dependencies secrets security external 0 1 2 3 4 5 6 7 8 9 70 130
      ;;
    report)
      _gates_files -f
      ;;
    diff)
      _gates_files -f
      ;;
    policy)
      if _gates_said check show schema diff approve; then _gates_revisions; else _gates_words check show schema diff approve; fi
      ;;
    verify)
      _gates_files -f
      ;;
    sign)
      _gates_files -f
      ;;
    keygen)
      _gates_files -f
      ;;
    observe)
      _gates_files -f
      ;;
    judge)
      _gates_files -f
      ;;
    completion)
      _gates_said bash zsh fish || _gates_words bash zsh fish
      ;;
    help)
      _gates_said run init explain waive report diff doctor policy verify sign keygen plan observe judge completion help || _gates_words run init explain waive report diff doctor policy verify sign keygen plan observe judge completion help
      ;;
  esac
}

complete -F _gates gates
