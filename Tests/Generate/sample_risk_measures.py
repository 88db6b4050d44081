"""Risk measures of a sample from their definitions, in mpmath at the caller's precision."""

import mpmath as mp

m = mp.mpf


def mean(values, p):
    return mp.fsum(a * b for a, b in zip(values, p))


def tail(losses, p, confidence):
    left, total = 1 - confidence, m(0)
    for loss, mass in sorted(zip(losses, p), reverse=True):
        used = min(mass, left)
        total += used * loss
        left -= used
    return total / (1 - confidence)


def entropic(losses, p, confidence):
    kappa = -mp.log(1 - confidence)
    top = max(l for l, q in zip(losses, p) if q > 0)
    if -mp.log(mp.fsum(q for l, q in zip(losses, p) if l == top)) <= kappa:
        return top

    unit = top - mean(losses, p)

    def tilted(s):
        masses = [q * mp.exp(s * (l - top) / unit) for l, q in zip(losses, p)]
        total = mp.fsum(masses)
        return mp.log(total), [a / total for a in masses]

    def entropy(s):
        log_moment, q = tilted(s)
        return s * mean([(l - top) / unit for l in losses], q) - log_moment

    low, high = m(0), m(1)
    while entropy(high) < kappa:
        high *= 2
    for _ in range(220):
        middle = (low + high) / 2
        low, high = (middle, high) if entropy(middle) < kappa else (low, middle)
    log_moment, _ = tilted(low)
    return top + unit * (log_moment + kappa) / low


def drawdowns(x):
    level, peak, result = m(0), m(0), []
    for value in x:
        level += value
        peak = max(peak, level)
        result.append(peak - level)
    return result


def measures(x, p, confidence, target):
    mu = mean(x, p)
    losses = [-v for v in x]
    d = drawdowns(x)
    pairs = mp.fsum(
        p[i] * p[j] * abs(x[i] - x[j]) for i in range(len(x)) for j in range(len(x)))
    return dict(
        standardDeviation=mp.sqrt(mean([(v - mu) ** 2 for v in x], p)),
        meanAbsoluteDeviation=mean([abs(v - mu) for v in x], p),
        semideviation=mp.sqrt(mean([min(v - mu, 0) ** 2 for v in x], p)),
        firstPartialMoment=mean([max(target - v, 0) for v in x], p),
        secondPartialMoment=mp.sqrt(mean([max(target - v, 0) ** 2 for v in x], p)),
        giniMeanDifference=pairs / (1 - mp.fsum(q * q for q in p)),
        expectedShortfall=tail(losses, p, confidence),
        entropicValueAtRisk=entropic(losses, p, confidence),
        worstCase=max(l for l, q in zip(losses, p) if q > 0),
        maximumDrawdown=max(l for l, q in zip(d, p) if q > 0),
        averageDrawdown=mean(d, p),
        conditionalDrawdown=tail(d, p, confidence),
        entropicDrawdown=entropic(d, p, confidence),
        ulcerIndex=mp.sqrt(mean([v * v for v in d], p)),
    )


def exact(masses):
    total = mp.fsum(m(q) for q in masses)
    return [m(q) / total for q in masses]
