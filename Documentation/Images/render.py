#!/usr/bin/env python3
"""Renders quickstart.png, the picture of the README, from a report of the quick start.

Usage: Scripts/quickstart --report report.html && Documentation/Images/render.py report.html
Needs chromium. The drawings are those of the page; only their arrangement is made here.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

WIDTH, HEIGHT = 900, 1270

LAYOUT = """
body{max-width:none;padding:20px;margin:0}
.grid{display:grid;grid-template-columns:1fr 1fr;gap:26px 30px;align-items:start}
.all{grid-column:1/3}
.grid svg{display:block;width:100%;height:auto}
"""


def main():
    page = pathlib.Path(sys.argv[1]).read_text()
    style = re.search(r"<style>(.*?)</style>", page, re.S).group(1)
    drawings = {}
    for kind in ("wide", "compact"):
        blocks = re.findall(rf'<div class="{kind}">(<svg .*?</svg>)</div>', page, re.S)
        drawings[kind] = dict(zip(("weights", "risk", "tails", "plan"), blocks))
    cells = [
        f'<div class="all">{drawings["wide"]["weights"]}</div>',
        f'<div class="all">{drawings["wide"]["risk"]}</div>',
        f'<div>{drawings["compact"]["tails"]}</div>',
        f'<div>{drawings["compact"]["plan"]}</div>',
    ]
    target = pathlib.Path(__file__).resolve().parent / "quickstart.png"
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "picture.html"
        source.write_text(
            f'<!DOCTYPE html><meta charset="utf-8"><style>{style}{LAYOUT}</style>'
            f'<div class="grid">{"".join(cells)}</div>'
        )
        subprocess.run(
            [
                "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--force-device-scale-factor=1.25", f"--user-data-dir={folder}/profile",
                f"--screenshot={target}", f"--window-size={WIDTH},{HEIGHT}", source.as_uri(),
            ],
            check=True, stderr=subprocess.DEVNULL,
        )


if __name__ == "__main__":
    main()
