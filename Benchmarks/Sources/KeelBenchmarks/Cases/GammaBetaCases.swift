import Keel

/// Log-gamma, digamma, incomplete gamma and beta functions and their inverses over columns.
let gammaBetaCases: [Case] = [
  oneColumn("special/log-gamma", "scipy_gammaln") { try SpecialFunctions.logGamma($0, into: &$1) },
  oneColumn("special/digamma", "scipy_psi") { try SpecialFunctions.digamma($0, into: &$1) },
  columns("special/gamma-p", "scipy_gammainc", { Inputs.gammaArguments }) {
    try SpecialFunctions.regularizedGammaP($0.a.span, $0.x.span, into: &$1)
  },
  columns("special/gamma-q", "scipy_gammaincc", { Inputs.gammaArguments }) {
    try SpecialFunctions.regularizedGammaQ($0.a.span, $0.x.span, into: &$1)
  },
  columns("special/gamma-p-inverse", "scipy_gammaincinv", { Inputs.probabilities }) {
    try SpecialFunctions.inverseRegularizedGammaP($0.a.span, $0.x.span, into: &$1)
  },
  columns("special/beta", "scipy_betainc", { Inputs.betaArguments }) {
    try SpecialFunctions.regularizedBeta($0.x.span, a: $0.a.span, b: $0.b.span, into: &$1)
  },
  columns("special/beta-complement", "scipy_betaincc", { Inputs.betaArguments }) {
    try SpecialFunctions.regularizedBetaComplement($0.x.span, a: $0.a.span, b: $0.b.span, into: &$1)
  },
  columns("special/beta-inverse", "scipy_betaincinv", { Inputs.probabilities }) {
    try SpecialFunctions.inverseRegularizedBeta($0.x.span, a: $0.a.span, b: $0.b.span, into: &$1)
  },
  columns("special/gamma-p-one-shape", nil, { Inputs.gammaOfOneShape }) {
    try SpecialFunctions.regularizedGammaP(2.5, $0.x.span, into: &$1)
  },
  columns("special/beta-one-shape", nil, { Inputs.betaOfOneShape }) {
    try SpecialFunctions.regularizedBeta($0.x.span, a: 2.5, b: 50, into: &$1)
  },
  scalars("special/digamma-scalar", { Inputs.probabilities }) { a, _, _ in
    SpecialFunctions.digamma(a)
  },
  scalars("special/gamma-p-scalar-loop", { Inputs.gammaArguments }) { a, _, x in
    SpecialFunctions.regularizedGammaP(a, x)
  },
  scalars("special/gamma-p-inverse-scalar-loop", { Inputs.probabilities }) { a, _, x in
    SpecialFunctions.inverseRegularizedGammaP(a, x)
  },
  scalars("special/beta-scalar-loop", { Inputs.betaArguments }) { a, b, x in
    SpecialFunctions.regularizedBeta(x, a: a, b: b)
  },
  scalars("special/beta-inverse-scalar-loop", { Inputs.probabilities }) { a, b, x in
    SpecialFunctions.inverseRegularizedBeta(x, a: a, b: b)
  },
]

/// Parameters and arguments, column by column.
private struct Columns {
  var a: [Double]
  var b: [Double]
  var x: [Double]
}

extension Inputs {
  fileprivate static let columnCount = 100_000

  /// Shapes from 0.1 to 10 000, most below 1000.
  private static func shapes(stream: UInt64) -> [Double] {
    ElementaryFunctions.exp(uniforms(count: columnCount, -2.3...9.2, stream: stream))
  }

  /// Within some standard deviations of the mean.
  fileprivate static var gammaArguments: Columns {
    let a = shapes(stream: 50)
    let z = normals(count: columnCount)
    let x = a.indices.map { i in
      let c = 1 / (9 * a[i])
      let root = max(0.1, 1 - c + z[i] * c.squareRoot())
      return a[i] * root * root * root
    }
    return Columns(a: a, b: a, x: x)
  }

  fileprivate static var betaArguments: Columns {
    let (a, b) = (shapes(stream: 50), shapes(stream: 51))
    let z = normals(count: columnCount)
    let odds = ElementaryFunctions.exp(
      a.indices.map { z[$0] * (1 / a[$0] + 1 / b[$0]).squareRoot() })
    return Columns(a: a, b: b, x: a.indices.map { a[$0] * odds[$0] / (a[$0] * odds[$0] + b[$0]) })
  }

  fileprivate static var probabilities: Columns {
    Columns(
      a: shapes(stream: 50), b: shapes(stream: 51),
      x: uniforms(count: columnCount, 0...1, stream: 52))
  }

  fileprivate static var gammaOfOneShape: Columns {
    Columns(a: [], b: [], x: uniforms(count: columnCount, 0...10, stream: 53))
  }

  fileprivate static var betaOfOneShape: Columns {
    Columns(a: [], b: [], x: uniforms(count: columnCount, 0...0.3, stream: 54))
  }
}

/// A function of one variable over a million numbers.
private func oneColumn(
  _ name: String,
  _ peer: String,
  _ function: @escaping (Span<Double>, inout MutableSpan<Double>) throws -> Void
) -> Case {
  let count = 1_000_000
  let input = { Inputs.uniforms(count: count, 0.1...50, stream: 41) }
  return Case(
    name: "\(name)/\(count)",
    items: count,
    floors: ["memory/copy/\(count)"],
    peers: [peer],
    inputs: { [("x", [count], input())] }
  ) {
    let x = input()
    var y = [Double](repeating: 0, count: count)
    return .init(
      run: {
        var output = y.mutableSpan
        try function(x.span, &output)
      },
      answer: { y })
  }
}

/// A function of several columns in its batch form.
private func columns(
  _ name: String,
  _ peer: String?,
  _ input: @escaping () -> Columns,
  _ function: @escaping (Columns, inout MutableSpan<Double>) throws -> Void
) -> Case {
  let count = Inputs.columnCount
  return Case(
    name: "\(name)/\(count)",
    items: count,
    peers: peer.map { [$0] } ?? [],
    inputs: {
      let c = input()
      return [("a", [count], c.a), ("b", [count], c.b), ("x", [count], c.x)]
    }
  ) {
    let c = input()
    var y = [Double](repeating: 0, count: count)
    return .init(
      run: {
        var output = y.mutableSpan
        try function(c, &output)
      },
      answer: { y })
  }
}

/// The scalar form of the same in a loop.
private func scalars(
  _ name: String,
  _ input: @escaping () -> Columns,
  _ function: @escaping (Double, Double, Double) -> Double
) -> Case {
  let count = Inputs.columnCount
  return Case(name: "\(name)/\(count)", items: count) {
    let c = input()
    var y = [Double](repeating: 0, count: count)
    return .init(
      run: {
        for i in 0..<count { y[i] = function(c.a[i], c.b[i], c.x[i]) }
      },
      answer: { y })
  }
}
