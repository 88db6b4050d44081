public import KeelNumerics

// Blocks by what they say about a portfolio rather than by their cone.

extension ConicConstraint {
  /// Creates a block from a linear row: an equation, or one expression for each finite bound.
  ///
  /// - Parameter row: The row `lower ≤ a'x ≤ upper`.
  public init(_ row: LinearRow) {
    let negated = row.coefficients.map { -$0 }
    if row.isEquality {
      self.init(
        row.name, in: .zero,
        [
          AffineExpression(
            indices: row.indices, coefficients: row.coefficients, constant: -row.lower)
        ])
      return
    }
    var expressions: [AffineExpression] = []
    if row.lower != -.infinity {
      expressions.append(
        AffineExpression(
          indices: row.indices, coefficients: row.coefficients, constant: -row.lower))
    }
    if row.upper != .infinity {
      expressions.append(
        AffineExpression(indices: row.indices, coefficients: negated, constant: row.upper))
    }
    self.init(row.name, in: .nonnegative, expressions)
  }

  /// Returns the block of the bounds of the first variables.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - lower: One lower bound a variable, from the first on; −∞ for none.
  ///   - upper: One upper bound a variable, from the first on; +∞ for none.
  /// - Returns: One expression for each finite bound, lower bounds first.
  public static func bounds(
    _ name: String,
    lower: [Double] = [],
    upper: [Double] = []
  ) -> ConicConstraint {
    var expressions: [AffineExpression] = []
    for (i, bound) in lower.enumerated() where bound != -.infinity {
      expressions.append(AffineExpression(variable: i, constant: -bound))
    }
    for (i, bound) in upper.enumerated() where bound != .infinity {
      expressions.append(AffineExpression(variable: i, coefficient: -1, constant: bound))
    }
    return ConicConstraint(name, in: .nonnegative, expressions)
  }

  /// Returns the block ‖v‖ ≤ t.
  ///
  /// With v the loadings of a covariance's root this is a limit on volatility.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - vector: The elements of v.
  ///   - bound: The bound t.
  /// - Returns: A second-order block.
  public static func norm(
    _ name: String,
    of vector: [AffineExpression],
    atMost bound: AffineExpression
  ) -> ConicConstraint {
    ConicConstraint(name, in: .secondOrder, [bound] + vector)
  }

  /// Returns the block Σ v² ≤ t.
  ///
  /// ```text
  /// ‖(t − 1, 2v)‖ ≤ t + 1
  /// ```
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - vector: The elements of v.
  ///   - bound: The bound t.
  /// - Returns: A second-order block.
  public static func sumOfSquares(
    _ name: String,
    of vector: [AffineExpression],
    atMost bound: AffineExpression
  ) -> ConicConstraint {
    ConicConstraint(
      name, in: .secondOrder,
      [bound.adding(1), bound.adding(-1)] + vector.map { $0.multiplied(by: 2) })
  }

  /// Returns the block |v|^p ≤ t, for a power above 1.
  ///
  /// ```text
  /// (t, 1, v) in the power cone with exponent 1/p
  /// ```
  ///
  /// The cost of trading under the square-root law of market impact is the power 3/2.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - expression: v.
  ///   - exponent: The power p, above 1.
  ///   - bound: The bound t.
  /// - Returns: A power block.
  public static func power(
    _ name: String,
    of expression: AffineExpression,
    exponent: Double,
    atMost bound: AffineExpression
  ) -> ConicConstraint {
    ConicConstraint(
      name, in: .power(exponent: 1 / exponent),
      [bound, AffineExpression(constant: 1), expression])
  }

  /// Returns the block |v|^(3/2) ≤ t.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - expression: The trade v.
  ///   - bound: The bound t of its cost, in the unit of v to the power 3/2.
  /// - Returns: A power block.
  public static func threeHalvesPower(
    _ name: String,
    of expression: AffineExpression,
    atMost bound: AffineExpression
  ) -> ConicConstraint {
    power(name, of: expression, exponent: 1.5, atMost: bound)
  }

