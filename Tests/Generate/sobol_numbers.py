"""Direction numbers of Sobol's sequence, and reference points.

Writes Sources/CKeelKernels/sobol_numbers.h and Tests/Reference/sobol.json. The numbers are those of S. Joe and F. Kuo,
"Constructing Sobol sequences with better two-dimensional projections", SIAM Journal on Scientific
Computing 30 (2008), file new-joe-kuo-6.21201, as SciPy 1.16.3 holds them; the points are SciPy's own.

Usage: python Tests/Generate/sobol_numbers.py
"""

import json
import os
import pathlib
import textwrap

import numpy as np
import scipy
import scipy.stats._sobol as sobol
from scipy.stats import qmc

assert scipy.__version__ == "1.16.3"
COUNT = 1024
here = pathlib.Path(__file__).resolve().parents[2]
table = np.load(os.path.join(os.path.dirname(sobol.__file__), "_sobol_direction_numbers.npz"))
polynomials, initial = table["poly"], table["vinit"]

numbers, begins = [], []
for dimension in range(1, COUNT):
    polynomial = int(polynomials[dimension])
    degree = polynomial.bit_length() - 1
    begins.append(len(numbers))
    numbers += [polynomial] + [int(x) for x in initial[dimension][:degree]]
assert max(numbers) < 65536 and len(numbers) < 65536


def listed(values):
    return textwrap.fill(", ".join(map(str, values)), 110, initial_indent="  ", subsequent_indent="  ")


(here / "Sources/CKeelKernels/sobol_numbers.h").write_text(f"""\
/* Written by Tests/Generate/sobol_numbers.py; change the script, not this file.

   Direction numbers of Sobol's sequence by Joe and Kuo (2008).

   For each dimension from the second on: the primitive polynomial, its leading bit first, and as many odd
   numbers m(1), m(2), ... as its degree. */
#ifndef KEEL_SOBOL_NUMBERS_H
#define KEEL_SOBOL_NUMBERS_H

#include <stdint.h>

enum {{ KEEL_SOBOL_DIMENSIONS = {COUNT} }};

static const uint16_t KEEL_SOBOL_BEGINS[KEEL_SOBOL_DIMENSIONS - 1] = {{
{listed(begins)}}};

static const uint16_t KEEL_SOBOL_NUMBERS[] = {{
{listed(numbers)}}};

#endif
""")

# SciPy draws up to 2^bits points, in the order of Gray codes.
points = []
generator = qmc.Sobol(COUNT, scramble=False, bits=52)
dimensions = [0, 1, 2, 3, 7, 19, 49, 99, 255, 511, 777, 1023]
position = 0
for index in [0, 1, 2, 3, 5, 31, 64, 100, 1023, 1024, 5001]:
    row = generator.random(index + 1 - position)[-1]
    position = index + 1
    points.append(dict(index=index, values=[float(row[d]) for d in dimensions]))
(here / "Tests/Reference/sobol.json").write_text(
    json.dumps(dict(dimensions=dimensions, points=points), separators=(",", ":")) + "\n")
