import Keel

let estimationCases: [Case] =
  covarianceCases + robustCovarianceCases + lawFitCases
  + [studentTFitCase(count: 5000), studentTCase("cdf"), studentTCase("quantile"), csvCase]
  + (2...3).map { hiddenMarkovCase(stateCount: $0, count: 2500) }

/// Maximum likelihood on a heavy-tailed sample: a normal over the root of a gamma-like mixture.
private func studentTFitCase(count: Int) -> Case {
  func sample() -> [Double] {
    let normals = Inputs.normals(count: count, stream: 7)
    let mixture = (8..<12).map { Inputs.normals(count: count, stream: UInt64($0)) }
    return (0..<count).map { i in
      let chiSquare = mixture.reduce(0) { $0 + $1[i] * $1[i] }
      return 0.0002 + 0.01 * normals[i] / (chiSquare / 4).squareRoot()
    }
  }
  return Case(
    name: "fit/student-t/\(count)",
    peers: ["scipy_student_t_fit"],
    inputs: { [("x", [count], sample())] }
  ) {
    let sample = sample()
    var law: StudentT?
    return .init(
      run: { law = try StudentT.fit(sample).law },
      answer: { law.map { [$0.degreesOfFreedom, $0.location, $0.scale] } ?? [] })
  }
}

/// One start on a series with planted regimes: 43 EM steps of the peer; at most as many passes here,
/// fewer where the likelihood stands still.
private func hiddenMarkovCase(stateCount k: Int, count: Int) -> Case {
  func series() -> [Double] {
    let normals = Inputs.normals(count: count, stream: 50)
    let moves = Inputs.uniforms(count: count, 0...1, stream: 51)
    var state = 0
    return (0..<count).map { t in
      if moves[t] < 0.03 { state = (state + 1) % k }
      return 0.0005 * Double(1 - state) + 0.006 * Double(1 + 2 * state) * normals[t]
    }
  }
  let means = (0..<k).map { 0.0001 * Double($0) }
  let deviations = (0..<k).map { 0.005 * Double(1 + $0) }
  let transitions = (0..<k).map { i in
    (0..<k).map { $0 == i ? 0.9 : 0.1 / Double(k - 1) }
  }
  return Case(
    name: "regime/hidden-markov-\(k)/\(count)",
    peers: ["hmmlearn_fit"],
    inputs: {
      [
        ("x", [count], series()), ("means", [k], means), ("deviations", [k], deviations),
        ("transitions", [k, k], transitions.flatMap { $0 }),
      ]
    }
  ) {
    let series = series()
    let start = try HiddenMarkovModel(
      states: (0..<k).map { .init(mean: means[$0], scale: deviations[$0]) },
      initialProbabilities: [Double](repeating: 1 / Double(k), count: k),
      transitions: transitions)
    var settings = HiddenMarkovModel.FitSettings()
    settings.maximumIterations = 44
    settings.tolerance = 0
    var fit: HiddenMarkovFit?
    return .init(
      run: { fit = try HiddenMarkovModel.fit(series, from: start, settings: settings) },
      answer: {
        fit.map { $0.model.states.map(\.mean) + $0.model.states.map(\.scale) } ?? []
      })
  }
}

/// Many points of one Student-t law; every thousandth answer is compared.
private func studentTCase(_ function: String) -> Case {
  let count = 1_000_000
  func points() -> [Double] {
    Inputs.uniforms(count: count, function == "cdf" ? -8...8 : 0...1, stream: 41)
  }
  return Case(
    name: "distribution/student-t/\(function)/\(count)", items: count,
    peers: ["scipy_student_t_\(function)"],
    inputs: { [("x", [count], points())] }
  ) {
    let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: 4.3)
    let points = points()
    var values: [Double] = []
    return .init(
      run: { values = function == "cdf" ? law.cdf(points) : law.quantile(points) },
      answer: { stride(from: 0, to: values.count, by: 1000).map { values[$0] } })
  }
}

/// A wide table of prices, from bytes to a history.
private let csvCase = Case(name: "data/csv-wide/1000x100", items: 100_000) {
  let universe = try Universe((0..<100).map { AssetID("A\($0)") })
  let start = try Timestamp(year: 2020, month: 1, day: 1)
  let history = try PriceHistory(
    universe: universe,
    timestamps: (0..<1000).map { try start.advanced(byDays: $0) },
    prices: Matrix(
      rowCount: 1000, columnCount: 100,
      columnMajor: Inputs.uniforms(count: 100_000, 1...50_000, stream: 42)))
  let bytes = Array(history.wideTable().utf8)
  return .init(run: {
    guard try PriceHistory(wide: CSVTable(bytes, file: "prices.csv")).isComplete else {
      throw BenchmarkError("a price is missing")
    }
  })
}
