#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a drawdown program minimizes, in scaled units.
///
/// ```text
/// Σ slope d + ½ Σ curvature d² + level part
/// ```
struct DrawdownObjective {
  /// The part with levels, which are the last variables of the core program.
  enum Levels {
    case none
    /// a + Σ limit max(0, d − a) with the level a.
    case tail
    /// c + z entropy + z Σ p (exp((d − c)/z) − 1) with the level c and the temperature z.
    case entropic
  }

  let levels: Levels
  var slopes: [Double]
  var curvatures: [Double]
  /// The times that take part in the levels.
  var members: [Int] = []
  /// The largest multiplier of each member, or its probability.
  var limits: [Double] = []
  /// −ln(1 − confidence).
  var entropy = 0.0

  /// Multipliers sum to one, so that a limit above it never binds.
  static let noLimit = 2.0

  init(_ risk: DrawdownProgram.Risk, probabilities: [Double], limits: [Double]) {
    slopes = [Double](repeating: 0, count: probabilities.count)
    curvatures = slopes
    switch risk {
    case .mean:
      levels = .none
      slopes = probabilities
    case .rootMeanSquare:
      levels = .none
      curvatures = probabilities
    case .tail:
      levels = .tail
      members = probabilities.indices.filter { probabilities[$0] > 0 }
      self.limits = members.map { min(limits[$0], Self.noLimit) }
    case .largest:
      levels = .tail
      members = probabilities.indices.filter { probabilities[$0] > 0 }
      self.limits = members.map { _ in Self.noLimit }
    case .entropic(let confidence):
      levels = .entropic
      members = probabilities.indices.filter { probabilities[$0] > 0 }
      self.limits = members.map { probabilities[$0] }
      entropy = -log1p(-confidence)
    }
  }

  /// Whether primal and dual unknowns must move alike, because an equation has both.
  var needsEqualSteps: Bool {
    if case .entropic = levels { return true }
    return curvatures.contains { $0 > 0 }
  }

  /// The number of members with an excess and a shortage.
  var tailCount: Int {
    if case .tail = levels { return members.count }
    return 0
  }

  /// The number of variables after those of the caller.
  var levelCount: Int {
    switch levels {
    case .none: 0
    case .tail: 1
    case .entropic: 2
    }
  }
}