  /// Returns the block exp(v) ≤ t.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - expression: The exponent v.
  ///   - bound: The bound t.
  /// - Returns: An exponential block.
  public static func exponential(
    _ name: String,
    of expression: AffineExpression,
    atMost bound: AffineExpression
  ) -> ConicConstraint {
    ConicConstraint(
      name, in: .exponential, [expression, AffineExpression(constant: 1), bound])
  }

  /// Returns the block log(v) ≥ t.
  ///
  /// With v the growth factor of a portfolio in a scenario this is its logarithmic growth.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - expression: v, which the block keeps from being negative.
  ///   - bound: The bound t.
  /// - Returns: An exponential block.
  public static func logarithm(
    _ name: String,
    of expression: AffineExpression,
    atLeast bound: AffineExpression
  ) -> ConicConstraint {
    ConicConstraint(
      name, in: .exponential, [bound, AffineExpression(constant: 1), expression])
  }

  /// Returns the block v log(v/r) ≤ t, one term of a relative entropy.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - expression: v, which the block keeps from being negative.
  ///   - reference: r, which the block keeps from being negative.
  ///   - bound: The bound t.
  /// - Returns: An exponential block.
  public static func relativeEntropy(
    _ name: String,
    of expression: AffineExpression,
    relativeTo reference: AffineExpression = AffineExpression(constant: 1),
    atMost bound: AffineExpression
  ) -> ConicConstraint {
    ConicConstraint(name, in: .exponential, [-bound, expression, reference])
  }

  /// Returns the blocks of log Σ exp(v) ≤ t.
  ///
  /// ```text
  /// exp(v_i − t) ≤ u_i,  Σ u_i ≤ 1
  /// ```
  ///
  /// - Parameters:
  ///   - name: The name of the sum; the terms are called `name[0]`, `name[1]` and so on.
  ///   - vector: The elements of v.
  ///   - bound: The bound t.
  ///   - auxiliaries: The indices of as many variables u, strictly increasing and used nowhere else.
  /// - Returns: One exponential block an element and the linear block of the sum.
  public static func logSumExp(
    _ name: String,
    of vector: [AffineExpression],
    atMost bound: AffineExpression,
    auxiliaries: [Int]
  ) -> [ConicConstraint] {
    perspective(
      name, of: vector.map { $0.adding(-bound) }, scale: AffineExpression(constant: 1),
      total: AffineExpression(constant: 1), auxiliaries: auxiliaries)
  }

  /// Returns the blocks that bound the entropic value at risk of equally likely losses.
  ///
  /// ```text
  /// EVaR = min over s > 0 of s log( Σ exp(loss_i / s) / (T (1 − level)) ) ≤ bound
  /// ```
  ///
  /// It is the tightest bound of value at risk and expected shortfall that the moment-generating
  /// function gives. Ahmadi-Javid, Journal of Optimization Theory and Applications 155 (2012).
  ///
  /// - Parameters:
  ///   - name: The name of the sum; the terms are called `name[0]`, `name[1]` and so on.
  ///   - losses: One loss a scenario; losses are positive.
  ///   - level: The confidence level, such as 0.95, between 0 and 1.
  ///   - bound: The bound of the measure.
  ///   - scale: The index of a variable s that is used nowhere else.
  ///   - auxiliaries: The indices of one variable a loss, strictly increasing and used nowhere else.
  /// - Returns: One exponential block a loss and the linear block of the sum.
  public static func entropicValueAtRisk(
    _ name: String,
    of losses: [AffineExpression],
    level: Double,
    atMost bound: AffineExpression,
    scale: Int,
    auxiliaries: [Int]
  ) -> [ConicConstraint] {
    perspective(
      name, of: losses.map { $0.adding(-bound) }, scale: AffineExpression(variable: scale),
      total: AffineExpression(variable: scale, coefficient: Double(losses.count) * (1 - level)),
      auxiliaries: auxiliaries)
  }

