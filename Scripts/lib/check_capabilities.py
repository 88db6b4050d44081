"""Checks that every test and every program that Documentation/Capabilities.md names exists."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent.parent
ROW = re.compile(r"^\| *(\d+) \|")
EXPECTED_ROWS = 26

suites = {}
for path in (root / "Tests").rglob("*.swift"):
    text = path.read_text(encoding="utf-8")
    marks = [(m.start(), m.group(1)) for m in re.finditer(r"^(?:\S.* )?struct (\w+)", text, re.M)]
    for place, (start, name) in enumerate(marks):
        end = marks[place + 1][0] if place + 1 < len(marks) else len(text)
        tests = re.findall(r"^  (?:@Test.* )?func (\w+)", text[start:end], re.M)
        suites.setdefault(name, set()).update(tests)
examples = re.search(r"case (allocation.*)", (
    root / "Examples/Strategies/Sources/Strategies/Run/Setup.swift").read_text()).group(1).split(", ")

problems, count = [], 0
for line in (root / "Documentation/Capabilities.md").read_text(encoding="utf-8").splitlines():
    row = ROW.match(line)
    if not row:
        continue
    count += 1
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    tests, programs = re.findall(r"`([^`]+)`", cells[4]), re.findall(r"`([^`]+)`", cells[5])
    for name in tests:
        suite, _, test = name.partition("/")
        if suite not in suites or (test and test not in suites[suite]):
            problems.append(f"row {row.group(1)}: no test {name}")
    for name in programs:
        if name not in examples and not (root / f"Snippets/{name}.swift").exists():
            problems.append(f"row {row.group(1)}: no snippet or example {name}")
    if not tests or not programs:
        problems.append(f"row {row.group(1)}: names no test or no program")
if count != EXPECTED_ROWS:
    problems.append(f"{count} rows, expected {EXPECTED_ROWS}")

print("\n".join(problems) or f"{count} capabilities, each with tests and programs that exist")
sys.exit(bool(problems))
