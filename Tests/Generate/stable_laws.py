"""Reference values for alpha-stable laws: mpmath 1.3.0, from the characteristic function.

python3 Tests/Generate/stable_laws.py writes Tests/Reference/stable_laws.json.

The inversion integral runs along a ray from 0 by the trapezoidal rule in the logarithm of its length, with so many
digits that cancellation leaves 22; far in a power tail along the imaginary axis, where nothing cancels. A part of the
points is computed again from Zolotarev's integral by Gauss-Legendre quadrature.
"""

import json
import math
import pathlib

import mpmath as mp

TARGET = 24
# The rule converges geometrically: two steps that agree in half the digits leave the rest to the finer one.
HALF = mp.mpf(10) ** (-TARGET / 2 - 1)


class Stable:
    def __init__(self, alpha, beta):
        self.a, self.b = mp.mpf(alpha), mp.mpf(beta)
        self.one = alpha == 1

    def exponent(self, t, logt, x):
        if self.one:
            return -t * (1 + 1j * (self.b * 2 / mp.pi * logt + x))
        tangent = mp.tan(mp.pi * self.a / 2)
        power = mp.exp(self.a * logt)
        return -1j * t * x - power - 1j * self.b * tangent * (t - power)

    def angle(self, x):
        """The ray on which the integrand grows least before it decays."""
        a, b, x = float(self.a), float(self.b), float(x)
        best = None
        for k in range(-60, 61):
            psi = k * 1.56 / 60
            top, ok, prev = -1e300, True, 0
            for j in range(-240, 600):
                w = j / 8
                try:
                    if self.one:
                        z = complex(w, psi)
                        t = complex(math.exp(w) * math.cos(psi), math.exp(w) * math.sin(psi))
                        e = (-t * (1 + 1j * (b * 2 / math.pi * z + x))).real
                    else:
                        T = math.tan(math.pi * a / 2)
                        r, p = math.exp(w), math.exp(a * w)
                        om = math.atan(b * T)
                        e = r * (x + b * T) * math.sin(psi) - p * math.hypot(1, b * T) * math.cos(a * psi - om)
                except OverflowError:
                    break
                top = max(top, e)
                prev = e
                if e < -400:
                    break
            if prev > -300 or top > 300:
                continue
            # Away from the ends of the sector: the strip of the rule.
            score = top + 0.02 / (1.58 - abs(psi))
            if best is None or score < best[0]:
                best = (score, psi)
        return best[1]

    def ray(self, x, digits, step):
        """Density and survival, with the largest terms."""
        psi = mp.mpf(self.angle(x))
        x = mp.mpf(x)
        turn = mp.expj(psi)
        sums = [mp.mpf(0), mp.mpf(0)]
        large = [mp.mpf(0), mp.mpf(0)]
        floor = mp.mpf(10) ** (-digits)
        for sign in (1, -1):
            k = 0 if sign > 0 else 1
            quiet = 0
            while True:
                w = sign * k * step
                t = mp.exp(w) * turn
                e = mp.exp(self.exponent(t, w + 1j * psi, x))
                terms = [(e * t).real, e.imag]
                for i in (0, 1):
                    sums[i] += terms[i]
                    large[i] = max(large[i], abs(terms[i]))
                small = abs(t * e) < floor if sign > 0 else abs(t) < floor and abs(terms[1]) < floor
                quiet = quiet + 1 if small and abs(w) > 3 else 0
                if quiet > 6:
                    break
                k += 1
        density = sums[0] * step / mp.pi
        survival = (psi + mp.pi / 2 + sums[1] * step) / mp.pi
        return density, survival

    def by_ray(self, x):
        digits, step, before = 45, mp.mpf(1) / 16, None
        for _ in range(12):
            mp.mp.dps = digits + 10
            f, s = self.ray(x, digits, step)
            least = min(abs(f), abs(s), abs(1 - s))
            enough = least > 0 and -mp.log10(least) + TARGET + 4 < digits
            if not enough:
                digits = int(digits * 1.6)
                before = None
                continue
            if before and all(abs(u / v - 1) < HALF for u, v in zip((f, s, 1 - s), before)):
                if f > 0 and 0 < s < 1:
                    return f, 1 - s, s
            before = (f, s, 1 - s)
            step /= 2
        raise ArithmeticError((self.a, self.b, x))

    def by_axis(self, x):
        """Far in the upper power tail."""
        mp.mp.dps = 45
        a, b, x = self.a, self.b, mp.mpf(x)

        def total(step):
            f = s = mp.mpf(0)
            for sign in (1, -1):
                k = 0 if sign > 0 else 1
                while True:
                    w = sign * k * step - mp.log(x)
                    v = mp.exp(w)
                    if self.one:
                        real, phase = -v * x - b * 2 / mp.pi * v * w, (1 + b) * v
                    else:
                        tangent, sine = mp.tan(mp.pi * a / 2), mp.sin(mp.pi * a / 2)
                        p = mp.exp(a * w)
                        real = -v * x - b * tangent * (v - p * sine) - p * mp.cos(mp.pi * a / 2)
                        phase = (1 + b) * p * sine
                    term = mp.exp(real) * mp.sin(phase)
                    f += term * v
                    s += term
                    if abs(term) < mp.mpf(10) ** (-TARGET - 4) * abs(s) and k * step > 3:
                        break
                    assert sign < 0 or real < 1
                    k += 1
            return f * step / mp.pi, s * step / mp.pi

        step, before = mp.mpf(1) / 12, None
        for _ in range(6):
            now = total(step)
            if before and all(abs(u / v - 1) < HALF for u, v in zip(now, before)):
                return now[0], 1 - now[1], now[1]
            before, step = now, step / 2
        raise ArithmeticError((self.a, self.b, x))

    def by_saddle(self, x):
        """In the light upper tail, β = −1: along the line through the saddle point."""
        assert self.b == -1
        mp.mp.dps = 45
        a, x = self.a, mp.mpf(x)
        if self.one:
            v = mp.exp(mp.pi * x / 2 - 1)
            bend = 2 / (mp.pi * v)
        else:
            tangent, cosine = mp.tan(mp.pi * a / 2), abs(mp.cos(mp.pi * a / 2))
            v = (abs(x - tangent) * cosine / a) ** (1 / (a - 1))
            bend = a * abs(a - 1) * v ** (a - 2) / cosine
        top = self.exponent(-1j * v, mp.log(v) - 1j * mp.pi / 2, x).real

        def total(step):
            f = s = mp.mpf(0)
            k = 0
            while True:
                t = k * step - 1j * v
                e = mp.exp(self.exponent(t, mp.log(t), x) - top)
                half = mp.mpf(1) / 2 if k == 0 else 1
                f += half * e.real
                s += half * (e / (1j * t)).real
                if abs(e) < mp.mpf(10) ** (-TARGET - 5):
                    break
                k += 1
            scale = step / mp.pi * mp.exp(top)
            return f * scale, s * scale

        step, before = 1 / (3 * mp.sqrt(bend)), None
        for _ in range(9):
            now = total(step)
            if before and all(abs(u / w - 1) < HALF for u, w in zip(now, before)):
                return now[0], 1 - now[1], now[1]
            before, step = now, step / 2
        raise ArithmeticError((self.a, self.b, x, now, before))

    def by_zolotarev(self, x):
        """For x above the shift and α ≠ 1."""
        mp.mp.dps = 50
        a, b, x = self.a, self.b, mp.mpf(x)
        tangent = mp.tan(mp.pi * a / 2)
        y = x + b * tangent
        if y < 0:
            f, lower, upper = Stable(a, -b).by_zolotarev(-x)
            return f, upper, lower
        th = mp.atan(b * tangent) / a

        def logg(d):
            t = mp.pi / 2 - d
            s = mp.sin(a * (th + t))
            return a / (a - 1) * mp.log(y * mp.cos(t) / s) + mp.log(mp.cos(a * th)) / (a - 1) + mp.log(
                mp.cos(a * th + (a - 1) * t) / mp.cos(t)
            )

        ell = mp.pi / 2 + th
        low, high = mp.mpf(-90), mp.mpf(90)

        def point(v):
            return ell / (1 + mp.exp(v))

        rising = logg(point(-2)) < logg(point(2))
        cuts = []
        for level in range(-60, 6):
            lo, hi = low, high
            for _ in range(40):
                m = (lo + hi) / 2
                if (logg(point(m)) > level) == rising:
                    hi = m
                else:
                    lo = m
            cuts.append(lo)
        cuts = sorted(set([low, high] + [mp.mpf(k) for k in range(-88, 90, 2)] + cuts))

        def jac(v):
            return ell / ((1 + mp.exp(v)) * (1 + mp.exp(-v)))

        f = e = c = mp.mpf(0)
        for lo, hi in zip(cuts, cuts[1:]):
            if hi - lo < mp.mpf(10) ** -9:
                continue
            for node, weight in GAUSS:
                v = (lo + hi) / 2 + (hi - lo) / 2 * node
                g = mp.exp(logg(point(v)))
                w = weight * (hi - lo) / 2 * jac(v)
                f += w * g * mp.exp(-g)
                e += w * mp.exp(-g)
                c -= w * mp.expm1(-g)
        f *= a / (mp.pi * abs(a - 1) * y)
        if a > 1:
            s = e / mp.pi
            return f, (mp.pi / 2 - th + c) / mp.pi, s
        return f, (mp.pi / 2 - th + e) / mp.pi, c / mp.pi


