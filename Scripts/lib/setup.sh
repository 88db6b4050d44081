# Shared by the scripts: where the package is, and whether this machine can build it.
# Reads no settings; defines root, die, need_swift, need_openblas, need_package, forget_plan.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

die() {
  printf 'keel: %s\n' "$*" >&2
  exit 1
}

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null 2>&1; then sudo "$@"; else
    return 126
  fi
}

# Installs one Debian or Ubuntu package.
need_package() {
  command -v apt-get >/dev/null 2>&1 ||
    die "cannot install $1: no apt-get here; install $1 with your package manager and run again"
  printf 'keel: installing %s\n' "$1" >&2
  local log
  log=$(mktemp)
  if ! { DEBIAN_FRONTEND=noninteractive as_root apt-get install -y --no-install-recommends "$1" ||
    { as_root apt-get update &&
      DEBIAN_FRONTEND=noninteractive as_root apt-get install -y --no-install-recommends "$1"; }; } \
    >"$log" 2>&1; then
    tail -n 3 "$log" >&2
    rm -f "$log"
    die "cannot install $1; as root: apt-get update && apt-get install -y $1"
  fi
  rm -f "$log"
}

# Checks for Swift 6.3 or later.
need_swift() {
  command -v swift >/dev/null 2>&1 ||
    die "Swift is not on the PATH; install Swift 6.3 or later from https://www.swift.org/install"
  local version major minor
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' | head -n 1)
  [ -n "$version" ] || die "cannot read the version from 'swift --version'; is the toolchain whole?"
  major=${version%%.*}
  minor=${version#*.}
  if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 3 ]; }; then
    die "Swift $version is too old; install Swift 6.3 or later from https://www.swift.org/install"
  fi
}

# True when a C program that calls OpenBLAS links.
openblas_links() {
  local compiler program
  compiler=$(command -v clang || command -v cc || command -v gcc) || return 1
  program=$(mktemp)
  echo 'extern void dpotrf_(void); int main(void) { return dpotrf_ == 0; }' |
    "$compiler" -x c - -o "$program" -lopenblas >/dev/null 2>&1
  local status=$?
  rm -f "$program"
  return $status
}

# Finds OpenBLAS or installs it.
need_openblas() {
  if openblas_links; then return; fi
  if [ "$(uname)" = Darwin ]; then die "OpenBLAS is missing; run: brew install openblas"; fi
  need_package libopenblas-dev
  openblas_links || die "libopenblas-dev is installed but a program does not link with -lopenblas"
}

# Forgets the build plan of the scratch folder that the nested packages share: it is kept from whichever
# of them was built last, and does not notice a source file that was added to Keel since. What was
# compiled stays.
forget_plan() {
  rm -f "$1/release.yaml" "$1/debug.yaml"
}
