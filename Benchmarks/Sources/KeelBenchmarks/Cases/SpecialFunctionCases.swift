import Keel

private let count = 1_000_000

let specialFunctionCases: [Case] = [
  vector("special/normal-cdf", { Inputs.normals(count: count) }, "scipy_ndtr") {
    try StandardNormal.cdf($0, into: &$1)
  },
  vector(
    "special/normal-quantile", { Inputs.uniforms(count: count, 0...1, stream: 6) }, "scipy_ndtri"
  ) {
    try StandardNormal.quantile($0, into: &$1)
  },
  vector("special/erfc", { Inputs.normals(count: count) }, "scipy_erfc") {
    try SpecialFunctions.erfc($0, into: &$1)
  },
  vector("special/exp", { Inputs.normals(count: count) }, nil) {
    try ElementaryFunctions.exp($0, into: &$1)
  },
  scalar("special/normal-cdf-scalar", StandardNormal.cdf, -8...8),
  scalar("special/normal-quantile-scalar", StandardNormal.quantile, 0...1),
  scalar("special/log-gamma-scalar", SpecialFunctions.logGamma, 0.1...50),
  scalar("special/gamma-p-scalar", { SpecialFunctions.regularizedGammaP(50, $0) }, 20...100),
  scalar("special/beta-scalar", { SpecialFunctions.regularizedBeta($0, a: 2.5, b: 50) }, 0...0.3),
  fill("random/normal", peers: ["numpy_normal"]) {
    RandomStream(seed: 1, stream: 0).fillNormal(&$0, from: 0)
  },
  fill("random/uniform", peers: []) { RandomStream(seed: 1, stream: 0).fillUniform(&$0, from: 0) },
]

/// A function over a column; the argument is called `x` or `p` by the peer.
private func vector(
  _ name: String,
  _ input: @escaping () -> [Double],
  _ peer: String?,
  _ function: @escaping (Span<Double>, inout MutableSpan<Double>) throws -> Void
) -> Case {
  Case(
    name: "\(name)/\(count)",
    items: count,
    floors: ["memory/copy/\(count)"],
    peers: peer.map { [$0] } ?? [],
    inputs: { [(peer == "scipy_ndtri" ? "p" : "x", [count], input())] }
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

/// Random numbers into a column.
///
/// The peer's numbers are others, so both answer with zeros.
private func fill(
  _ name: String,
  peers: [String],
  _ function: @escaping (inout MutableSpan<Double>) -> Void
) -> Case {
  Case(
    name: "\(name)/\(count)",
    items: count,
    floors: ["memory/copy/\(count)"],
    peers: peers,
    inputs: { [("count", [1], [Double(count)])] }
  ) {
    var y = [Double](repeating: 0, count: count)
    return .init(
      run: {
        var output = y.mutableSpan
        function(&output)
      },
      answer: { y.map { _ in 0 } })
  }
}

/// One call an argument.
private func scalar(
  _ name: String,
  _ function: @escaping (Double) -> Double,
  _ range: ClosedRange<Double>
) -> Case {
  let count = 10_000
  return Case(name: "\(name)/\(count)", items: count) {
    let arguments = Inputs.uniforms(count: count, range, stream: 40)
    var values = [Double](repeating: 0, count: count)
    return .init(
      run: {
        for i in 0..<count { values[i] = function(arguments[i]) }
      },
      answer: { values })
  }
}
