"""The peers: other libraries on the inputs of the benchmark, one request a line on standard input.

    prepare FUNCTION NAME=SHAPE=FILE ...   ->  KEY <tab> LABEL, or "absent"
    run KEY                                ->  nanoseconds of one run
    answer KEY                             ->  file with the answer as raw doubles
"""
import importlib.metadata
import os
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


@peer("scikit-learn")
def sklearn_oas(x):
    from sklearn.covariance import oas
    return lambda: oas(x)[0]


def pypfopt_shrinkage(x, target):
    import pandas
    from pypfopt.risk_models import CovarianceShrinkage
    frame = pandas.DataFrame(x)
    return lambda: CovarianceShrinkage(frame, returns_data=True, frequency=1).ledoit_wolf(target).to_numpy()


@peer("PyPortfolioOpt")
def pypfopt_constant_correlation(x):
    return pypfopt_shrinkage(x, "constant_correlation")


@peer("PyPortfolioOpt")
def pypfopt_single_factor(x):
    return pypfopt_shrinkage(x, "single_factor")


@peer("nonlinshrink")
def nonlinshrink_cov(x):
    import nonlinshrink
    return lambda: nonlinshrink.shrink_cov(x)


@peer("Riskfolio-Lib")
def riskfolio_gerber(x):
    from riskfolio.src.GerberStatistic import gerber_cov_stat2
    return lambda: gerber_cov_stat2(x, 0.5)


def with_deviations(x, correlations):
    deviations = x.std(axis=0, ddof=1)
    return correlations * np.outer(deviations, deviations)


@peer("scipy")
def scipy_spearman(x):
    from scipy.stats import spearmanr
    return lambda: with_deviations(x, spearmanr(x).statistic)


@peer("pandas")
def pandas_kendall(x):
    import pandas
    frame = pandas.DataFrame(x)
    return lambda: with_deviations(x, frame.corr("kendall").to_numpy())


@peer("scikit-learn")
def sklearn_minimum_determinant(x):
    from sklearn.covariance import MinCovDet
    return lambda: MinCovDet(random_state=0).fit(x).covariance_


@peer("scikit-learn")
def sklearn_graphical_lasso(x):
    from sklearn.covariance import graphical_lasso
    return lambda: with_deviations(x, graphical_lasso(np.corrcoef(x, rowvar=False), 0.05)[0])


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


@peer("scipy")
def scipy_student_t_cdf(x):
    from scipy.stats import t
    return lambda: t.cdf(x, 4.3)[::1000]


@peer("scipy")
def scipy_student_t_quantile(x):
    from scipy.stats import t
    return lambda: t.ppf(x, 4.3)[::1000]


@peer("scipy")
def scipy_generalized_pareto_fit(x):
    from scipy.stats import genpareto
    def run():
        shape, _, scale = genpareto.fit(x, floc=0)
        return np.array([shape, scale])
    return run


@peer("scipy")
def scipy_alpha_stable_pdf(x):
    from scipy.stats import levy_stable
    return lambda: levy_stable.pdf(x, 1.7, -0.2)


@peer("scipy")
def scipy_normal_inverse_gaussian_fit(x):
    from scipy.stats import norminvgauss
    return lambda: np.array(norminvgauss.fit(x))


@peer("numpy")
def numpy_multivariate_t(covariance, count):
    factor, order = np.linalg.cholesky(covariance), len(covariance)
    random, rows = np.random.default_rng(1), int(count[0])
    weights = np.full(order, 1 / order)
    def run():
        paths = random.standard_normal((rows, order)) @ factor.T
        paths *= np.sqrt(3 / random.chisquare(5, rows))[:, None]
        paths += 1e-4
        losses, tail = -(paths @ weights), rows // 100
        worst = np.partition(losses, rows - tail)[rows - tail:]
        return np.array([worst[0], worst.mean()])
    return run