def gauss(n):
    mp.mp.dps = 50
    out = []
    for i in range(n):
        x = mp.cos(mp.pi * (4 * i + 3) / (4 * n + 2))
        for _ in range(8):
            p, q = mp.mpf(1), x
            for k in range(2, n + 1):
                p, q = q, ((2 * k - 1) * x * q - (k - 1) * p) / k
            slope = n * (p - x * q) / (1 - x * x)
            x -= q / slope
        out.append((x, 2 / ((1 - x * x) * slope * slope)))
    return out


GAUSS = gauss(24)


def number(value):
    mp.mp.dps = 40
    return float(mp.nstr(value, 25))




def row(law, x, far):
    if far == "light":
        f, lower, upper = (law if law.b == -1 else Stable(law.a if not law.one else 1, 1 * -law.b)).by_saddle(x if law.b == -1 else -x)
        if law.b != -1:
            lower, upper = upper, lower
    elif far:
        f, lower, upper = (law if x > 0 else Stable(law.a if not law.one else 1, -law.b)).by_axis(abs(x))
        if x < 0:
            lower, upper = upper, lower
    else:
        f, lower, upper = law.by_ray(x)
    mp.mp.dps = 60
    return [x, number(mp.log(f)), number(mp.log(lower)), number(mp.log(upper))]


