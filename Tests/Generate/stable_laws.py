"""Reference values for alpha-stable laws at 50 digits: gmpy2 2.3.2 (MPFR, MPC), from the characteristic function.

python3 Tests/Generate/stable_laws.py writes Tests/Reference/stable_laws.json in some minutes.

The inversion integral runs along a ray from 0 by the trapezoidal rule in the logarithm of its length, with so many
digits that cancellation leaves 50; far in a power tail along the imaginary axis, where nothing cancels; in a light tail
along the line through the saddle point. The rule converges geometrically: two steps that agree in half the digits leave
the rest to the finer one. A part of the points is computed again from Zolotarev's integral, which shares nothing with
these but the law, and from the series in powers of the point.
"""

import json
import math
import pathlib

import gmpy2
from gmpy2 import mpc, mpfr

TARGET = 50
BITS = 3.33


def digits(count):
    gmpy2.get_context().precision = int(count * BITS) + 8


def pi():
    return gmpy2.const_pi()


def ten(power):
    return gmpy2.exp10(mpfr(power))


class Stable:
    def __init__(self, alpha, beta):
        self.alpha, self.beta = float(alpha), float(beta)
        self.one = alpha == 1

    def prepare(self, count):
        """The parameters with a number of digits."""
        digits(count)
        self.a, self.b = mpfr(self.alpha), mpfr(self.beta)
        self.t = mpfr(0) if self.one else gmpy2.tan(pi() * self.a / 2)

    @property
    def mirror(self):
        return Stable(self.alpha, -self.beta)

    @property
    def shift(self):
        return 0 if self.alpha in (1, 2) else -self.beta * math.tan(math.pi * self.alpha / 2)

    def exponent(self, t, logt, x):
        if self.one:
            return -t * (1 + mpc(0, 1) * (self.b * 2 / pi() * logt + x))
        power = gmpy2.exp(self.a * logt)
        return -mpc(0, 1) * (t * x + self.b * self.t * (t - power)) - power

    def angle(self, x):
        """The ray on which the integrand grows and turns least before it decays, away from the ends of the sector."""
        a, b, x = self.alpha, self.beta, float(x)
        tangent = 0 if self.one else math.tan(math.pi * a / 2)
        turn, size = math.atan(b * tangent), math.hypot(1, b * tangent)
        best = None
        for k in range(-30, 31):
            psi = k * 1.54 / 30
            top, last, turns = -1e300, 0, 0
            for j in range(-120, 2400):
                w = j / 4
                r = math.exp(w)
                if self.one:
                    t = r * complex(math.cos(psi), math.sin(psi))
                    e = -t * (1 + 1j * (b * 2 / math.pi * complex(w, psi) + x))
                    e, rate = e.real, abs(e.imag)
                else:
                    # The same sum, without the difference of large numbers where the index is next to one.
                    y, p = r * (x + b * tangent), math.exp(a * w) * size
                    e = y * math.sin(psi) - p * math.cos(a * psi - turn)
                    rate = abs(y * math.cos(psi) + a * p * math.sin(a * psi - turn))
                top, last = max(top, e), e
                if e > -130:
                    turns = max(turns, rate)
                if e < -400 or e > 1e4:
                    break
            if last > -300 or top > 600:
                continue
            score = top + 0.1 * turns + 0.3 / (1.58 - abs(psi))
            if best is None or score < best[0]:
                best = (score, psi)
        return best[1]

    def ray(self, x, psi, count, step):
        """Density and survival."""
        psi, x = mpfr(psi), mpfr(x)
        turn = mpc(gmpy2.cos(psi), gmpy2.sin(psi))
        density, phase = mpfr(0), mpfr(0)
        floor = ten(-count)
        for sign in (1, -1):
            k, quiet = (0 if sign > 0 else 1), 0
            while quiet <= 6:
                w = sign * k * step
                t = gmpy2.exp(w) * turn
                e = gmpy2.exp(self.exponent(t, mpc(w, psi), x))
                density += (e * t).real
                phase += e.imag
                small = abs(t * e) < floor if sign > 0 else abs(t) < floor and abs(e.imag) < floor
                quiet = quiet + 1 if small and abs(w) > 3 else 0
                k += 1
        return density * step / pi(), (psi + pi() / 2 + phase * step) / pi()

    def by_ray(self, x):
        psi, count, before = self.angle(x), TARGET + 15, None
        step = 1 / 16
        for _ in range(14):
            self.prepare(count)
            f, s = self.ray(x, psi, count, mpfr(step))
            least = min(abs(f), abs(s), abs(1 - s))
            if least == 0 or TARGET + 6 - gmpy2.log10(least) > count:
                count, before = int(count * 1.5), None
                continue
            now = (f, s, 1 - s)
            if before and agree(now, before) and f > 0 and 0 < s < 1:
                return f, 1 - s, s
            before, step = now, step / 2
        raise ArithmeticError(("ray", self.alpha, self.beta, x))

    def by_axis(self, x):
        """Far in the upper power tail, or anywhere above the shift for an index below one."""
        self.prepare(TARGET + 25)
        x = mpfr(x)
        a, b, t, scale = self.a, self.b, self.t, gmpy2.log(x)
        sine, cosine = gmpy2.sin(pi() * a / 2), gmpy2.cos(pi() * a / 2)

        def total(step):
            f = s = mpfr(0)
            for sign in (1, -1):
                k = 0 if sign > 0 else 1
                while True:
                    w = sign * k * step - scale
                    v = gmpy2.exp(w)
                    if self.one:
                        real, phase = -v * x - b * 2 / pi() * v * w, (1 + b) * v
                    else:
                        p = gmpy2.exp(a * w)
                        real, phase = -v * x - b * t * (v - p * sine) - p * cosine, (1 + b) * p * sine
                    term = gmpy2.exp(real) * gmpy2.sin(phase)
                    f += term * v
                    s += term
                    if abs(term) < ten(-TARGET - 6) * abs(s) and k * step > 3:
                        break
                    assert sign < 0 or real < 5
                    k += 1
            return f * step / pi(), s * step / pi()

        f, s = settled(total, mpfr(1) / 12, ("axis", self.alpha, self.beta, x))
        return f, 1 - s, s

    def by_saddle(self, x):
        """In the light upper tail of a skew of -1: along the line through the saddle point."""
        assert self.beta == -1
        self.prepare(TARGET + 25)
        a, x = self.a, mpfr(x)
        if self.one:
            v = gmpy2.exp(pi() * x / 2 - 1)
            bend = 2 / (pi() * v)
        else:
            cosine = abs(gmpy2.cos(pi() * a / 2))
            v = (abs(x - self.t) * cosine / a) ** (1 / (a - 1))
            bend = a * abs(a - 1) * v ** (a - 2) / cosine
        top = self.exponent(mpc(0, -v), mpc(gmpy2.log(v), -pi() / 2), x).real

        def total(step):
            f = s = mpfr(0)
            k = 0
            while True:
                t = mpc(k * step, -v)
                e = gmpy2.exp(self.exponent(t, gmpy2.log(t), x) - top)
                half = mpfr(1) / 2 if k == 0 else mpfr(1)
                f += half * e.real
                s += half * (e / (mpc(0, 1) * t)).real
                if abs(e) < ten(-TARGET - 6):
                    break
                k += 1
            size = step / pi() * gmpy2.exp(top)
            return f * size, s * size

        f, s = settled(total, 1 / (3 * gmpy2.sqrt(bend)), ("saddle", self.alpha, x))
        return f, 1 - s, s

    # Second methods.

    def by_zolotarev(self, x):
        """For an index that is not one and a tail that is a power: the contour on which nothing oscillates.

        Both tails are integrated by parts, so that all three integrands vanish fast at either end.
        """
        self.prepare(TARGET + 25)
        a, t = self.a, self.t
        y = mpfr(x) + self.b * t
        if y < 0:
            f, lower, upper = self.mirror.by_zolotarev(-x)
            return f, upper, lower
        start = gmpy2.atan(self.b * t) / a
        length = pi() / 2 + start
        constant = gmpy2.log(gmpy2.cos(a * start)) / (a - 1) + a / (a - 1) * gmpy2.log(y)

        def place(v):
            d, other = length / (1 + gmpy2.exp(v)), length / (1 + gmpy2.exp(-v))
            return (d, other) if a > 1 else (other, d)

        def log_g(d, other):
            third = gmpy2.cos(a * start + (a - 1) * (pi() / 2 - d))
            ratio = gmpy2.sin(d) / gmpy2.sin(a * other)
            return constant + a / (a - 1) * gmpy2.log(ratio) + gmpy2.log(third / gmpy2.sin(d))

        def slope(d, other):
            cot = 1 / gmpy2.tan(d)
            tangent = gmpy2.tan(a * start + (a - 1) * (pi() / 2 - d))
            return abs(a / (a - 1) * (cot + a / gmpy2.tan(a * other)) - cot + (a - 1) * tangent)

        low, high = mpfr(-800), mpfr(800)
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if log_g(*place(middle)) > 0 else (low, middle)
        power = max(1, float(slope(*place(low)) * place(low)[0] * place(low)[1] / length))

        def total(step):
            sums = [mpfr(0)] * 3
            for sign in (1, -1):
                k = 0 if sign > 0 else 1
                while True:
                    d, other = place(low + sign * k * step)
                    inner, outer = (d, other) if a > 1 else (other, d)
                    g = gmpy2.exp(log_g(d, other))
                    e = g * gmpy2.exp(-g) * d * other / length
                    rate = slope(d, other)
                    terms = (e, e * rate * inner, e * rate * outer)
                    sums = [u + v for u, v in zip(sums, terms)]
                    if k > 8 and all(abs(u) < ten(-TARGET - 6) * v for u, v in zip(terms, sums)):
                        break
                    k += 1
            return [u * step for u in sums]

        density, inner, outer = settled(total, mpfr(1) / 4 / mpfr(power), ("Zolotarev", self.alpha, self.beta, x))
        f = density * a / (pi() * abs(a - 1) * y)
        if a > 1:
            return f, (pi() - length + outer) / pi(), inner / pi()
        return f, (pi() - length + inner) / pi(), outer / pi()

    def by_series(self, x):
        """In powers of the distance y from the shift, or of y^-a for an index below one; both converge."""
        count = 400
        self.prepare(count)
        a = self.a
        y = mpfr(x) + self.b * self.t
        if y < 0:
            point = self.mirror.by_series(-x)
            return point and (point[0], point[2], point[1])
        turn = gmpy2.atan(self.b * self.t) / a
        logr = gmpy2.log1p((self.b * self.t) ** 2) / 2
        f = s = largest = mpfr(0)
        above = mpfr(1) / 2 + turn / pi()
        for k in range(1, 20000):
            if a < 1:
                size = gmpy2.exp(k * logr + gmpy2.lngamma(k * a + 1) - gmpy2.lngamma(mpfr(k + 1)) - k * a * gmpy2.log(y))
                term = (-1) ** (k + 1) * size * gmpy2.sin(k * a * (turn + pi() / 2)) / pi()
                f += term / y
                s += term / (k * a)
            else:
                size = gmpy2.exp((k - 1) * gmpy2.log(y) - gmpy2.lngamma(mpfr(k)) + gmpy2.lngamma(k / a) - k / a * logr)
                term = size * gmpy2.cos(k * turn - pi() * (k - 1) / 2) / (pi() * a)
                f += term
                s += term * y / k
            largest = max(largest, size)
            if size < ten(-TARGET - 10) * min(abs(f), abs(s), 1) * min(y, 1) and k > 40:
                break
        else:
            return None
        s = s if a < 1 else above - s
        if largest > ten(count - TARGET - 10) * min(f, s, 1 - s):
            return None
        return f, 1 - s, s


