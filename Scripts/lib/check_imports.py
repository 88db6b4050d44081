"""Compares the import lines of every target with what Package.swift declares for it.

The compiler lets an undeclared transitive import through; this does not. Also refuses Foundation,
printing and C modules where they do not belong, and public types of one name in two modules, which nobody who imports
the umbrella could name.
"""
import json
import os
import re
import sys

TOOLCHAIN = {"Swift", "Glibc", "Musl", "Darwin", "Synchronization", "Bionic"}
ONLY_IN_TESTS = {"Testing", "Foundation", "XCTest", "FoundationXML"}
IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:public\s+|package\s+|internal\s+|fileprivate\s+|private\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)", re.M)
PRINTS = re.compile(r"^[^/\n]*\b(?:print|debugPrint|fatalError|preconditionFailure)\s*\(", re.M)
TYPE = re.compile(
    r"^(?:@\w+(?:\([^)]*\))?\s+)*public\s+(?:final\s+|indirect\s+)?"
    r"(?:struct|class|enum|protocol|actor|typealias)\s+(\w+)", re.M)

package = json.load(open(sys.argv[1]))
problems = []
homes = {}
for target in package["targets"]:
    if target["type"] == "system":
        continue
    test = target["type"] == "test" or target["path"] == "Tests/Support" \
        if target.get("path") else target["type"] == "test"
    folder = target.get("path") or os.path.join("Tests" if test else "Sources", target["name"])
    declared = {list(d.values())[0][0] for d in target["dependencies"]}
    allowed = declared | TOOLCHAIN | (ONLY_IN_TESTS if test else set())
    used = set()
    for base, _, files in os.walk(folder):
        for name in files:
            if not name.endswith(".swift"):
                continue
            path = os.path.join(base, name)
            text = open(path, encoding="utf-8").read()
            for module in IMPORT.findall(text):
                used.add(module)
                if module not in allowed:
                    problems.append(f"{path}: imports {module}, which {target['name']} does not declare")
            if not test:
                for name in TYPE.findall(text):
                    if homes.setdefault(name, target["name"]) != target["name"]:
                        problems.append(f"{path}: {name} is also a public type of {homes[name]}")
                for match in PRINTS.finditer(text):
                    line = text[: match.start()].count("\n") + 1
                    problems.append(f"{path}:{line}: prints or stops the process in a library module")
    if any(f.endswith(".swift") for _, _, fs in os.walk(folder) for f in fs):
        for module in sorted(declared - used):
            problems.append(f"{folder}: declares {module} but never imports it")

print("\n".join(problems) or f"imports match the manifest in {len(package['targets'])} targets")
sys.exit(bool(problems))
