#!/usr/bin/env bash
# Builds and runs packages that only depend on Keel: the umbrella by path, the umbrella by file URL and
# tag from a clone, and KeelNumerics alone where OpenBLAS cannot be seen.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$root"
nested=$root/.build/nested
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "-- umbrella by path"
forget_plan "$nested"
swift run --quiet -c release --package-path Tests/Consumers/Umbrella --scratch-path "$nested"

echo "-- umbrella by URL and tag"
git clone --quiet "$root" "$work/Keel"
git -C "$work/Keel" -c user.name=keel -c user.email=keel@example.invalid tag 0.0.0
mkdir -p "$work/Tagged"
cp -R Tests/Consumers/Umbrella/Sources "$work/Tagged/"
sed "s|\.package(name: \"Keel\", path: \"../../..\")|.package(url: \"file://$work/Keel\", exact: \"0.0.0\")|" \
  Tests/Consumers/Umbrella/Package.swift >"$work/Tagged/Package.swift"
grep -q 'exact: "0.0.0"' "$work/Tagged/Package.swift"
swift run --quiet --package-path "$work/Tagged" --cache-path "$work/cache" \
  --config-path "$work/config" --security-path "$work/security"

echo "-- numerics only, OpenBLAS hidden"
numerics="swift run --quiet -c release --package-path Tests/Consumers/NumericsOnly --scratch-path $work/numerics"
hide='for f in $(find / -xdev \( -name "libopenblas*" -o -name "openblas*.pc" -o -name "cblas*.h" -o -name "libblas*" -o -name "liblapack*" -o -name "blas*.pc" -o -name "lapack*.pc" \) \( -type f -o -type l \) -not -path "/proc/*" -not -path "*/.build/*" 2>/dev/null); do
  if [ -e "$f" ]; then mount --bind /dev/null "$f"; fi
done
if echo "int dpotrf_(void); int main(void) { return dpotrf_(); }" | cc -x c - -o /dev/null -lopenblas 2>/dev/null; then
  echo "keel: OpenBLAS is still visible" >&2; exit 1
fi'
if unshare --mount true 2>/dev/null; then
  unshare --mount bash -c "$hide; $numerics"
elif command -v sudo >/dev/null 2>&1 && sudo -n unshare --mount true 2>/dev/null; then
  sudo -n -E unshare --mount env PATH="$PATH" bash -c "$hide; $numerics"
else
  echo "no right to hide files here: checking the linked libraries instead"
  $numerics
fi
binary=$(swift build -c release --package-path Tests/Consumers/NumericsOnly \
  --scratch-path "$work/numerics" --show-bin-path)/NumericsOnly
if ldd "$binary" | grep -i -E 'blas|lapack'; then
  die "KeelNumerics alone links BLAS"
fi