def agree(now, before):
    return all(abs(u / v - 1) < ten(-TARGET / 2 - 2) for u, v in zip(now, before))


def settled(total, step, name):
    """The sums of a rule whose steps are halved until half of the digits stand."""
    before = None
    for _ in range(10):
        now = total(step)
        if before and agree(now, before):
            return now
        before, step = now, step / 2
    raise ArithmeticError((name, now, before))


def values(law, x, route):
    """Density and both tails."""
    if route == "series":
        return law.by_series(x) or law.by_ray(x)
    if route == "ray":
        return law.by_ray(x)
    if route == "axis":
        f, lower, upper = (law if x > 0 else law.mirror).by_axis(abs(x))
        return (f, lower, upper) if x > 0 else (f, upper, lower)
    f, lower, upper = (law if law.beta == -1 else law.mirror).by_saddle(x if law.beta == -1 else -x)
    return (f, lower, upper) if law.beta == -1 else (f, upper, lower)


def logarithms(point):
    """Of density and tails, the larger tail from the smaller one."""
    f, lower, upper = point
    small = min(lower, upper)
    logs = [gmpy2.log(f), gmpy2.log(small), gmpy2.log1p(-small)]
    return logs if lower < upper else [logs[0], logs[2], logs[1]]


def light_points(law, sign):
    """Points of the light tail with densities near exp(-30), exp(-110), exp(-340), exp(-690)."""
    alpha, out = law.alpha, []
    for target in (30, 110, 340, 690):
        if alpha == 1:
            x = 2 / math.pi * math.log(target * math.pi / 2) + 2 / math.pi
        else:
            q = alpha / (alpha - 1)
            # The least of Zolotarev's function of the angle.
            cosine = abs(math.cos(math.pi * alpha / 2))
            least = math.log(abs(alpha - 1)) - q * math.log(alpha) + math.log(cosine) / (alpha - 1)
            y = math.exp((math.log(target) - least) / q)
            x = y - abs(law.shift)
        if alpha < 1:
            x = law.shift + y if law.beta > 0 else law.shift - y
        else:
            x = sign * x
        out.append(float("%.12g" % x))
    return out