  /// s exp(v_i/s) ≤ u_i and Σ u_i ≤ total.
  private static func perspective(
    _ name: String,
    of vector: [AffineExpression],
    scale: AffineExpression,
    total: AffineExpression,
    auxiliaries: [Int]
  ) -> [ConicConstraint] {
    var blocks: [ConicConstraint] = []
    for (k, expression) in vector.enumerated() {
      // A missing auxiliary leaves a block of two expressions, which a program refuses by name.
      let bound =
        auxiliaries.indices.contains(k) ? [AffineExpression(variable: auxiliaries[k])] : []
      blocks.append(
        ConicConstraint("\(name)[\(k)]", in: .exponential, [expression, scale] + bound))
    }
    let sum = AffineExpression(
      indices: auxiliaries, coefficients: [Double](repeating: -1, count: auxiliaries.count))
    blocks.append(ConicConstraint(name, in: .nonnegative, [total.adding(sum)]))
    return blocks
  }

  /// Returns the block of a linear matrix inequality.
  ///
  /// ```text
  /// C + Σ x_i F_i is positive semidefinite
  /// ```
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - constant: The matrix C.
  ///   - terms: Variables and their matrices F, of the order of C, with increasing variables.
  /// - Returns: A semidefinite block; one without expressions, which a program refuses by name, when
  ///   a matrix has another order.
  public static func positiveSemidefinite(
    _ name: String,
    constant: SymmetricMatrix,
    terms: [(variable: Int, matrix: SymmetricMatrix)]
  ) -> ConicConstraint {
    let order = constant.order
    var expressions: [AffineExpression] = []
    if terms.allSatisfy({ $0.matrix.order == order }) {
      for j in 0..<order {
        for i in j..<order {
          expressions.append(
            AffineExpression(
              indices: terms.map(\.variable), coefficients: terms.map { $0.matrix[i, j] },
              constant: constant[i, j]))
        }
      }
    }
    return ConicConstraint(name, in: .positiveSemidefinite(order: order), expressions)
  }
}

extension AffineExpression {
  /// The expression plus a constant.
  func adding(_ constant: Double) -> AffineExpression {
    AffineExpression(
      indices: indices, coefficients: coefficients, constant: self.constant + constant)
  }

  /// The expression multiplied by a number.
  func multiplied(by factor: Double) -> AffineExpression {
    AffineExpression(
      indices: indices, coefficients: coefficients.map { $0 * factor },
      constant: constant * factor)
  }

  /// The sum of two expressions.
  func adding(_ other: AffineExpression) -> AffineExpression {
    // What is malformed stays so, for a program to refuse it by name.
    guard indices.count == coefficients.count else { return self }
    guard other.indices.count == other.coefficients.count else { return other }
    var sumIndices: [Int] = []
    var sumCoefficients: [Double] = []
    var p = 0
    var q = 0
    while p < indices.count || q < other.indices.count {
      let left = p < indices.count ? indices[p] : Int.max
      let right = q < other.indices.count ? other.indices[q] : Int.max
      var coefficient = 0.0
      if left <= right {
        coefficient += coefficients[p]
        p += 1
      }
      if right <= left {
        coefficient += other.coefficients[q]
        q += 1
      }
      sumIndices.append(min(left, right))
      sumCoefficients.append(coefficient)
    }
    return AffineExpression(
      indices: sumIndices, coefficients: sumCoefficients, constant: constant + other.constant)
  }
}

extension ConicProgram {
  /// Creates the conic form of a quadratic program.
  ///
  /// Rows keep their names; the bounds of variables are a block with the name given, which is left
  /// out when there is none.
  ///
  /// - Parameters:
  ///   - program: The quadratic program.
  ///   - boundsName: The name of the block of bounds.
  /// - Throws: ``OptimizationError/duplicateName(_:)`` when a row has the name of the bounds.
  public init(
    _ program: QuadraticProgram,
    boundsName: String = "bounds"
  ) throws(OptimizationError) {
    var blocks = program.rows.map { ConicConstraint($0) }
    let bounds = ConicConstraint.bounds(
      boundsName, lower: program.lowerBounds, upper: program.upperBounds)
    if !bounds.expressions.isEmpty { blocks.append(bounds) }
    try self.init(quadratic: program.quadratic, linear: program.linear, constraints: blocks)
  }
}