@peer("jax")
def jax_multivariate_t(covariance, count):
    """Single precision, one thread, chunks that fit the cache; all paths are kept."""
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax
    import jax.numpy as jnp
    order, rows, chunk = len(covariance), int(count[0]), 10_000
    factor = jnp.asarray(np.linalg.cholesky(covariance), jnp.float32)
    weights, tail = jnp.full((order,), 1 / order, jnp.float32), rows // 100

    def step(carry, key):
        normals, weightings = jax.random.split(key)
        paths = jax.random.normal(normals, (chunk, order), jnp.float32) @ factor.T
        mixing = 2 * jax.random.gamma(weightings, 2.5, (chunk,), jnp.float32)
        paths = paths * jnp.sqrt(3 / mixing)[:, None] + 1e-4
        return carry, (paths, -(paths @ weights))

    @jax.jit
    def simulate(key):
        _, (paths, losses) = jax.lax.scan(step, 0, jax.random.split(key, rows // chunk))
        return paths, losses.reshape(-1)

    def run():
        paths, losses = simulate(jax.random.key(1))
        paths.block_until_ready()
        worst = np.partition(np.asarray(losses), rows - tail)[rows - tail:]
        return np.array([worst[0], worst.mean()])
    return run


@peer("arch")
def arch_garch_t(x):
    from arch import arch_model
    model = arch_model(x, mean="Constant", vol="GARCH", p=1, q=1, dist="t", rescale=False)
    return lambda: model.fit(disp="off").params.to_numpy()


@peer("PyPortfolioOpt")
def pypfopt_hrp(x):
    import pandas
    from pypfopt.hierarchical_portfolio import HRPOpt
    frame = pandas.DataFrame(x)
    def run():
        weights = HRPOpt(frame).optimize(linkage_method="single")
        return np.array([weights[i] for i in range(x.shape[1])])
    return run


@peer("skfolio")
def skfolio_herc(x):
    from skfolio import RiskMeasure
    from skfolio.distance import PearsonDistance
    from skfolio.optimization import HierarchicalEqualRiskContribution
    def run():
        return HierarchicalEqualRiskContribution(
            risk_measure=RiskMeasure.VARIANCE, distance_estimator=PearsonDistance()).fit(x).weights_
    return run


def skfolio_minimum_risk(x, measure):
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk
    model = MeanRisk(risk_measure=RiskMeasure[measure], solver="CLARABEL")
    return lambda: model.fit(x).weights_


@peer("skfolio")
def skfolio_entropic_value_at_risk(x):
    return skfolio_minimum_risk(x, "EVAR")


@peer("skfolio")
def skfolio_conditional_drawdown(x):
    return skfolio_minimum_risk(x, "CDAR")


@peer("skfolio")
def skfolio_mean_absolute_deviation(x):
    return skfolio_minimum_risk(x, "MEAN_ABSOLUTE_DEVIATION")


@peer("skfolio")
def skfolio_gini(x):
    return skfolio_minimum_risk(x, "GINI_MEAN_DIFFERENCE")


@peer("scipy")
def numpy_black_scholes(spot, strike, time_to_expiry, volatility, rate):
    from scipy.special import ndtr
    def run():
        deviation = volatility * np.sqrt(time_to_expiry)
        d1 = (np.log(spot / strike) + rate * time_to_expiry) / deviation + deviation / 2
        d2 = d1 - deviation
        return spot * ndtr(d1) - strike * np.exp(-rate * time_to_expiry) * ndtr(d2)
    return run


@peer("scipy")
def numpy_black_scholes_greeks(spot, strike, time_to_expiry, volatility, rate):
    """Price, delta, gamma, vega, theta, rho and the derivative by the carry yield, of calls."""
    from scipy.special import ndtr
    def run():
        root = np.sqrt(time_to_expiry)
        deviation = volatility * root
        d1 = (np.log(spot / strike) + rate * time_to_expiry) / deviation + deviation / 2
        delta = ndtr(d1)
        near = spot * delta
        far = strike * np.exp(-rate * time_to_expiry) * ndtr(d1 - deviation)
        density = spot * np.exp(-0.5 * d1 * d1) / np.sqrt(2 * np.pi)
        return np.concatenate([
            near - far, delta, density / (spot * spot * deviation), density * root,
            -rate * far - density * volatility / (2 * root), time_to_expiry * far,
            -time_to_expiry * near])
    return run


@peer("py_lets_be_rational")
def lets_be_rational(spot, strike, time_to_expiry, volatility, rate, price):
    """One call an option, in Python."""
    from py_lets_be_rational import implied_volatility_from_a_transformed_rational_guess as implied
    growth = np.exp(rate * time_to_expiry)
    quotes = list(zip((price * growth).tolist(), (spot * growth).tolist(), strike.tolist(),
                      time_to_expiry.tolist()))
    return lambda: np.array([implied(p, f, k, t, 1.0) for p, f, k, t in quotes])


@peer("QuantLib")
def quantlib_black_scholes(spot, strike, time_to_expiry, volatility, rate):
    """One call an option, through its Python module."""
    import QuantLib
    discount = np.exp(-rate * time_to_expiry)
    quotes = list(zip(strike.tolist(), (spot / discount).tolist(),
                      (volatility * np.sqrt(time_to_expiry)).tolist(), discount.tolist()))
    call, formula = QuantLib.Option.Call, QuantLib.blackFormula
    return lambda: np.array([formula(call, k, f, s, d) for k, f, s, d in quotes])


def quantlib_american(spot, volatility, rate, carry_yield, engine):
    """Puts at strike 100 and a year; objects and engines are made before the run."""
    import QuantLib
    today = QuantLib.Date(1, 1, 2026)
    QuantLib.Settings.instance().evaluationDate = today
    days = QuantLib.Actual365Fixed()
    payoff = QuantLib.PlainVanillaPayoff(QuantLib.Option.Put, 100)
    exercise = QuantLib.AmericanExercise(today, today + 365)
    def flat(x):
        return QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, x, days))
    options = []
    for s, v, r, y in zip(*(x.tolist() for x in (spot, volatility, rate, carry_yield))):
        process = QuantLib.BlackScholesMertonProcess(
            QuantLib.QuoteHandle(QuantLib.SimpleQuote(s)), flat(y), flat(r),
            QuantLib.BlackVolTermStructureHandle(
                QuantLib.BlackConstantVol(today, QuantLib.NullCalendar(), v, days)))
        options.append(QuantLib.VanillaOption(payoff, exercise))
        options[-1].setPricingEngine(engine(QuantLib, process))
    def run():
        for option in options:
            option.recalculate()
        return np.array([option.NPV() for option in options])
    return run