def light_points(alpha, beta, sign):
    """Points of the light tail with densities near exp(−30), exp(−110), exp(−340), exp(−680)."""
    out = []
    for target in (30, 110, 340, 680):
        if alpha == 1:
            z = 2 / math.pi * math.log(target * math.pi / 2)
            x = z + 2 / math.pi
        else:
            q = alpha / (alpha - 1)
            # The least of Zolotarev's function of the angle.
            cosine = abs(math.cos(math.pi * alpha / 2))
            least = math.log(abs(alpha - 1)) - q * math.log(alpha) + math.log(cosine) / (alpha - 1)
            y = math.exp((math.log(target) - least) / q)
            zeta = -beta * math.tan(math.pi * alpha / 2)
            x = y - abs(zeta)
        if alpha < 1:
            x = zeta + y if beta > 0 else zeta - y
        else:
            x = sign * x
        out.append(float("%.12g" % x))
    return out


def case(alpha, beta):
    law = Stable(alpha, beta)
    rows = []
    middle = [-6.0, -1.5, -0.2, 0.0, 0.3, 1.0, 4.0, 25.0]
    zeta = 0 if alpha == 1 else -beta * math.tan(math.pi * alpha / 2)
    if 0 < abs(zeta) < 30:
        middle += [zeta + d for d in (-1e-3, 1e-6, 0.05)]
    tails = []
    for p in (1e-8, 1e-60, 1e-250):
        x = math.exp(min(-math.log(p) / alpha, 700))
        if 30 < x < 1e290 and alpha < 2:
            tails += [float("%.8g" % x)]
        elif alpha < 2:
            tails += [1e100]
    points = [(x, False) for x in middle]
    for sign in (-1, 1):
        if sign * beta > -1 and alpha < 2:
            points += [(sign * x, True) for x in sorted(set(tails))]
        elif alpha != 2:
            points += [(x, "light") for x in light_points(alpha, beta, sign)]
    if alpha == 2:
        law.b = mp.mpf(-1)
        points = [p for p in points if -2 < p[0] < 2] + [(x, "light") for x in (4.0, 12.0, 30.0, 52.0)]
    if alpha < 1 and abs(beta) == 1:
        points = [(x, far) for x, far in points if (x - zeta) * beta > 0]
    if 1.9 < alpha < 2:
        points += [(x, False) for x in (10.0, 14.0, -12.0)]
    if abs(beta) == 1:
        # Where the law is light the line through the saddle point has its peak alone.
        if alpha > 0.95:
            points = [(x, "light" if x * beta < -1 else far) for x, far in points if x * beta > -7 or far]
        else:
            points = [(x, "light" if abs(x - zeta) < 1 else far) for x, far in points if abs(x - zeta) > 0.04 or far]
    for x, far in points:
        if far is True and abs(beta) < 1 and alpha > 1.9 and abs(x) < 1e3:
            far = False
        r = row(law, x, far)
        rows.append(r)
    if alpha not in (1, 2) and abs(alpha - 1) > 0.01 and abs(beta) < 1:
        for x, r in list(zip([p[0] for p in points], rows))[2:7:2]:
            f, lower, upper = law.by_zolotarev(x)
            for value, reference in zip((f, lower, upper), r[1:]):
                assert abs(mp.log(value) - reference) < 1e-13 * max(1, abs(reference)), (alpha, beta, x, value, reference)
    print(alpha, beta, len(rows), flush=True)
    return {"index": alpha, "skew": beta, "points": rows}


