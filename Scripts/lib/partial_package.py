"""Makes a package of links with some test targets of Keel and what they need, so that a sanitizer builds no more.

Usage: partial_package.py FOLDER TEST_TARGET ...
"""

import json
import os
import pathlib
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parents[2]
folder = pathlib.Path(sys.argv[1])
wanted = sys.argv[2:]

described = subprocess.run(
    ["swift", "package", "dump-package", "--package-path", str(root)],
    capture_output=True, text=True, check=True).stdout
targets = {target["name"]: target for target in json.loads(described)["targets"]}


def dependencies(name):
    return [next(iter(dependency.values()))[0] for dependency in targets[name]["dependencies"]]


needed = []


def visit(name):
    if name in needed:
        return
    for dependency in dependencies(name):
        visit(dependency)
    needed.append(name)


for name in wanted:
    if name not in targets:
        sys.exit(f"keel: no target is named {name}")
    visit(name)

# The settings of the targets are those of the package: what stands before it in the manifest.
manifest = (root / "Package.swift").read_text().split("let package = Package(")[0]
manifest += 'let package = Package(\n  name: "KeelPart",\n  platforms: [.macOS(.v15)],\n  targets: [\n'
links = ["Tests/Reference"]
for name in needed:
    target = targets[name]
    kind = target["type"]
    path = target.get("path") or f'{"Tests" if kind == "test" else "Sources"}/{name}'
    links.append(path)
    uses = ", ".join(f'"{dependency}"' for dependency in dependencies(name))
    if kind == "system":
        manifest += f'    .systemLibrary(name: "{name}", path: "{path}", pkgConfig: "{target["pkgConfig"]}"),\n'
        continue
    settings = "strictWithLifetimes" if name == "KeelNumerics" else "strict"
    extra = f", swiftSettings: {settings}" if name.startswith("Keel") else ""
    if name == "CKeelKernels":
        extra = ', linkerSettings: [.linkedLibrary("m")]'
    manifest += (f'    .{"testTarget" if kind == "test" else "target"}(name: "{name}", '
                 f'dependencies: [{uses}], path: "{path}"{extra}),\n')
manifest += "  ]\n)\n"

for path in links:
    link = folder / path
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(root / path, link.parent))
previous = folder / "Package.swift"
if not previous.exists() or previous.read_text() != manifest:
    previous.write_text(manifest)
