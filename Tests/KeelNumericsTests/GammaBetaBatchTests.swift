import KeelNumerics
import KeelTestSupport
import Testing

/// Arguments of a function of several variables, column by column.
private struct Columns: Sendable {
  var a: [Double] = []
  var b: [Double] = []
  var x: [Double] = []

  mutating func append(_ a: Double, _ b: Double, _ x: Double) {
    self.a.append(a)
    self.b.append(b)
    self.x.append(x)
  }

  func piece(_ range: Range<Int>) -> Columns {
    Columns(a: Array(a[range]), b: Array(b[range]), x: Array(x[range]))
  }
}

/// The functions of several variables, each in its batch and its scalar form.
private enum Law: CaseIterable, Sendable {
  case gamma, beta

  func apply(
    _ tail: Kernels.Tail, _ columns: Columns, level: Kernels.Level = .automatic
  ) throws -> [Double] {
    var result = [Double](repeating: 7, count: columns.x.count)
    var output = result.mutableSpan
    let (a, b, x) = (columns.a.span, columns.b.span, columns.x.span)
    switch self {
    case .gamma: try Kernels.gamma(tail, a, x, into: &output, level: level)
    case .beta: try Kernels.beta(tail, x, a, b, into: &output, level: level)
    }
    return result
  }

  /// With the first element's parameters for all.
  func applyShared(_ tail: Kernels.Tail, _ columns: Columns, level: Kernels.Level) -> [Double] {
    switch self {
    case .gamma: Kernels.gamma(tail, columns.a[0], columns.x, level: level)
    case .beta: Kernels.beta(tail, columns.x, columns.a[0], columns.b[0], level: level)
    }
  }

  func scalar(_ tail: Kernels.Tail, _ a: Double, _ b: Double, _ x: Double) -> Double {
    typealias Scalar = SpecialFunctions
    return switch (self, tail) {
    case (.gamma, .lower): Scalar.regularizedGammaP(a, x)
    case (.gamma, .upper): Scalar.regularizedGammaQ(a, x)
    case (.gamma, .inverseLower): Scalar.inverseRegularizedGammaP(a, x)
    case (.gamma, .inverseUpper): Scalar.inverseRegularizedGammaQ(a, x)
    case (.beta, .lower): Scalar.regularizedBeta(x, a: a, b: b)
    case (.beta, .upper): Scalar.regularizedBetaComplement(x, a: a, b: b)
    case (.beta, .inverseLower): Scalar.inverseRegularizedBeta(x, a: a, b: b)
    case (.beta, .inverseUpper): Scalar.inverseRegularizedBetaComplement(x, a: a, b: b)
    }
  }

  /// Seeded arguments that reach every method; `x` is a probability for an inverse.
  func arguments(_ tail: Kernels.Tail, count: Int, seed: UInt64) -> Columns {
    var generator = SeededGenerator(seed: seed)
    var columns = Columns()
    for _ in 0..<count {
      let (a, b) = (generator.scale(-4, 5), generator.scale(-4, 5))
      let z = generator.gaussian() * 2
      switch (self, tail) {
      case (_, .inverseLower), (_, .inverseUpper):
        columns.append(
          a, b, generator.next() % 2 == 0 ? generator.uniform() : generator.scale(-200, 0))
      case (.gamma, _): columns.append(a, b, max(a + z * a.squareRoot(), a * 0.3))
      case (.beta, _):
        let width = (a * b / (a + b + 1)).squareRoot() / (a + b)
        columns.append(a, b, min(max(a / (a + b) + z * width, 1e-30), 1 - 1e-12))
      }
    }
    return columns
  }
}

extension SeededGenerator {
  /// A power of ten with an exponent that is uniform between the given ones.
  fileprivate mutating func scale(_ lowest: Double, _ highest: Double) -> Double {
    let exponent = uniform(lowest...highest)
    var result = 1 + 9 * (exponent - exponent.rounded(.down))
    for _ in 0..<Int(exponent.rounded(.down).magnitude) {
      result = exponent < 0 ? result / 10 : result * 10
    }
    return result
  }
}

