"""Reference values for tempered stable laws: mpmath 1.3.0, from the characteristic function.

python3 Tests/Generate/tempered_stable.py writes Tests/Reference/tempered_stable.json, and with the argument rare
Tests/Reference/tempered_stable_rare.json of laws with few and far jumps.

The inversion integral runs along two straight rays from a point of the real axis, by tanh-sinh quadrature of pieces
whose lengths double, with so many digits that cancellation leaves 24. The argument prove computes every fifth stored
value again in 110 digits along two contours, which must agree in 50, and compares the last bit; that takes minutes. The exponent is that of the Lévy measure
c e^(-λ|x|)/|x|^(1+α) of either side, compensated to the mean, in its closed form. Every fourth point is computed again
from another point of the axis and at another angle.
"""

import json
import math
import pathlib
import sys

import mpmath as mp

mp.mp.dps = 60
# Of the quadrature: doublings of the rule, change of the phase in a piece, and the size of the last piece.
DEGREE, PHASE, LEAST = 7, 6, -30

# index, intensities above and below, temperings above and below, mean.
LAWS = [
    (0.5, 1.0, 1.0, 1.0, 1.0, 0.0),
    (0.8, 0.3, 0.5, 2.0, 1.25, 0.1),
    (1.5, 0.5, 0.25, 1.0, 2.0, 0.0),
    (1.0, 0.5, 1.0, 1.5, 0.75, -0.2),
    (1.0009765625, 0.5, 1.0, 1.5, 0.75, -0.2),
    (0.125, 2.0, 1.0, 3.0, 2.0, 0.0),
    (1.9, 0.05, 0.1, 0.5, 0.75, 0.0),
    (1.25, 0.001, 0.01, 0.01, 0.02, 0.0),
    (0.25, 0.125, 0.25, 0.5, 0.5, 0.0),
    (1.5, 2000.0, 3000.0, 40.0, 50.0, 1.0),
    (0.75, 0.0009765625, 1.0, 1.0, 2.0, 0.0),
    (1.5, 1.0, 0.0, 1.0, 1.0, 0.0),
    (0.5, 1.0, 0.0, 1.0, 1.0, 0.0),
    (1.0, 0.0, 0.5, 1.0, 1.0, 0.0),
]

# Few and far jumps on one side or both, indices next to one, and a body that ends without them.
RARE = [
    (0.95, 0.0005, 2.0, 0.001, 8.0, 0.0),
    (0.75, 0.00001, 1.0, 0.0005, 1.0, 0.0),
    (1.0, 0.0001, 0.0001, 0.005, 0.005, 0.0),
    (1.03125, 1e-9, 1.0, 0.01, 1.0, 0.0),
    (0.5, 1e-6, 1.0, 0.25, 1.0, 0.0),
    (0.25, 0.01, 2.0, 0.002, 16.0, 0.0),
    (1.5, 1e-12, 1.0, 0.001, 0.001, 0.0),
    (1.984375, 1e-4, 1.0, 0.02, 1.0, 0.0),
    (1.25, 0.0001, 0.125, 0.0005, 0.01, 0.0),
    (0.90625, 0.1, 1e-9, 0.001, 1.0, 0.0),
    (1.75, 1e-5, 0.01, 0.5, 0.03125, 2.0),
]