@peer("QuantLib")
def quantlib_american_fast(spot, volatility, rate, carry_yield):
    return quantlib_american(
        spot, volatility, rate, carry_yield,
        lambda ql, p: ql.QdFpAmericanEngine(p, ql.QdFpAmericanEngine.fastScheme()))


@peer("QuantLib")
def quantlib_american_accurate(spot, volatility, rate, carry_yield):
    return quantlib_american(
        spot, volatility, rate, carry_yield,
        lambda ql, p: ql.QdFpAmericanEngine(p, ql.QdFpAmericanEngine.accurateScheme()))


@peer("QuantLib")
def quantlib_american_lattice(spot, volatility, rate, carry_yield):
    return quantlib_american(
        spot, volatility, rate, carry_yield,
        lambda ql, p: ql.BinomialVanillaEngine(p, "leisenreimer", 1001))


def piqp_run(
    p, q, a, b, lower=None, upper=None, g=None, h=None, answer=lambda x: x, low=None):
    """One solve of a dense program by PIQP, set-up included, at a tolerance like Keel's.

    The objective is brought to unit size first: the tolerances of the peer are absolute too.
    """
    import piqp
    size = 1 / np.mean(np.diag(p))
    p = np.asfortranarray(p * size)
    q = q * size
    def run():
        solver = piqp.DenseSolver()
        solver.settings.eps_abs = 1e-10
        solver.settings.eps_rel = 1e-10
        solver.setup(p, q, a, b, g, low, h, lower, upper)
        solver.solve()
        return answer(np.array(solver.result.x))
    return run


@peer("piqp")
def piqp_maximum_sharpe(covariance, mean):
    n = len(mean)
    scale = np.abs(covariance).max()
    return piqp_run(
        covariance / scale, np.zeros(n), mean[None, :] / np.abs(mean).max(), np.ones(1), np.zeros(n),
        np.full(n, 1e30), answer=lambda y: y / y.sum())


@peer("piqp")
def piqp_maximum_diversification(covariance, mean):
    n = len(mean)
    sigma = np.sqrt(np.diag(covariance))
    scale = np.abs(covariance).max()
    return piqp_run(
        covariance / scale, np.zeros(n), sigma[None, :] / sigma.max(), np.ones(1), np.zeros(n),
        np.full(n, 1e30), answer=lambda y: y / y.sum())


@peer("piqp")
def piqp_target_return(covariance, mean, target):
    n = len(mean)
    size = np.abs(mean).max()
    return piqp_run(
        covariance / np.abs(covariance).max(), np.zeros(n), np.ones((1, n)), np.ones(1), np.zeros(n),
        np.ones(n), -mean[None, :] / size, -np.atleast_1d(target) / size)