private let cases = Law.allCases.flatMap { law in Kernels.Tail.allCases.map { (law, $0) } }

@Suite struct GammaBetaBatchTests {
  @Test(arguments: IncompleteReference.Side.allCases)
  func gammaMatchesReferenceAtEveryLevel(_ side: IncompleteReference.Side) throws {
    let rows = try IncompleteReference.gamma.get().rows(side, parameters: 1)
    let columns = Columns(a: rows.map { $0[0] }, x: rows.map { $0[1] })
    for level in Kernels.Level.allCases {
      let values = try Law.gamma.apply(side == .lower ? .lower : .upper, columns, level: level)
      let worst = WorstRow(values, rows, at: 2) { _ in 2e-14 }
      #expect(worst.error <= 1, "\(level): \(worst)")
    }
  }

  @Test(arguments: IncompleteReference.Side.allCases)
  func betaMatchesReferenceAtEveryLevel(_ side: IncompleteReference.Side) throws {
    let rows = try IncompleteReference.beta.get().rows(side, parameters: 2)
    let columns = Columns(a: rows.map { $0[1] }, b: rows.map { $0[2] }, x: rows.map { $0[0] })
    for level in Kernels.Level.allCases {
      let values = try Law.beta.apply(side == .lower ? .lower : .upper, columns, level: level)
      let worst = WorstRow(values, rows, at: 3) { _ in 2e-14 }
      #expect(worst.error <= 1, "\(level): \(worst)")
    }
  }

  @Test(arguments: IncompleteReference.Side.allCases)
  func inverseGammaMatchesReferenceAtEveryLevel(_ side: IncompleteReference.Side) throws {
    let rows = try IncompleteReference.gamma.get().inverseRows(side)
    let columns = Columns(a: rows.map { $0[0] }, x: rows.map { $0[1] })
    let tail: Kernels.Tail = side == .lower ? .inverseLower : .inverseUpper
    for level in Kernels.Level.allCases {
      let worst = WorstRow(try Law.gamma.apply(tail, columns, level: level), rows, at: 2) { $0[4] }
      #expect(worst.error <= 1, "\(level): \(worst)")
    }
  }

  @Test(arguments: IncompleteReference.Side.allCases)
  func inverseBetaMatchesReferenceAtEveryLevel(_ side: IncompleteReference.Side) throws {
    let rows = try IncompleteReference.beta.get().inverseRows(side)
    let columns = Columns(a: rows.map { $0[0] }, b: rows.map { $0[1] }, x: rows.map { $0[2] })
    let tail: Kernels.Tail = side == .lower ? .inverseLower : .inverseUpper
    for level in Kernels.Level.allCases {
      let worst = WorstRow(try Law.beta.apply(tail, columns, level: level), rows, at: 3) { $0[5] }
      #expect(worst.error <= 1, "\(level): \(worst)")
    }
  }

  /// Neither neighbors nor place nor length matter, and shared parameters are a column of equal ones.
  @Test(arguments: cases)
  private func resultDependsOnTheElementAlone(_ law: Law, _ tail: Kernels.Tail) throws {
    let columns = law.arguments(tail, count: 700, seed: 21)
    for level in Kernels.Level.allCases {
      let whole = try law.apply(tail, columns, level: level).map(\.bitPattern)
      for (start, count) in [(0, 1), (1, 2), (3, 17), (200, 256), (255, 257), (5, 31), (690, 10)] {
        let piece = try law.apply(tail, columns.piece(start..<start + count), level: level)
        #expect(piece.map(\.bitPattern) == Array(whole[start..<start + count]), "\(level)")
      }
      for i in stride(from: 0, to: 700, by: 9) {
        let single = try law.apply(tail, columns.piece(i..<i + 1), level: level)
        #expect(single[0].bitPattern == whole[i], "\(level) \(i)")
      }
      for i in stride(from: 0, to: 700, by: 100) {
        var equal = columns
        equal.a = columns.a.map { _ in columns.a[i] }
        equal.b = columns.b.map { _ in columns.b[i] }
        let column = try law.apply(tail, equal, level: level).map(\.bitPattern)
        #expect(law.applyShared(tail, equal, level: level).map(\.bitPattern) == column, "\(level)")
      }
    }
  }

