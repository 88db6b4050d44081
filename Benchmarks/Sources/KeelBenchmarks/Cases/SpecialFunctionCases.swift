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
  fill("random/normal", peers: ["numpy_normal"]) {
    RandomStream(seed: 1, stream: 0).fillNormal(&$0, from: 0)
  },
  fill("random/uniform", peers: []) { RandomStream(seed: 1, stream: 0).fillUniform(&$0, from: 0) },
]

/// A function over a column; the argument is called `x` or `p` by the peer.
private func vector(
  _ name: String,
  _ input: @escaping () -> [Double],
  _ peer: String,
  _ function: @escaping (Span<Double>, inout MutableSpan<Double>) throws -> Void
) -> Case {
  Case(
    name: "\(name)/\(count)",
    items: count,
    floors: ["memory/copy/\(count)"],
    peers: [peer],
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