@peer("piqp")
def piqp_turnover(covariance, mean):
    n = len(mean)
    scale = 5 * np.abs(covariance).max()
    p = np.zeros((2 * n, 2 * n))
    p[:n, :n] = 5 * covariance / scale
    q = np.concatenate([-mean / scale, np.zeros(n)])
    # w + s >= current, sum(w - current + 2 s) <= 0.2
    g = np.vstack([
        np.hstack([-np.eye(n), -np.eye(n)]), np.concatenate([np.ones(n), np.full(n, 2.0)])[None, :]])
    h = np.concatenate([np.full(n, -1 / n), [1.2]])
    a = np.concatenate([np.ones(n), np.zeros(n)])[None, :]
    return piqp_run(
        p, q, a, np.ones(1), np.zeros(2 * n), np.concatenate([np.ones(n), np.full(n, 1e30)]), g, h,
        answer=lambda x: x[:n])


@peer("piqp")
def piqp_trading_costs(covariance, mean):
    n = len(mean)
    scale = 5 * np.abs(covariance).max()
    price = 0.0001
    p = np.zeros((2 * n, 2 * n))
    p[:n, :n] = 5 * covariance / scale
    # w + s >= current; the cost is price (w - current + 2 s)
    q = np.concatenate([price - mean, np.full(n, 2 * price)]) / scale
    g = np.hstack([-np.eye(n), -np.eye(n)])
    a = np.concatenate([np.ones(n), np.zeros(n)])[None, :]
    return piqp_run(
        p, q, a, np.ones(1), np.zeros(2 * n), np.concatenate([np.ones(n), np.full(n, 1e30)]), g,
        np.full(n, -1 / n), answer=lambda x: x[:n])


@peer("piqp")
def piqp_minimum_variance(p):
    n = p.shape[0]
    return piqp_run(
        np.asfortranarray(p), np.zeros(n), np.ones((1, n), order="F"), np.ones(1), np.zeros(n),
        np.ones(n))


@peer("daqp")
def daqp_minimum_variance(p):
    import daqp
    n = p.shape[0]
    a = np.ones((1, n))
    high = np.append(np.ones(n), 1.0)
    low = np.append(np.zeros(n), 1.0)
    sense = np.append(np.zeros(n, dtype=np.int32), 5).astype(np.int32)
    h = np.ascontiguousarray(p)
    f = np.zeros(n)
    return lambda: daqp.solve(h, f, a, high, low, sense)[0].copy()


@peer("highspy")
def highs_minimum_variance(p):
    import highspy
    # Its tolerances are absolute: the objective is brought to unit size.
    p = p / np.mean(np.diag(p))
    n = p.shape[0]
    rows, columns = np.tril_indices(n)
    order = np.lexsort((rows, columns))
    values = p[rows[order], columns[order]]
    starts = np.concatenate(([0], np.cumsum(np.arange(n, 0, -1))))[:-1].astype(np.int32)
    def run():
        highs = highspy.Highs()
        highs.silent()
        model = highspy.HighsModel()
        lp = model.lp_
        lp.num_col_, lp.num_row_ = n, 1
        lp.col_cost_ = np.zeros(n)
        lp.col_lower_, lp.col_upper_ = np.zeros(n), np.ones(n)
        lp.row_lower_, lp.row_upper_ = np.ones(1), np.ones(1)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array([0, n], dtype=np.int32)
        lp.a_matrix_.index_ = np.arange(n, dtype=np.int32)
        lp.a_matrix_.value_ = np.ones(n)
        model.hessian_.dim_ = n
        model.hessian_.format_ = highspy.HessianFormat.kTriangular
        model.hessian_.start_ = np.append(starts, len(values)).astype(np.int32)
        model.hessian_.index_ = rows[order].astype(np.int32)
        model.hessian_.value_ = values
        highs.passModel(model)
        highs.run()
        return np.array(highs.getSolution().col_value)
    return run


def group_rows(n):
    groups = np.zeros((10, n), order="F")
    for g in range(10):
        groups[g, g::10] = 1
    return groups


@peer("piqp")
def piqp_utility_groups(p, mean, aversion, cap, low, high):
    n = p.shape[0]
    return piqp_run(
        np.asfortranarray(p * aversion[0]), -mean.ravel(), np.ones((1, n), order="F"), np.ones(1),
        np.zeros(n), np.full(n, cap[0]), group_rows(n), np.full(10, high[0]),
        low=np.full(10, low[0]))