  /// The scalar forms are written in Swift with other arrangements of the same methods.
  @Test(arguments: cases)
  private func agreesWithTheScalarForm(_ law: Law, _ tail: Kernels.Tail) throws {
    let columns = law.arguments(tail, count: 1_000, seed: 22)
    let values = try law.apply(tail, columns)
    for i in columns.x.indices {
      let (a, b, x) = (columns.a[i], columns.b[i], columns.x[i])
      let reference = law.scalar(tail, a, b, x)
      switch tail {
      case .lower, .upper:
        guard reference > 1e-290 else { continue }
        expectClose(values[i], reference, relative: 5e-14, "\(law) \(tail) \(a) \(b) \(x)")
      default:
        guard reference > 1e-290 else { continue }
        // The condition is at most about 1 over the smaller parameter, or more next to the ends.
        let back: Kernels.Tail = tail == .inverseLower ? .lower : .upper
        if values[i] == reference { continue }
        let there = law.scalar(back, a, b, values[i])
        let here = law.scalar(back, a, b, reference)
        let spacing = (law.scalar(back, a, b, reference.nextUp) - here).magnitude
        expectClose(
          there, here, relative: 4e-14, absolute: 1e-300 + 4 * spacing + 2e-16,
          "\(law) \(tail) \(a) \(b) \(x): \(values[i]) \(reference)")
      }
    }
  }