def power_points(alpha):
    """Points of a power tail to where density or tail is 1e-300, or to the end of the numbers."""
    out = set()
    for power in (12, 60, 180, 300):
        x = 10 ** min(power / alpha, 300)
        out.add(float("%.8g" % max(x, 1e4)))
    return sorted(out)


def plan(alpha, beta):
    """Points and their routes."""
    law = Stable(alpha, beta)
    if alpha == 2:
        return Stable(2, -1), [(x, "ray") for x in (-1.5, -0.2, 0.0, 0.3, 1.0)] + [
            (x, "saddle") for x in (4.0, 12.0, 30.0, 52.4)]
    points = [(x, "ray") for x in (-6.0, -1.5, -0.2, 0.0, 0.3, 1.0, 4.0, 25.0)]
    zeta = law.shift
    if 0 < abs(zeta) < 30:
        points += [(zeta + d, "ray") for d in (-1e-3, 1e-6, 0.05)]
    if abs(beta) == 1:
        # On the side of the light tail the line through the saddle point serves.
        if alpha < 0.95:
            points = [(x, r) for x, r in points if abs(x - zeta) > 0.04 and (x - zeta) * beta > 0]
            points = [(x, "saddle" if abs(x - zeta) < 0.5 else r) for x, r in points]
        else:
            points = [(x, "saddle" if x * beta < -1 else r) for x, r in points if x * beta > -7]
            points = [(x, r) for x, r in points if alpha > 1 or (x - zeta) * beta > 0]
    if 1.9 < alpha < 2:
        points += [(x, "ray") for x in (10.0, 14.0, -12.0)]
    for sign in (-1, 1):
        if sign * beta > -1:
            points += [(sign * x, "axis") for x in power_points(alpha)]
        else:
            points += [(x, "saddle") for x in light_points(law, sign)]
    if alpha < 0.75:
        points = [(x, "series" if abs(x - zeta) > 0.04 else r) for x, r in points]
    return law, points