@peer("piqp")
def piqp_factor_model(loadings, covariance, specific, mean, aversion, cap, low, high):
    """The factor exposures are variables of their own, so that the program stays sparse."""
    import piqp
    from scipy import sparse
    n, k = loadings.shape
    size = 1 / (aversion[0] * np.mean(specific))
    p = sparse.block_diag([
        sparse.diags(size * aversion[0] * specific.ravel()), size * aversion[0] * covariance,
    ]).tocsc()
    c = np.concatenate([-size * mean.ravel(), np.zeros(k)])
    a = sparse.bmat([
        [np.ones((1, n)), np.zeros((1, k))], [sparse.csc_matrix(loadings.T), -sparse.eye(k)],
    ]).tocsc()
    b = np.concatenate([[1.0], np.zeros(k)])
    g = sparse.hstack([sparse.csc_matrix(group_rows(n)), sparse.csc_matrix((10, k))]).tocsc()
    lower = np.concatenate([np.zeros(n), np.full(k, -np.inf)])
    upper = np.concatenate([np.full(n, cap[0]), np.full(k, np.inf)])
    def run():
        solver = piqp.SparseSolver()
        solver.settings.eps_abs = 1e-10
        solver.settings.eps_rel = 1e-10
        solver.setup(
            p, c, a, b, g, np.full(10, low[0]), np.full(10, high[0]), lower, upper)
        solver.solve()
        return solver.result.x[:n]
    return run


@peer("piqp")
def piqp_frontier(p, mean):
    """Fifty programs with a target return, from that of least variance to the largest."""
    import piqp
    n = p.shape[0]
    p = np.asfortranarray(p / np.mean(np.diag(p)))
    mean = mean.ravel() / np.abs(mean).max()
    def solver_for(target):
        solver = piqp.DenseSolver()
        solver.settings.eps_abs = 1e-10
        solver.settings.eps_rel = 1e-10
        a = np.asfortranarray(np.vstack([np.ones(n), mean]))
        solver.setup(
            p, np.zeros(n), a, np.array([1.0, target]), None, None, None, np.zeros(n), np.ones(n))
        return solver
    least = piqp_minimum_variance(p)() @ mean
    targets = np.linspace(least, mean.max(), 50)
    def run():
        solver = solver_for(targets[0])
        points = []
        for target in targets:
            solver.update(b=np.array([1.0, target]))
            solver.solve()
            points.append(solver.result.x.copy())
        return np.concatenate(points)
    return run


@peer("piqp")
def piqp_frontier_groups(p, mean, aversion, cap, low, high):
    """Fifty programs with a target return, under groups and caps."""
    import piqp
    from scipy.optimize import linprog
    n = p.shape[0]
    p = np.asfortranarray(p / np.mean(np.diag(p)))
    mean = mean.ravel() / np.abs(mean).max()
    g = group_rows(n)
    def solver_for(a, b):
        solver = piqp.DenseSolver()
        solver.settings.eps_abs = 1e-10
        solver.settings.eps_rel = 1e-10
        solver.setup(
            p, np.zeros(n), np.asfortranarray(a), b, g, np.full(10, low[0]), np.full(10, high[0]),
            np.zeros(n), np.full(n, cap[0]))
        return solver
    least = solver_for(np.ones((1, n)), np.ones(1))
    least.solve()
    best = linprog(
        -mean, A_ub=np.vstack([g, -g]), b_ub=np.concatenate([np.full(10, high[0]), np.full(10, -low[0])]),
        A_eq=np.ones((1, n)), b_eq=[1.0], bounds=(0, cap[0]))
    targets = np.linspace(least.result.x @ mean, -best.fun, 50)
    def run():
        solver = solver_for(np.vstack([np.ones(n), mean]), np.array([1.0, targets[0]]))
        points = []
        for target in targets:
            solver.update(b=np.array([1.0, target]))
            solver.solve()
            points.append(solver.result.x.copy())
        return np.concatenate(points)
    return run


@peer("scipy")
def scipy_gammaln(x):
    from scipy.special import gammaln
    return lambda: gammaln(x)


@peer("scipy")
def scipy_psi(x):
    from scipy.special import psi
    return lambda: psi(x)


