// Goals: (1) a limit on distances for the price of some steps of a program with charges; (2) the limit met to rounding.
//
// Under a charge for its distances in the place of a limit the weights move along straight lines between finitely many prices
// (Best, An algorithm for the solution of the parametric quadratic programming problem, 1996), and so does the sum of distances.
// Newton's method between two prices that bracket the limit ends with the line that meets it.

import KeelData
import KeelNumerics
import KeelOptimization

/// The search for the price of one limit on distances.
struct DistancePrice: ~Copyable {
  private let program: PortfolioProgram
  private let limit: AbsoluteRow
  private var method: PieceMethod

  /// Prices at most; some ten are enough.
  private static let attempts = 60

  /// From the optimum without limit the first price is the mean force times this, more than most prices are; from the
  /// reference this part of the price that leaves nothing to trade.
  private static let haste = 8.0
  private static let part = 0.75

  /// A sum of distances this close to the limit, relative to it, meets it.
  private static let rounding = 1e-14

  /// Takes a program with one limit.
  ///
  /// - Returns: Nil where there is not exactly one, or not every weight has variance.
  init?(_ program: PortfolioProgram, settings: QuadraticSolver.Settings) {
    guard program.absolute.count == 1, let limit = program.absolute.first,
      let method = PieceMethod(program.plain, program.pieces(pricing: limit), settings: settings)
    else { return nil }
    self.program = program
    self.limit = limit
    self.method = method
  }

  /// The certified optimum; nil where the search does not lead to one, for `free` the optimum without the
  /// limit, which exceeds it.
  mutating func solution(
    beside free: Solution<[Double]>
  ) throws(AllocationError) -> Solution<[Double]>? {
    let start = startingPoint(free)
    method.begin(at: start, rows: free.duals.rows, price: 0)
    var price = firstPrice(start, isHeld: start != free.value)
    guard price > 0, price.isFinite else { return nil }
    // What the sum of distances is known to.
    let slack = 4 * Double.ulpOfOne * size(free.value)
    var (least, most) = (0.0, Double.infinity)
    var last = (price: Double.infinity, excess: 0.0)
    for attempt in 1...Self.attempts {
      method.setPrice(price)
      guard method.run() else { return nil }
      let excess = limit.value(method.x) - limit.limit
      if excess.magnitude <= Self.rounding * limit.limit.magnitude + slack {
        guard method.refine() else { return nil }
        return try certified(price: price, iterations: attempt)
      }
      if excess > 0 { least = price } else { most = price }
      guard let rate = method.pricedRate() else { return nil }
      let secant = (excess - last.excess) / (price - last.price)
      last = (price, excess)
      // The sum of distances falls in steps, too steep for the rate at one of them.
      let guesses = [rate, secant].map { $0 < 0 ? price - excess / $0 : .infinity }
      price =
        guesses.first { least < $0 && $0 < most }
        ?? (most == .infinity ? 4 * price : least + (most - least) / 2)
      if price <= least || price >= most { return nil }
    }
    return nil
  }

  private func size(_ x: [Double]) -> Double {
    x.indices.reduce(0) {
      $0 + limit.coefficients[$1] * (x[$1].magnitude + limit.reference[$1].magnitude)
    }
  }

  /// The nearer one of the optimum without limit and what is held, if that is allowed.
  private func startingPoint(_ free: Solution<[Double]>) -> [Double] {
    guard 2 * limit.limit < limit.value(free.value), let held = program.heldPoint else {
      return free.value
    }
    return held
  }

  /// A price below the one that holds all weights at the reference, or one that is more than most are.
  private func firstPrice(_ start: [Double], isHeld: Bool) -> Double {
    let forces =
      isHeld
      ? method.gradient
      : program.plain.quadratic.times(zip(start, limit.reference).map { $0 - $1 })
    var (least, most) = (Double.infinity, -Double.infinity)
    var (sum, size) = (0.0, 0.0)
    for i in forces.indices where limit.coefficients[i] > 0 {
      let force = forces[i] / limit.coefficients[i]
      (least, most) = (min(least, force), max(most, force))
      sum += forces[i].magnitude
      size += limit.coefficients[i]
    }
    return isHeld ? Self.part * (most - least) / 2 : size > 0 ? Self.haste * sum / size : 0
  }

  /// The optimum, when the weights and dual values prove it.
  private func certified(
    price: Double,
    iterations: Int
  ) throws(AllocationError) -> Solution<[Double]>? {
    let answer = try program.certified(
      method.x, rows: method.rowDuals + [-price], bounds: method.boundDuals,
      iterations: iterations)
    return answer.status == .optimal ? answer : nil
  }
}