def proved(law, x, logs):
    """How many second methods agree in 40 digits."""
    count = 0
    # The contour's integrand is too sharp far out in a power tail.
    for method in (law.by_zolotarev, law.by_series) if abs(x) < 1e30 else (law.by_series,):
        second = method(x)
        if second is None:
            continue
        for value, reference in zip(logarithms(second), logs):
            assert abs(value - reference) < ten(-40) * max(1, abs(reference)), (law.alpha, law.beta, x, method, value, reference)
        count += 1
    return count


def case(alpha, beta):
    law, points = plan(alpha, beta)
    rows, second = [], 0
    for k, (x, route) in enumerate(points):
        logs = logarithms(values(law, x, route))
        rows.append([x] + [float(v) for v in logs])
        if abs(alpha - 1) > 0.04 and alpha < 1.99 and abs(beta) < 1 and k % 4 == 2:
            second += proved(law, x, logs)
    print(alpha, beta, len(rows), second, flush=True)
    return {"index": alpha, "skew": beta, "points": rows}


PAIRS = [
    (0.1, 0.3), (0.1, -0.5), (0.25, 0.0), (0.25, -0.5), (0.5, 0.3), (0.5, 0.0), (0.7, -0.5), (0.7, 0.3), (0.8, 0.3),
    (0.8, -1.0), (0.8, 0.0), (0.96, -0.4), (0.999, 0.8), (0.999, 1.0), (0.999, -0.5), (0.999, 0.0), (1.0, 0.0),
    (1.0, 0.5), (1.0, 1.0), (1.0, -1.0), (1.0, -0.03), (1.0, 0.001), (1.0, 0.3), (1.000001, 0.7), (1.001, 0.3),
    (1.001, -1.0), (1.001, -0.5), (1.001, 0.0), (1.005, 0.005), (1.03, 0.6), (1.1, 0.001), (1.2, 0.9999999),
    (1.3, 0.9), (1.5, 1.0), (1.5, -1.0), (1.5, -0.5), (1.7, -0.2), (1.7, 0.0), (1.7, 0.3), (1.95, 0.5),
    (1.95, -1.0), (1.999, -0.7), (1.999, 0.0), (1.999, 1.0), (2.0, 0.0),
]


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    document = {
        "generator": "Tests/Generate/stable_laws.py",
        "versions": {"gmpy2": gmpy2.version(), "MPFR": gmpy2.mpfr_version(), "MPC": gmpy2.mpc_version()},
        "digits": TARGET,
        "columns": {"points": ["x", "logPDF", "logCDF", "logSurvival"]},
        "cases": [case(*pair) for pair in PAIRS],
    }
    out = json.dumps(document, separators=(",", ":"), allow_nan=False)
    (root / "Reference" / "stable_laws.json").write_text(out.replace("],[", "],\n[").replace("},{", "},\n{") + "\n")


if __name__ == "__main__":
    main()
