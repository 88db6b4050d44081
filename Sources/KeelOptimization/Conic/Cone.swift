/// A closed convex cone in which the values of a block of expressions must lie.
@nonexhaustive
public enum Cone: Hashable, Sendable {
  /// The origin: every value is zero. Dual: all vectors.
  case zero

  /// Vectors without negative element. Its own dual.
  case nonnegative

  /// Vectors (t, v) with ‖v‖ ≤ t in the Euclidean norm. Its own dual.
  case secondOrder

  /// The closure of triples (x, y, z) with y > 0 and y exp(x/y) ≤ z.
  ///
  /// Dual: the closure of (u, v, w) with u < 0 and −u exp(v/u − 1) ≤ w.
  case exponential

  /// Triples (x, y, z) with x^α y^(1−α) ≥ |z| and x, y ≥ 0, for an exponent between 0 and 1.
  ///
  /// Dual: (u, v, w) with (u/α)^α (v/(1−α))^(1−α) ≥ |w| and u, v ≥ 0.
  case power(exponent: Double)

  /// Symmetric positive semidefinite matrices of an order, given by their lower triangle, column
  /// after column.
  ///
  /// A dual value belongs to an element of the triangle; with dual values off the diagonal halved,
  /// the dual cone is the same.
  case positiveSemidefinite(order: Int)
}

extension Cone {
  /// The largest order of a semidefinite block: a dense factorization of the triangle's elements is
  /// still small there.
  public static let largestSemidefiniteOrder = 100

  /// The exponents that a power cone may have: nearer to 0 or 1, the cone is a half-plane to
  /// within what the iterations can tell apart.
  public static let powerExponents = 1e-6...(1 - 1e-6)

  /// Whether the cone is its own dual and its interior looks the same from every point.
  ///
  /// Programs whose cones are all symmetric are solved to more digits.
  public var isSymmetric: Bool {
    switch self {
    case .zero, .nonnegative, .secondOrder, .positiveSemidefinite: true
    case .exponential, .power: false
    }
  }

  /// Whether membership is a matter of each row alone.
  var isProduct: Bool {
    switch self {
    case .zero, .nonnegative: true
    case .secondOrder, .exponential, .power, .positiveSemidefinite: false
    }
  }

  /// The number of expressions that a block of this cone must have, or nil when any number will do.
  var requiredCount: Int? {
    switch self {
    case .zero, .nonnegative, .secondOrder: nil
    case .exponential, .power: 3
    case .positiveSemidefinite(let order): order * (order + 1) / 2
    }
  }
}
