"""Reference draws of alpha-stable laws next to an index of one: mpmath 1.3.0, 60 digits.

python3 Tests/Generate/stable_draws.py writes Tests/Reference/stable_draws.json.

J. Chambers, C. Mallows and B. Stuck (1976) with the shift of the parametrization S0 added, from the uniform numbers of
Philox4x32-10 (J. Salmon, M. Moraes, R. Dror and D. Shaw, 2011).
"""

import json
import pathlib

import mpmath as mp

mp.mp.dps = 60
SEED = 7
COUNT = 8
MASK = 0xFFFFFFFF


def philox(key, low):
    c = [low & MASK, low >> 32, 0, 0]
    k = [key & MASK, key >> 32]
    for _ in range(10):
        p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(q >> 32) ^ c[1] ^ k[0], q & MASK, (p >> 32) ^ c[3] ^ k[1], p & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c[0] | c[1] << 32, c[2] | c[3] << 32


def uniform(index):
    return (2 * (philox(SEED, index // 2)[index % 2] >> 12) + 1) / 2**53


def draw(alpha, beta, u, v):
    a, b = mp.mpf(alpha), mp.mpf(beta)
    angle, e = mp.pi * (mp.mpf(u) - 0.5), -mp.log(mp.mpf(v))
    if alpha == 1:
        s = mp.pi / 2 + b * angle
        return 2 / mp.pi * (s * mp.tan(angle) - b * mp.log(mp.pi / 2 * e * mp.cos(angle) / s))
    zeta = -b * mp.tan(mp.pi * a / 2)
    first = mp.atan(-zeta) / a
    s = a * (angle + first)
    value = mp.sin(s) / (mp.cos(a * first) * mp.cos(angle)) ** (1 / a)
    return value * (mp.cos(s - angle) / e) ** ((1 - a) / a) + zeta


uniforms = [uniform(k) for k in range(2 * COUNT)]
cases = []
for distance in [0, 1e-12, 1e-8, 1e-6, 1e-4, 0.01, 0.049, 0.06]:
    for sign in [1, -1]:
        for skew in [0.5, -0.9, 1.0, 0.0]:
            alpha = 1 + sign * distance
            draws = [float(draw(alpha, skew, uniforms[2 * k], uniforms[2 * k + 1])) for k in range(COUNT)]
            cases.append({"index": alpha, "skew": skew, "draws": draws})
        if distance == 0:
            break
document = {
    "generator": "Tests/Generate/stable_draws.py",
    "versions": {"mpmath": mp.__version__},
    "digits": 17,
    "seed": SEED,
    "uniforms": uniforms,
    "cases": cases,
}
root = pathlib.Path(__file__).resolve().parent.parent
out = json.dumps(document, separators=(",", ":"), allow_nan=False)
(root / "Reference" / "stable_draws.json").write_text(out.replace("},{", "},\n{") + "\n")