@peer("scipy")
def scipy_gammainc(a, b, x):
    from scipy.special import gammainc
    return lambda: gammainc(a, x)


@peer("scipy")
def scipy_gammaincc(a, b, x):
    from scipy.special import gammaincc
    return lambda: gammaincc(a, x)


@peer("scipy")
def scipy_gammaincinv(a, b, x):
    from scipy.special import gammaincinv
    return lambda: gammaincinv(a, x)


@peer("scipy")
def scipy_betainc(a, b, x):
    from scipy.special import betainc
    return lambda: betainc(a, b, x)


@peer("scipy")
def scipy_betaincc(a, b, x):
    from scipy.special import betaincc
    return lambda: betaincc(a, b, x)


@peer("scipy")
def scipy_betaincinv(a, b, x):
    from scipy.special import betaincinv
    return lambda: betaincinv(a, b, x)


@peer("highspy")
def highs_expected_shortfall(x):
    """The linear program of Rockafellar and Uryasev at 95 %, by the dual simplex method."""
    import highspy
    from scipy import sparse
    s, n = x.shape
    infinity = highspy.kHighsInf
    a = sparse.vstack([
        sparse.hstack([sparse.csc_matrix(x), np.ones((s, 1)), sparse.identity(s)]),
        sparse.csc_matrix(np.concatenate([np.ones(n), np.zeros(1 + s)]))]).tocsc()

    def run():
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = n + 1 + s, s + 1
        program.col_cost_ = np.concatenate([np.zeros(n), [1], np.full(s, 1 / (s * 0.05))])
        program.col_lower_ = np.concatenate([np.zeros(n), [-infinity], np.zeros(s)])
        program.col_upper_ = np.concatenate([np.ones(n), np.full(1 + s, infinity)])
        program.row_lower_ = np.concatenate([np.zeros(s), [1]])
        program.row_upper_ = np.concatenate([np.full(s, infinity), [1]])
        program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        program.a_matrix_.start_ = a.indptr
        program.a_matrix_.index_ = a.indices
        program.a_matrix_.value_ = a.data
        solver.passModel(program)
        solver.run()
        return np.array(solver.getSolution().col_value)[:n]
    return run


