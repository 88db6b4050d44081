"""Prints the ten slowest tests of xUnit files."""
import sys
import xml.etree.ElementTree as tree

cases = [(float(c.get("time") or 0), c.get("classname"), c.get("name"))
         for file in sys.argv[1:] for c in tree.parse(file).iter("testcase")]
print("slowest tests:")
for seconds, suite, name in sorted(cases, reverse=True)[:10]:
    print(f"{seconds:8.2f} s  {suite}.{name}")
