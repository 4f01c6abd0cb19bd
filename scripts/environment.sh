# Shared by scripts/demo and scripts/test: an interpreter, an environment of their own, a browser. Sourced, not run.

set -euo pipefail
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
python="${PYTHON:-python3}"

say() { printf '%s\n' "$*" >&2; }

# make_environment NAME LOCK: build/NAME-3.x with exactly what LOCK pins, and this checkout; made anew when either changes.
make_environment() {
  local version lock="$repository/scripts/$2" stamp
  version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" || {
    say "error: $python was not found"; say "help: install Python 3.11 to 3.13, or name it: PYTHON=/path/to/python3.12 $0"; exit 2
  }
  case "$version" in
    3.11 | 3.12 | 3.13) ;;
    *) say "error: $python is Python $version"; say "help: name Python 3.11, 3.12 or 3.13: PYTHON=/path/to/python3.12 $0"; exit 2 ;;
  esac
  environment="$repository/build/$1-$version"
  stamp="$(cat "$lock" "$repository/pyproject.toml" | cksum)"
  if [ "$(cat "$environment/stamp" 2>/dev/null)" != "$stamp" ]; then
    say "setting up $environment (once)"
    rm -rf "$environment"
    "$python" -m venv "$environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement "$lock"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable "$repository"
    printf '%s' "$stamp" >"$environment/stamp"
  fi
  export VIRTUAL_ENV="$environment" PATH="$environment/bin:$PATH"
  # What is imported is compiled once, as on anybody's machine.
  unset PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE
}

# find_browser: Chromium or Chrome with its driver; installed with apt where that can be done without asking.
find_browser() {
  if have_browser; then return; fi
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    say "installing chromium and its driver (once)"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver; } >/dev/null 2>&1 || true
  fi
  have_browser || say "no browser: the accessibility gate can't tell without one and will be errored.
  Debian, Ubuntu:  sudo apt-get install chromium chromium-driver
  macOS:           brew install --cask google-chrome chromedriver
  elsewhere:       install Chrome and the chromedriver of its version, and put both on PATH"
}

have_browser() {
  { command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable || [ -n "${CHROME_BIN:-}" ]; } >/dev/null &&
    { command -v chromedriver || [ -n "${CHROMEDRIVER:-}" ]; } >/dev/null
}
