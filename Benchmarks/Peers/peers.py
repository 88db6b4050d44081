"""The peers: other libraries on the inputs of the benchmark, one request a line on standard input.

    prepare FUNCTION NAME=SHAPE=FILE ...   ->  KEY <tab> LABEL, or "absent"
    run KEY                                ->  nanoseconds of one run
    answer KEY                             ->  file with the answer as raw doubles
"""
import importlib.metadata
import sys
import time

import numpy as np

peers = {}


def peer(package):
    """Registers a function that takes the inputs and returns what one run is."""
    def register(function):
        peers[function.__name__] = (package, function)
        return function
    return register


@peer("scipy")
def scipy_ndtr(x):
    from scipy.special import ndtr
    return lambda: ndtr(x)


@peer("scipy")
def scipy_ndtri(p):
    from scipy.special import ndtri
    return lambda: ndtri(p)


@peer("scipy")
def scipy_erfc(x):
    from scipy.special import erfc
    return lambda: erfc(x)


@peer("numpy")
def numpy_normal(count):
    generator = np.random.Generator(np.random.SFC64(1))
    n = int(count[0])
    return lambda: generator.standard_normal(n) * 0


@peer("scipy")
def scipy_cholesky(a):
    from scipy.linalg import cholesky
    return lambda: np.tril(cholesky(a, lower=True, check_finite=True))


@peer("scipy")
def scipy_eigh(a):
    from scipy.linalg import eigh
    return lambda: eigh(a, driver="evd")[0]


@peer("scikit-learn")
def sklearn_ledoit_wolf(x):
    from sklearn.covariance import ledoit_wolf
    return lambda: ledoit_wolf(x)[0]


@peer("numpy")
def numpy_cov(x):
    return lambda: np.cov(x, rowvar=False, ddof=1)


@peer("scipy")
def scipy_student_t_fit(x):
    from scipy.stats import t
    def run():
        nu, location, scale = t.fit(x)
        return np.array([nu, location, scale])
    return run


@peer("PyPortfolioOpt")
def pypfopt_hrp(x):
    import pandas
    from pypfopt.hierarchical_portfolio import HRPOpt
    frame = pandas.DataFrame(x)
    def run():
        weights = HRPOpt(frame).optimize(linkage_method="single")
        return np.array([weights[i] for i in range(x.shape[1])])
    return run


@peer("scipy")
def numpy_black_scholes(spot, strike, time_to_expiry, volatility, rate):
    from scipy.special import ndtr
    def run():
        deviation = volatility * np.sqrt(time_to_expiry)
        d1 = (np.log(spot / strike) + rate * time_to_expiry) / deviation + deviation / 2
        d2 = d1 - deviation
        return spot * ndtr(d1) - strike * np.exp(-rate * time_to_expiry) * ndtr(d2)
    return run


@peer("clarabel")
def clarabel_conic(p, q, a, b, cones, answer_count):
    import clarabel
    from scipy import sparse
    kinds = []
    for code, number in cones.reshape(-1, 2):
        count = int(number)
        kinds.append({
            0: lambda: clarabel.ZeroConeT(count), 1: lambda: clarabel.NonnegativeConeT(count),
            2: lambda: clarabel.SecondOrderConeT(count), 3: lambda: clarabel.ExponentialConeT(),
            4: lambda: clarabel.PowerConeT(float(number))}[int(code)]())
    upper, rows = sparse.csc_matrix(np.triu(p)), sparse.csc_matrix(a)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    # Nearer to what Keel certifies; at the default 1e-8 the weights agree to four digits only.
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
    def run():
        solution = clarabel.DefaultSolver(upper, q, rows, b, kinds, settings).solve()
        return np.array(solution.x)[:int(answer_count[0])]
    return run


def load(field):
    name, shape, path = field.split("=", 2)
    dimensions = [int(part) for part in shape.split("x")]
    return name, np.fromfile(path).reshape(dimensions, order="F")


def main(folder):
    prepared = {}
    for line in sys.stdin:
        try:
            command, *rest = line.split()
            if command == "prepare":
                package, function = peers[rest[0]]
                try:
                    label = f"{package} {importlib.metadata.version(package)}"
                except importlib.metadata.PackageNotFoundError:
                    print("absent", flush=True)
                    continue
                run = function(**dict(load(field) for field in rest[1:]))
                run()
                key = f"{rest[0]}-{len(prepared)}"
                prepared[key] = [run, None]
                print(f"{key}\t{label}", flush=True)
            elif command == "run":
                begin = time.perf_counter_ns()
                prepared[rest[0]][1] = prepared[rest[0]][0]()
                print(time.perf_counter_ns() - begin, flush=True)
            else:
                path = f"{folder}/{rest[0]}.f64"
                np.asarray(prepared[rest[0]][1], dtype=float).ravel(order="F").tofile(path)
                print(path, flush=True)
        except Exception as error:  # the benchmark reports it and goes on
            print("error", repr(error).replace("\n", " "), flush=True)


main(sys.argv[1])