def main():
    pairs = [
        (1.7, -0.2), (1.7, 0.0), (1.3, 0.9), (1.5, 1.0), (1.5, -1.0), (1.95, 0.5), (1.999, -0.7), (2.0, 0.0),
        (1.0, 0.0), (1.0, 0.5), (1.0, 1.0), (1.0, -0.03), (1.0, 0.001), (1.001, 0.3), (1.001, -1.0), (0.999, 0.8),
        (0.999, 1.0), (1.005, 0.005), (1.03, 0.6), (0.96, -0.4), (1.000001, 0.7), (1.1, 0.001), (0.8, 0.3), (0.8, -1.0),
        (1.2, 0.9999999),
    ]
    root = pathlib.Path(__file__).resolve().parent.parent
    document = {
        "generator": "Tests/Generate/stable_laws.py",
        "versions": {"mpmath": mp.__version__},
        "digits": TARGET,
        "columns": {"points": ["x", "logPDF", "logCDF", "logSurvival"]},
        "cases": [],
    }
    for pair in pairs:
        document["cases"].append(case(*pair))
        write(document, root)


def write(document, root):
    out = json.dumps(document, separators=(",", ":"), allow_nan=False)
    (root / "Reference" / "stable_laws.json").write_text(out.replace("],[", "],\n[").replace("},{", "},\n{") + "\n")


if __name__ == "__main__":
    main()