  /// NaN, infinities, zeros and subnormal numbers: the limits of the scalar form.
  @Test(arguments: cases)
  private func hostileNumbersGiveTheScalarLimits(_ law: Law, _ tail: Kernels.Tail) throws {
    var columns = Columns()
    let numbers = hostileNumbers + [1, 0.5, 1e-10, 1e10, 1e20, 1e99, 1e101, 1e6, 1 - 0x1p-53]
    for a in numbers {
      for b in law == .gamma ? [1] : numbers {
        for x in numbers + [2, 3e-9, 0.9999] { columns.append(a, b, x) }
      }
    }
    for level in Kernels.Level.allCases {
      let clock = ContinuousClock()
      let start = clock.now
      let values = try law.apply(tail, columns, level: level)
      #expect(clock.now - start < .seconds(20))
      for i in columns.x.indices {
        let (a, b, x) = (columns.a[i], columns.b[i], columns.x[i])
        let place: Comment = "\(law) \(tail) \(level) \(a) \(b) \(x): \(values[i])"
        let valid = a > 0 && a < .infinity && b > 0 && b < .infinity && x >= 0
        let isProbability = law == .beta || tail == .inverseLower || tail == .inverseUpper
        guard valid, !isProbability || x <= 1 else {
          #expect(values[i].isNaN, place)
          continue
        }
        #expect(values[i] >= 0, place)
        if law == .beta || tail == .lower || tail == .upper { #expect(values[i] <= 1, place) }
        if x == 0 || x == 1 || x == .infinity || a > 1e90 && law == .gamma {
          #expect(values[i] == law.scalar(tail, a, b, x) || x == 1 && !isProbability, place)
        }
      }
    }
  }

  @Test func logGammaAndDigammaBelowZero() throws {
    let reference = try Reference.load(OneArgument.self, "special_functions").functions
    for (function, name, bound) in [
      (Kernels.Function.logGamma, "logGamma", 2e-15), (.digamma, "digamma", 4e-15),
    ] {
      let rows = try #require(reference[name]).filter { $0[0] < 0 }
      for level in Kernels.Level.allCases {
        let values = Kernels.apply(function, rows.map { $0[0] }, level: level)
        for (value, row) in zip(values, rows) {
          expectClose(
            value, row[1], relative: bound, absolute: bound, "\(name) \(level) at \(row[0])")
        }
      }
    }
  }

  private struct OneArgument: Decodable {
    let functions: [String: [[Double]]]
  }

  @Test func publicFormsReachTheirKernel() throws {
    let (a, b, x) = ([0.5, 3, 40, 200], [2.0, 5, 0.25, 80], [0.75, 0.125, 0.5, 0.625])
    let columns = Columns(a: a, b: b, x: x)
    typealias Functions = SpecialFunctions
    let gamma: [(Kernels.Tail, [Double], [Double])] = [
      (.lower, try Functions.regularizedGammaP(a, x), Functions.regularizedGammaP(3, x)),
      (.upper, try Functions.regularizedGammaQ(a, x), Functions.regularizedGammaQ(3, x)),
      (
        .inverseLower, try Functions.inverseRegularizedGammaP(a, x),
        Functions.inverseRegularizedGammaP(3, x)
      ),
      (
        .inverseUpper, try Functions.inverseRegularizedGammaQ(a, x),
        Functions.inverseRegularizedGammaQ(3, x)
      ),
    ]
    for (tail, column, shared) in gamma {
      #expect(column == (try Law.gamma.apply(tail, columns)))
      #expect(shared == Kernels.gamma(tail, 3, x))
    }
    let beta: [(Kernels.Tail, [Double], [Double])] = [
      (
        .lower, try Functions.regularizedBeta(x, a: a, b: b),
        Functions.regularizedBeta(x, a: 3, b: 5)
      ),
      (
        .upper, try Functions.regularizedBetaComplement(x, a: a, b: b),
        Functions.regularizedBetaComplement(x, a: 3, b: 5)
      ),
      (
        .inverseLower, try Functions.inverseRegularizedBeta(x, a: a, b: b),
        Functions.inverseRegularizedBeta(x, a: 3, b: 5)
      ),
      (
        .inverseUpper, try Functions.inverseRegularizedBetaComplement(x, a: a, b: b),
        Functions.inverseRegularizedBetaComplement(x, a: 3, b: 5)
      ),
    ]
    for (tail, column, shared) in beta {
      #expect(column == (try Law.beta.apply(tail, columns)))
      #expect(shared == Kernels.beta(tail, x, 3, 5))
    }
    #expect(Functions.logGamma(a) == Kernels.apply(.logGamma, a))
    #expect(Functions.digamma(a) == Kernels.apply(.digamma, a))
  }

  @Test func spanFormsWriteTheSame() throws {
    let (a, b, x) = ([0.5, 3, 40, 200], [2.0, 5, 0.25, 80], [0.75, 0.125, 0.5, 0.625])
    typealias Functions = SpecialFunctions
    func filled(_ body: (inout MutableSpan<Double>) throws -> Void) rethrows -> [Double] {
      var result = [Double](repeating: 7, count: x.count)
      var output = result.mutableSpan
      try body(&output)
      return result
    }
    #expect(try filled { try Functions.logGamma(a.span, into: &$0) } == Functions.logGamma(a))
    #expect(try filled { try Functions.digamma(a.span, into: &$0) } == Functions.digamma(a))
    let pairs: [([Double], [Double])] = [
      (
        try filled { try Functions.regularizedGammaP(a.span, x.span, into: &$0) },
        try Functions.regularizedGammaP(a, x)
      ),
      (
        try filled { try Functions.regularizedGammaP(3, x.span, into: &$0) },
        Functions.regularizedGammaP(3, x)
      ),
      (
        try filled { try Functions.regularizedGammaQ(a.span, x.span, into: &$0) },
        try Functions.regularizedGammaQ(a, x)
      ),
      (
        try filled { try Functions.regularizedGammaQ(3, x.span, into: &$0) },
        Functions.regularizedGammaQ(3, x)
      ),
      (
        try filled { try Functions.inverseRegularizedGammaP(a.span, x.span, into: &$0) },
        try Functions.inverseRegularizedGammaP(a, x)
      ),
      (
        try filled { try Functions.inverseRegularizedGammaP(3, x.span, into: &$0) },
        Functions.inverseRegularizedGammaP(3, x)
      ),
      (
        try filled { try Functions.inverseRegularizedGammaQ(a.span, x.span, into: &$0) },
        try Functions.inverseRegularizedGammaQ(a, x)
      ),
      (
        try filled { try Functions.inverseRegularizedGammaQ(3, x.span, into: &$0) },
        Functions.inverseRegularizedGammaQ(3, x)
      ),
      (
        try filled { try Functions.regularizedBeta(x.span, a: a.span, b: b.span, into: &$0) },
        try Functions.regularizedBeta(x, a: a, b: b)
      ),
      (
        try filled { try Functions.regularizedBeta(x.span, a: 3, b: 5, into: &$0) },
        Functions.regularizedBeta(x, a: 3, b: 5)
      ),
      (
        try filled {
          try Functions.regularizedBetaComplement(x.span, a: a.span, b: b.span, into: &$0)
        }, try Functions.regularizedBetaComplement(x, a: a, b: b)
      ),
      (
        try filled { try Functions.regularizedBetaComplement(x.span, a: 3, b: 5, into: &$0) },
        Functions.regularizedBetaComplement(x, a: 3, b: 5)
      ),
      (
        try filled {
          try Functions.inverseRegularizedBeta(x.span, a: a.span, b: b.span, into: &$0)
        }, try Functions.inverseRegularizedBeta(x, a: a, b: b)
      ),
      (
        try filled { try Functions.inverseRegularizedBeta(x.span, a: 3, b: 5, into: &$0) },
        Functions.inverseRegularizedBeta(x, a: 3, b: 5)
      ),
      (
        try filled {
          try Functions.inverseRegularizedBetaComplement(x.span, a: a.span, b: b.span, into: &$0)
        }, try Functions.inverseRegularizedBetaComplement(x, a: a, b: b)
      ),
      (
        try filled {
          try Functions.inverseRegularizedBetaComplement(x.span, a: 3, b: 5, into: &$0)
        }, Functions.inverseRegularizedBetaComplement(x, a: 3, b: 5)
      ),
    ]
    for (span, array) in pairs { #expect(span == array) }
  }

  @Test func refusesColumnsOfDifferentCounts() {
    let (two, three) = ([1.0, 2], [0.5, 0.25, 0.75])
    func mismatch(_ argument: String) -> NumericsError {
      .shapeMismatch(argument: argument, got: 2, required: 3)
    }
    #expect(throws: mismatch("a")) { try SpecialFunctions.regularizedGammaP(two, three) }
    #expect(throws: mismatch("a")) { try SpecialFunctions.inverseRegularizedGammaQ(two, three) }
    #expect(throws: mismatch("a")) { try SpecialFunctions.regularizedBeta(three, a: two, b: three) }
    #expect(throws: mismatch("b")) {
      try SpecialFunctions.inverseRegularizedBetaComplement(three, a: three, b: two)
    }
    var result = [7.0, 7]
    #expect(throws: mismatch("output")) {
      var output = result.mutableSpan
      try SpecialFunctions.regularizedGammaQ(2, three.span, into: &output)
    }
    #expect(throws: mismatch("output")) {
      var output = result.mutableSpan
      try SpecialFunctions.inverseRegularizedBeta(three.span, a: 2, b: 3, into: &output)
    }
    #expect(throws: mismatch("output")) {
      var output = result.mutableSpan
      try SpecialFunctions.digamma(three.span, into: &output)
    }
    #expect(result == [7, 7])
  }

  @Test func emptyInputGivesEmptyOutput() throws {
    for (law, tail) in cases {
      #expect(try law.apply(tail, Columns()).isEmpty)
    }
    #expect(SpecialFunctions.regularizedGammaP(2, []).isEmpty)
    #expect(SpecialFunctions.inverseRegularizedBeta([], a: 2, b: 3).isEmpty)
  }

  @Test func concurrentCallersGetTheSameBits() throws {
    let columns = Law.gamma.arguments(.inverseLower, count: 600, seed: 23)
    let expected = try cases.map { try $0.0.apply($0.1, columns).map(\.bitPattern) }
    let same = BoundedPool(width: 64).blockResults(count: 64, blockLength: 1) { range in
      let i = range.lowerBound % cases.count
      let values = try? cases[i].0.apply(cases[i].1, columns).map(\.bitPattern)
      return values == expected[i]
    }
    #expect(same.count == 64 && same.allSatisfy { $0 })
  }
}