def clarabel_program(q, equalities, inequalities, exponentials, n):
    """The least q'v with rows (A, b): A v = b, A v <= b, and b - A v in exponential cones."""
    import clarabel
    from scipy import sparse
    parts = [part for part in (equalities, inequalities, exponentials) if part is not None]
    a = sparse.vstack([part[0] for part in parts]).tocsc()
    b = np.concatenate([part[1] for part in parts])
    cones = [clarabel.ZeroConeT(len(equalities[1])), clarabel.NonnegativeConeT(len(inequalities[1]))]
    if exponentials is not None:
        cones += [clarabel.ExponentialConeT() for _ in range(len(exponentials[1]) // 3)]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-9
    nothing = sparse.csc_matrix((len(q), len(q)))

    def run():
        solution = clarabel.DefaultSolver(nothing, q, a, b, cones, settings).solve()
        return np.array(solution.x)[:n]
    return run


def total_weight(n, further):
    """The weights sum to one; all variables but free ones at the end are not negative."""
    from scipy import sparse
    return sparse.csc_matrix(np.concatenate([np.ones(n), np.zeros(further)])), np.ones(1)


@peer("clarabel")
def clarabel_multi_period(covariance, means):
    """Weights, purchases and sales of all periods, stacked; the objective is brought to unit size."""
    import clarabel
    from scipy import sparse
    n, steps = means.shape
    price, impact, aversion = 0.0005, 0.01, 5
    size = 1 / (aversion * np.mean(np.diag(covariance)))
    one, count = sparse.identity(n * steps), n * steps
    p = sparse.block_diag([
        sparse.kron(sparse.identity(steps), aversion * covariance), 2 * impact * sparse.identity(2 * count)])
    q = np.concatenate([-means.ravel(order="F"), np.full(2 * count, price)])
    change = one - sparse.diags([np.ones(count - n)], [-n])
    equations = sparse.vstack([
        sparse.hstack([change, -one, one]),
        sparse.hstack([sparse.kron(sparse.identity(steps), np.ones((1, n))), sparse.csc_matrix((steps, 2 * count))])])
    start = np.concatenate([np.full(n, 1 / n), np.zeros(count - n)])
    b = np.concatenate([start, np.ones(steps), np.zeros(3 * count), np.ones(count)])
    bounds = sparse.vstack([
        -sparse.identity(3 * count), sparse.hstack([one, sparse.csc_matrix((count, 2 * count))])])
    a = sparse.vstack([equations, bounds]).tocsc()
    cones = [clarabel.ZeroConeT(count + steps), clarabel.NonnegativeConeT(4 * count)]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
    p = sparse.triu(p * size).tocsc()

    def run():
        solution = clarabel.DefaultSolver(p, q * size, a, b, cones, settings).solve()
        return np.array(solution.x)[:count]
    return run


@peer("clarabel")
def clarabel_mean_absolute_deviation(x):
    from scipy import sparse
    s, n = x.shape
    centered = sparse.csc_matrix(x - x.mean(axis=0))
    one = sparse.identity(s)
    rows = sparse.vstack([
        sparse.hstack([centered, -one]), sparse.hstack([-centered, -one]),
        -sparse.identity(n + s)])
    return clarabel_program(
        np.concatenate([np.zeros(n), np.full(s, 1 / s)]), total_weight(n, s),
        (rows, np.zeros(3 * s + n)), None, n)


@peer("clarabel")
def clarabel_conditional_drawdown(x):
    """At 95 %: drawdowns d(t) >= d(t - 1) - x(t), shortages over a level."""
    from scipy import sparse
    s, n = x.shape
    one = sparse.identity(s)
    change = sparse.diags([np.ones(s), -np.ones(s - 1)], [0, -1])
    rows = sparse.vstack([
        sparse.hstack([-sparse.csc_matrix(x), -change, sparse.csc_matrix((s, s + 1))]),
        sparse.hstack([sparse.csc_matrix((s, n)), one, -one, -np.ones((s, 1))]),
        sparse.hstack([-sparse.identity(n + 2 * s), sparse.csc_matrix((n + 2 * s, 1))])])
    return clarabel_program(
        np.concatenate([np.zeros(n + s), np.full(s, 20 / s), [1]]), total_weight(n, 2 * s + 1),
        (rows, np.zeros(4 * s + n)), None, n)


@peer("clarabel")
def clarabel_entropic_value_at_risk(x):
    """At 95 %: z exp((-x'w - c) / z) <= u, the sum of u at most z, and c - z log(s / 20) the value."""
    from scipy import sparse
    s, n = x.shape
    # Weights, u, z, c.
    signs = sparse.hstack([-sparse.identity(n + s + 1), sparse.csc_matrix((n + s + 1, 1))])
    sum_row = sparse.csc_matrix(np.concatenate([np.zeros(n), np.ones(s), [-1, 0]]))
    cones = np.zeros((3 * s, n + s + 2))
    cones[0::3, :n] = x
    cones[0::3, -1] = 1
    cones[1::3, -2] = -1
    cones[np.arange(2, 3 * s, 3), n + np.arange(s)] = -1
    return clarabel_program(
        np.concatenate([np.zeros(n + s), [-np.log(s / 20), 1]]), total_weight(n, s + 2),
        (sparse.vstack([signs, sum_row]), np.zeros(n + s + 2)),
        (sparse.csc_matrix(cones), np.zeros(3 * s)), n)


@peer("diffcp")
def diffcp_reverse(p, q, g):
    import diffcp
    from scipy import sparse
    # 1/2 x'Px <= t as a second-order cone: its derivatives know no quadratic objective.
    n = len(q)
    root = np.sqrt(2) * np.linalg.cholesky(p).T
    side = np.zeros((n + 1, 1))
    a = sparse.csc_matrix(np.vstack([
        np.hstack([np.vstack([np.ones((1, n)), -np.eye(n)]), side]),
        np.hstack([np.zeros((2, n)), -np.ones((2, 1))]),
        np.hstack([-root, np.zeros((n, 1))]),
    ]))
    b = np.concatenate([[1.0], np.zeros(n), [1.0, -1.0], np.zeros(n)])
    x, y, s, forward, adjoint = diffcp.solve_and_derivative(
        a, b, np.append(q, 1.0), {diffcp.ZERO: 1, diffcp.POS: n, diffcp.SOC: [n + 2]},
        mode="lsqr", solve_method="Clarabel")
    change, zeros = np.append(g, 0.0), np.zeros(len(b))
    return lambda: adjoint(change, zeros, zeros)[2][:n]


@peer("riskparityportfolio")
def riskparityportfolio_equal_risk(covariance):
    # Loaded by its path: the package around the C++ extension imports jax, which it does not need.
    import importlib.util
    package = importlib.util.find_spec("riskparityportfolio").submodule_search_locations[0]
    places = [os.path.join(package, name) for name in os.listdir(package)]
    path = next(p for p in places if os.path.basename(p).startswith("vanilla.") and p.endswith(".so"))
    specification = importlib.util.spec_from_file_location("vanilla", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    n = len(covariance)
    budgets = np.full(n, 1 / n)
    # The names of the methods are swapped in the extension; this one is faster at full accuracy.
    return lambda: module.design(covariance, budgets, 1e-8 / n, 1000, "choi")


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


@peer("hmmlearn")
def hmmlearn_fit(x, means, deviations, transitions):
    from hmmlearn.hmm import GaussianHMM
    k = len(means)
    def run():
        model = GaussianHMM(
            k, covariance_type="diag", covars_prior=0, covars_weight=1, min_covar=1e-15, n_iter=43,
            tol=-np.inf, init_params="", params="stmc", implementation="scaling")
        model.startprob_ = np.full(k, 1 / k)
        model.transmat_ = transitions
        model.means_, model.covars_ = means[:, None], deviations[:, None] ** 2
        model.fit(x[:, None])
        order = np.argsort(model.covars_[:, 0, 0])
        return np.concatenate([model.means_[order, 0], np.sqrt(model.covars_[order, 0, 0])])
    return run


@peer("scipy")
def scipy_thurber(x, y, start):
    """MINPACK with the derivatives given, to the tolerances that its step test allows."""
    from scipy.optimize import least_squares
    x, y, start = x.ravel(), y.ravel(), start.ravel()
    powers = x[:, None] ** np.arange(4)
    def residuals(b):
        return powers @ b[:4] / (1 + powers[:, 1:] @ b[4:]) - y
    def jacobian(b):
        inverse = 1 / (1 + powers[:, 1:] @ b[4:])
        value = powers @ b[:4] * inverse
        return np.hstack([powers, -value[:, None] * powers[:, 1:]]) * inverse[:, None]
    return lambda: least_squares(
        residuals, start, jacobian, method="lm", x_scale="jac", ftol=1e-15, xtol=1e-15,
        gtol=1e-15).x


@peer("scipy")
def scipy_quasi_newton(count):
    from scipy.optimize import Bounds, minimize
    n = int(count[0])
    upper = np.where(np.arange(n) % 4 == 0, 0.5, np.inf)
    start = np.tile([-1.2, 1.0], n // 2)
    def function(x):
        odd, even = x[0::2], x[1::2]
        rise, rest = even - odd * odd, 1 - odd
        gradient = np.empty(n)
        gradient[0::2] = -400 * odd * rise - 2 * rest
        gradient[1::2] = 200 * rise
        return 100 * rise @ rise + rest @ rest, gradient
    return lambda: minimize(
        function, start, jac=True, method="L-BFGS-B", bounds=Bounds(np.full(n, -np.inf), upper),
        options={"ftol": 1e-16, "gtol": 1e-8, "maxiter": 5000}).x


@peer("vectorbt")
def vectorbt_orders(returns, cost):
    """Timed are the orders; the value after each row is taken when it is asked for.

    Orders fill one after the other, each paying its fee from cash, so that it differs by some 2e-5.
    """
    import pandas
    import vectorbt

    class Values:
        def __init__(self, portfolio):
            self.portfolio = portfolio

        def __array__(self, dtype=None, copy=None):
            return self.portfolio.value().to_numpy(dtype=dtype)[1:]

    rows, columns = returns.shape
    close = pandas.DataFrame(np.cumprod(np.vstack([np.ones(columns), 1 + returns]), axis=0))
    size = pandas.DataFrame(np.full((rows + 1, columns), 1 / columns))
    def run():
        return Values(vectorbt.Portfolio.from_orders(
            close, size, size_type="targetpercent", group_by=True, cash_sharing=True,
            call_seq="auto", fees=float(cost[0].item()), init_cash=1.0, freq="D"))
    return run


def load(field):
    name, shape, path = field.split("=", 2)
    dimensions = [int(part) for part in shape.split("x")]
    return name, np.fromfile(path).reshape(dimensions, order="F")


def main(folder):
    # One core, as ours: some libraries start threads whatever they are told.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
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
