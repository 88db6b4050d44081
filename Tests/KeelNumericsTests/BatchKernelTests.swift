import KeelNumerics
import KeelTestSupport
import Testing

/// What mpmath says, with 60 digits, about each function at a few thousand points.
private struct KernelReference: Decodable {
  struct Function: Decodable {
    let function: String
    let ulps: Double
    let x: [String]
    let y: [String]
    let rest: [Double]

    var arguments: [Double] { x.compactMap { Double($0) } }
    var values: [Double] { y.compactMap { Double($0) } }
  }

  let functions: [Function]

  static func named(_ name: String) throws -> Function {
    let all = try Reference.load(KernelReference.self, "batch_kernels").functions
    return try #require(all.first { $0.function == name })
  }
}

@Suite struct BatchKernelTests {
  /// The error in units in the last place of the exact value, or of the least normal number where
  /// that is larger.
  private func error(_ value: Double, _ reference: Double, rest: Double) -> Double {
    if value.isNaN || reference.isNaN { return value.isNaN && reference.isNaN ? 0 : .infinity }
    if value == reference && (reference == 0 || reference.isInfinite) { return 0 }
    if reference.isInfinite || value.isInfinite { return .infinity }
    return ((value - reference) / reference.ulp - rest).magnitude
  }

  @Test(arguments: Kernels.Function.allCases)
  func matchesReferenceAtEveryLevel(_ function: Kernels.Function) throws {
    let reference = try KernelReference.named("\(function)")
    let x = reference.arguments
    let y = reference.values
    try #require(x.count == reference.x.count && y.count == x.count)
    for level in Kernels.Level.allCases {
      let result = Kernels.apply(function, x, level: level)
      var worst = (error: 0.0, index: 0)
      for i in x.indices {
        let found = error(result[i], y[i], rest: reference.rest[i])
        if found > worst.error { worst = (found, i) }
      }
      let i = worst.index
      #expect(
        worst.error <= reference.ulps,
        "\(function) \(level): \(worst.error) ulp at \(x[i]), got \(result[i]), wanted \(y[i])")
    }
  }

  @Test(arguments: Kernels.Function.allCases)
  func resultDependsOnTheElementAlone(_ function: Kernels.Function) throws {
    let x = Array(try KernelReference.named("\(function)").arguments.suffix(67))
    for level in Kernels.Level.allCases {
      let whole = Kernels.apply(function, x, level: level).map(\.bitPattern)
      for start in 0..<18 {
        for count in [0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31] {
          let piece = Kernels.apply(function, Array(x[start..<start + count]), level: level)
          #expect(piece.map(\.bitPattern) == Array(whole[start..<start + count]))
        }
      }
    }
  }

  @Test func asksForNoMoreThanTheProcessorHas() {
    #expect(Kernels.Level.baseline.used == .baseline)
    #expect(Kernels.Level.avx512.used == Kernels.Level.automatic.used)
    #expect(Kernels.Level.avx2.used.rawValue <= Kernels.Level.automatic.used.rawValue)
    for level in Kernels.Level.allCases { #expect(level.used.used == level.used) }
  }

  @Test func concurrentCallersGetTheSameBits() {
    var generator = SeededGenerator(seed: 13)
    let x = (0..<1003).map { _ in generator.uniform(-39...39) }
    let expected = Kernels.Function.allCases.map { Kernels.apply($0, x).map(\.bitPattern) }
    let same = BoundedPool(width: 64).blockResults(count: 640, blockLength: 1) { range in
      let i = range.lowerBound % Kernels.Function.allCases.count
      return Kernels.apply(Kernels.Function.allCases[i], x).map(\.bitPattern) == expected[i]
    }
    #expect(same.count == 640 && same.allSatisfy { $0 })
  }

  @Test func publicFormsReachTheirKernel() throws {
    let x = [-1.5, 0.25, 0.75, 3]
    let pairs: [(Kernels.Function, [Double])] = [
      (.exp, ElementaryFunctions.exp(x)), (.log, ElementaryFunctions.log(x)),
      (.erf, SpecialFunctions.erf(x)), (.erfc, SpecialFunctions.erfc(x)),
      (.scaledErfc, SpecialFunctions.scaledErfc(x)), (.normalPDF, StandardNormal.pdf(x)),
      (.normalCDF, StandardNormal.cdf(x)), (.normalSurvival, StandardNormal.survival(x)),
      (.normalQuantile, StandardNormal.quantile(x)),
      (.logGamma, SpecialFunctions.logGamma(x)), (.digamma, SpecialFunctions.digamma(x)),
    ]
    for (function, values) in pairs {
      #expect(values.map(\.bitPattern) == Kernels.apply(function, x).map(\.bitPattern))
    }
    var spans: [[Double]] = []
    func fill(_ body: (inout MutableSpan<Double>) throws -> Void) throws {
      var result = [Double](repeating: 0, count: x.count)
      var output = result.mutableSpan
      try body(&output)
      spans.append(result)
    }
    try fill { try ElementaryFunctions.exp(x.span, into: &$0) }
    try fill { try ElementaryFunctions.log(x.span, into: &$0) }
    try fill { try SpecialFunctions.erf(x.span, into: &$0) }
    try fill { try SpecialFunctions.erfc(x.span, into: &$0) }
    try fill { try SpecialFunctions.scaledErfc(x.span, into: &$0) }
    try fill { try StandardNormal.pdf(x.span, into: &$0) }
    try fill { try StandardNormal.cdf(x.span, into: &$0) }
    try fill { try StandardNormal.survival(x.span, into: &$0) }
    try fill { try StandardNormal.quantile(x.span, into: &$0) }
    try fill { try SpecialFunctions.logGamma(x.span, into: &$0) }
    try fill { try SpecialFunctions.digamma(x.span, into: &$0) }
    #expect(spans.map { $0.map(\.bitPattern) } == pairs.map { $0.1.map(\.bitPattern) })
  }

  @Test func refusesOutputOfAnotherCount() {
    let x = [1.0, 2, 3]
    for count in [0, 2, 4] {
      var result = [Double](repeating: 7, count: count)
      #expect(
        throws: NumericsError.shapeMismatch(argument: "output", got: count, required: 3)
      ) {
        var output = result.mutableSpan
        try StandardNormal.cdf(x.span, into: &output)
      }
      #expect(result.allSatisfy { $0 == 7 })
    }
  }

  @Test func emptyInputGivesEmptyOutput() throws {
    for function in Kernels.Function.allCases { #expect(Kernels.apply(function, []).isEmpty) }
    let empty: [Double] = []
    var result = empty
    var output = result.mutableSpan
    try StandardNormal.cdf(empty.span, into: &output)
    #expect(result.isEmpty)
  }

  @Test(arguments: Kernels.Function.allCases)
  func hostileNumbersGiveDefinedValues(_ function: Kernels.Function) {
    for level in Kernels.Level.allCases {
      let result = Kernels.apply(function, hostileNumbers, level: level)
      #expect(result[0].isNaN)
      for (x, y) in zip(hostileNumbers, result).dropFirst() {
        switch function {
        case .log: #expect(y.isNaN == (x < 0))
        case .normalQuantile: #expect(y.isNaN == (x < 0 || x > 1))
        case .digamma: #expect(y.isNaN == (x < 0 && x == x.rounded()))
        default: #expect(!y.isNaN, "\(function) \(level) at \(x)")
        }
      }
    }
  }

  @Test func symmetriesHoldToTheBit() {
    var generator = SeededGenerator(seed: 11)
    let x = (0..<1000).map { _ in generator.uniform(-40...40) }
    let mirrored = x.map { -$0 }
    for level in Kernels.Level.allCases {
      #expect(
        Kernels.apply(.normalCDF, x, level: level)
          == Kernels.apply(.normalSurvival, mirrored, level: level))
      #expect(
        Kernels.apply(.erf, x, level: level)
          == Kernels.apply(.erf, mirrored, level: level).map { -$0 })
      #expect(
        Kernels.apply(.normalPDF, x, level: level)
          == Kernels.apply(.normalPDF, mirrored, level: level))
    }
  }

  @Test func quantileInvertsTheDistributionFunction() {
    var generator = SeededGenerator(seed: 12)
    let x = (0..<4000).map { _ in generator.uniform(-37...0) }
    let back = StandardNormal.quantile(StandardNormal.cdf(x))
    for (x, y) in zip(x, back) {
      // 4 ulp of the quantile, and 2 ulp of the probability over the hazard rate φ / Φ, which is
      // at least max(|x|, 0.79).
      let bound = 4 * x.ulp + 2 * 0x1p-52 / max(x.magnitude, 0.79)
      expectClose(y, x, absolute: bound)
    }
  }
}