class Tempered:
    def __init__(self, law):
        self.a, self.cu, self.cl, self.lu, self.ll, self.mean = map(mp.mpf, law)
        a = self.a
        self.gamma = None if a == 1 else mp.gamma(-a)
        self.variance = mp.gamma(2 - a) * (self.cu * self.lu ** (a - 2) + self.cl * self.ll ** (a - 2))
        self.drift = mp.nan
        if a < 1:
            g = mp.gamma(1 - a)
            self.drift = self.mean - g * (self.cu * self.lu ** (a - 1) - self.cl * self.ll ** (a - 1))

    def side(self, c, l, z):
        if c == 0:
            return mp.mpf(0)
        if self.a == 1:
            return c * ((l - z) * mp.log((l - z) / l) + z)
        a = self.a
        return c * self.gamma * ((l - z) ** a - l**a + a * l ** (a - 1) * z)

    def slope(self, c, l, z):
        if c == 0:
            return mp.mpf(0)
        if self.a == 1:
            return -c * mp.log((l - z) / l)
        a = self.a
        return c * self.gamma * a * (l ** (a - 1) - (l - z) ** (a - 1))

    def k(self, z):
        return self.mean * z + self.side(self.cu, self.lu, z) + self.side(self.cl, self.ll, -z)

    def dk(self, z):
        return self.mean + self.slope(self.cu, self.lu, z) - self.slope(self.cl, self.ll, -z)

    def base(self, x):
        """A point of the axis near the saddle, off the pole and the branch points."""
        sd = mp.sqrt(self.variance)
        if x >= self.mean:
            low, high = mp.mpf(0), (self.lu if self.cu else mp.mpf(10) ** 6)
        else:
            low, high = (-self.ll if self.cl else -mp.mpf(10) ** 6), mp.mpf(0)
        for _ in range(80):
            mid = (low + high) / 2
            if self.dk(mid) < x:
                low = mid
            else:
                high = mid
        z = (low + high) / 2
        far = 1 / (4 * abs(x - self.mean) + sd)
        if x >= self.mean and self.cu:
            z = min(z, self.lu - min(far, self.lu / 4))
        if x < self.mean and self.cl:
            z = max(z, -self.ll + min(far, self.ll / 4))
        edge = self.lu if x >= self.mean else self.ll
        least = min(0.25 / sd, edge / 4)
        if abs(z) < least:
            z = least if x >= self.mean else -least
        return z

    def angle(self, x, base):
        """A ray on which the integrand decays, in a far tail no farther than to exp(-75) of its largest value.

        There it goes on upward, with a part that is negligible.
        """
        bend = mp.mpf("0.9") if x > self.mean else -mp.mpf("0.9")
        distance = abs(x - self.mean) + mp.sqrt(self.variance) / 100
        end = base + 75 / (distance * abs(mp.sin(bend))) * mp.expj(mp.pi / 2 - bend)
        change = (self.k(end) - self.k(base) - (end - base) * self.mean).real
        if abs(change) < 5:
            return mp.pi / 2 - bend
        if self.a >= 1:
            return mp.pi / 2
        bend = mp.mpf("0.6") if self.a < 0.6 else mp.mpf("0.3")
        return mp.pi / 2 - bend if x > self.drift else mp.pi / 2 + bend

    def integrals(self, x, base, angle):
        """ln f, and the logarithm of the tail on the side of the mean."""
        turn = mp.expj(angle)
        top = self.k(base) - base * x
        unit = 1 / mp.sqrt(self.variance) / 4
        if self.cu:
            unit = min(unit, abs(self.lu - base) / 2)
        if self.cl:
            unit = min(unit, abs(self.ll + base) / 2)

        def term(t):
            z = base + t * turn
            return mp.exp(self.k(z) - z * x - top) * turn, z

        density, tail = mp.mpf(0), mp.mpf(0)
        start, end = mp.mpf(0), unit
        while True:
            # Pieces over which the exponent turns by little.
            def both(t):
                e, z = term(t)
                return mp.mpc(e.imag, (e / z).imag)

            turns = max(1, int(abs((self.k(base + end * turn) - self.k(base + start * turn)).imag
                                   - x * (end - start) * turn.imag) / PHASE))
            pieces = [start + (end - start) * i / turns for i in range(turns + 1)]
            part = mp.quad(both, pieces, maxdegree=DEGREE)
            density += part.real
            tail += part.imag
            size = abs(term(end)[0]) * end
            if size < mp.mpf(10) ** LEAST * abs(density):
                break
            start, end = end, end * 2
        return mp.log(density / mp.pi) + top, mp.log(abs(tail) / mp.pi) + top

    def row(self, x, check):
        x = mp.mpf(x)
        base = self.base(x)
        angle = self.angle(x, base)
        density, tail = self.integrals(x, base, angle)
        if check:
            other = self.integrals(x, base * mp.mpf("0.97"), angle - mp.mpf("0.04") * (1 if x > self.mean else -1))
            for a, b in zip((density, tail), other):
                assert abs(a - b) < mp.mpf(10) ** -20 * max(1, abs(a)), (x, a, b)
        rest = mp.log1p(-mp.exp(tail))
        lower, upper = (rest, tail) if x >= self.mean else (tail, rest)
        return [float(v) for v in (x, density, lower, upper)]

    def points(self, near):
        sd = float(mp.sqrt(self.variance))
        mean = float(self.mean)
        result = [mean]
        for side, c, l in ((1, self.cu, self.lu), (-1, self.cl, self.ll)):
            steps = list(near)
            if c:
                steps += [60 / float(l) / sd, 300 / float(l) / sd, 690 / float(l) / sd]
            else:
                steps = [0.01, 0.5, 1.0, 2.0]
            for s in sorted(steps):
                x = mean + side * s * sd
                if not c and self.a < 1 and (x - float(self.drift)) * side >= 0:
                    continue
                result.append(x)
        return result


def write(laws, near, name):
    cases = []
    for law in laws:
        tempered = Tempered(law)
        rows = [tempered.row(x, i % 4 == 0) for i, x in enumerate(tempered.points(near))]
        cases.append({"law": list(law), "points": rows})
        print(law, rows, flush=True)
    path = pathlib.Path(__file__).parent.parent / "Reference" / (name + ".json")
    path.write_text(json.dumps({"cases": cases}, indent=1) + "\n")


def prove():
    global DEGREE, PHASE, LEAST
    mp.mp.dps = 110
    DEGREE, PHASE, LEAST = 10, 12, -58
    for name in ("tempered_stable", "tempered_stable_rare"):
        path = pathlib.Path(__file__).parent.parent / "Reference" / (name + ".json")
        for case in json.loads(path.read_text())["cases"]:
            tempered = Tempered(case["law"])
            for row in case["points"][::5]:
                x = mp.mpf(row[0])
                base = tempered.base(x)
                angle = tempered.angle(x, base)
                is_above = x >= tempered.mean
                values = tempered.integrals(x, base, angle)
                others = tempered.integrals(x, base * mp.mpf("0.97"), angle - mp.mpf("0.04") * (1 if is_above else -1))
                for a, b, stored in zip(values, others, (row[1], row[3] if is_above else row[2])):
                    assert abs(a - b) < mp.mpf(10) ** -50 * max(1, abs(a)), (case["law"], row[0], a, b)
                    assert abs(float(a) - stored) <= math.ulp(stored), (case["law"], row[0], a, stored)
            print(case["law"], "proved", flush=True)


def main():
    if sys.argv[1:] == ["prove"]:
        prove()
        return
    if sys.argv[1:] == ["rare"]:
        write(RARE, [0.001, 0.01, 0.05, 0.2, 0.5, 1.0, 2.0, 4.0], "tempered_stable_rare")
    else:
        write(LAWS, [0.01, 0.5, 2.0, 6.0], "tempered_stable")


if __name__ == "__main__":
    main()
