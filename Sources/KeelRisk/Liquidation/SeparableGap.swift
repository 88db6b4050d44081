import KeelData
import KeelMarkets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// What is left until a liquidation, as a sum of functions of one price each, and piecewise linear functions below them.
//
//   equity − margin = c + Σ f_a(x_a),   collateral − debt of a protocol likewise,   x_a the log move of asset a
//
// for a position depends on the price of its underlying alone. In the growth u = e^x each f is a convex part (long options) and a
// concave part (all else less its margin: margins are convex in the price, pools concave, the rest is linear). Over a cell of a
// grid a concave function is above its chord, a convex one above the lines through the two points before and after the
// cell: together they bound f from below with an error of the square of the width, with no slope and no constant to be known. A segment
// α u + β is then bounded by its chord in x: where α > 0 it is below that by at most α e^(end) w²/8, which is taken off.

/// A piecewise linear function of a log move.
struct GapCurve: Sendable {
  /// The log moves of the knots, rising.
  var moves: [Double] = []
  /// The values there, in cash.
  var values: [Double] = []
}

/// One way to be liquidated: it cannot happen where the sum of constant and curves is above zero.
struct SeparableGap: Sendable {
  var constant = 0.0
  /// One curve an asset that moves.
  var curves: [GapCurve] = []
}

extension AccountBook {
  /// Curves below the gaps of an account: equity less margin, and collateral less debt of each protocol that is owed.
  ///
  /// - Parameters:
  ///   - places: The places of the assets that move, each once.
  ///   - radii: The largest log move of each, either way; zero for one that stays.
  ///   - cellCount: The cells of the grid from zero to a radius.
  /// - Returns: The gaps that can close, and the number of revaluations.
  /// - Throws: As the revaluation.
  func separableGaps(
    of places: [Int],
    radii: [Double],
    cellCount: Int
  ) throws(RiskError) -> (gaps: [SeparableGap], evaluationCount: Int) {
    var table = GapTable(self, places: places)
    var change = try ScenarioChange(Scenario("grid"), of: market, cash: cash)
    // One point beyond each end, for the lines of the cells there.
    let points = Array((-cellCount - 1)...(cellCount + 1))
    for point in points {
      for (place, radius) in zip(places, radii) {
        change.setGrowth(exp(Self.move(point, radius, cellCount)), at: place)
      }
      table.add(self, try marks(after: change), after: change)
    }
    let gaps = table.columns.filter(\.canClose).map { column in
      SeparableGap(
        constant: column.constant - column.constantSlack,
        curves: places.indices.map { a in
          column.sums[a].curve(points.map { Self.move($0, radii[a], cellCount) })
        })
    }
    return (gaps, points.count)
  }

  private static func move(_ point: Int, _ radius: Double, _ cellCount: Int) -> Double {
    radius * (Double(point) / Double(cellCount))
  }
}

/// The parts of all gaps at the points of a grid.
private struct GapTable {
  /// The parts of one asset.
  struct Sums {
    var convex: [Double] = []
    var concave: [Double] = []
    /// What rounding may have added.
    var slack: [Double] = []
  }

  /// One gap.
  struct Column {
    var constant = 0.0
    var constantSlack = 0.0
    var sums: [Sums]
    /// Whether anything needs margin, or is owed.
    var canClose = false
  }

  /// Equity less margin, then the protocols in their order.
  var columns: [Column]

  /// For each place of the market the asset that moves there; −1 for none.
  private var movers: [Int]

  /// Prices and sums are right to some units of rounding of what they are sums of.
  private static let rounding = 1e-12

  init(_ book: AccountBook, places: [Int]) {
    let empty = Column(sums: [Sums](repeating: Sums(), count: places.count))
    columns = [Column](repeating: empty, count: 1 + book.protocols.count)
    movers = [Int](repeating: -1, count: book.market.universe.count)
    for (a, place) in places.enumerated() { movers[place] = a }
  }

  /// Adds a point of the grid.
  mutating func add(_ book: AccountBook, _ marks: [AccountBook.Mark], after change: ScenarioChange)
  {
    let isFirst = columns[0].sums.first?.slack.isEmpty ?? true
    for k in columns.indices {
      for a in columns[k].sums.indices {
        columns[k].sums[a].convex.append(0)
        columns[k].sums[a].concave.append(0)
        columns[k].sums[a].slack.append(0)
      }
    }
    for holding in book.holdingTerms {
      let value = holding.units * holding.price * change.growth[holding.place]
      count(value, in: 0, at: holding.place, size: value.magnitude, isFirst: isFirst)
    }
    for (mark, line) in zip(marks, book.terms) {
      let spot = book.market.prices[line.place] * change.growth[line.place]
      let size = mark.value.magnitude + mark.margin + line.units.magnitude * spot
      if mark.margin > 0 { columns[0].canClose = true }
      count(
        mark.value - mark.margin, in: 0, at: line.place, size: size, isFirst: isFirst,
        isConvex: line.kind == .option && line.units > 0)
      guard line.owner >= 0 else { continue }
      var debtor = AccountBook.Debtor()
      line.count(mark.value, in: &debtor)
      if debtor.debt > 0 { columns[1 + line.owner].canClose = true }
      count(
        debtor.collateral - debtor.debt, in: 1 + line.owner, at: line.place, size: size,
        isFirst: isFirst)
    }
  }

  private mutating func count(
    _ value: Double,
    in k: Int,
    at place: Int,
    size: Double,
    isFirst: Bool,
    isConvex: Bool = false
  ) {
    let a = movers[place]
    guard a >= 0 else {
      if isFirst {
        columns[k].constant += value
        columns[k].constantSlack += Self.rounding * size
      }
      return
    }
    let last = columns[k].sums[a].slack.count - 1
    columns[k].sums[a].slack[last] += Self.rounding * size
    if isConvex {
      columns[k].sums[a].convex[last] += value
    } else {
      columns[k].sums[a].concave[last] += value
    }
  }
}

extension GapTable.Sums {
  /// A piecewise linear function below the sum between the second point and the last but one.
  func curve(_ moves: [Double]) -> GapCurve {
    guard let last = moves.last, last > 0 else {
      // An asset that stays.
      return GapCurve(moves: [0], values: [convex[0] + concave[0] - slack[0]])
    }
    let growths = moves.map { exp($0) }
    var curve = GapCurve()
    func append(_ move: Double, _ value: Double) {
      curve.moves.append(move)
      curve.values.append(value)
    }
    for i in 1..<(moves.count - 2) {
      append(moves[i], convex[i] + concave[i] - slack[i])
      let width = growths[i + 1] - growths[i]
      let (offset, least) = lowest(in: i, growths)
      let share = offset / width
      guard share > 0, share < 1 else { continue }
      let chord = concave[i] + share * (concave[i + 1] - concave[i])
      let move = moves[i] + log1p(offset / growths[i])
      guard move > moves[i], move < moves[i + 1] else { continue }
      append(move, least + chord - max(slack[i], slack[i + 1]))
    }
    let end = moves.count - 2
    append(moves[end], convex[end] + concave[end] - slack[end])
    return curve.loweredToChords
  }

  /// Where the lines from both sides meet in a cell that begins at a point, and their value there, which the convex part
  /// does not undercut.
  private func lowest(in i: Int, _ growths: [Double]) -> (offset: Double, value: Double) {
    func slope(_ j: Int) -> Double {
      (convex[j + 1] - convex[j]) / (growths[j + 1] - growths[j])
    }
    let (before, inside, after) = (slope(i - 1), slope(i), slope(i + 1))
    let width = growths[i + 1] - growths[i]
    let share = after > before ? min(max((after - inside) / (after - before), 0), 1) : 0.5
    let offset = share * width
    let value = min(
      convex[i] + before * offset, convex[i + 1] - after * (width - offset),
      convex[i] + share * (convex[i + 1] - convex[i]))
    return (offset, value)
  }
}

extension GapCurve {
  /// Knots lowered so that chords in log moves are below chords in prices.
  fileprivate var loweredToChords: GapCurve {
    var lowered = self
    for j in moves.indices.dropLast() {
      let width = moves[j + 1] - moves[j]
      let rise = values[j + 1] - values[j]
      guard rise > 0 else { continue }
      // α e^(end) is the rise over 1 − e^(−w).
      let drop = rise / -expm1(-width) * width * width / 8
      lowered.values[j] = min(lowered.values[j], values[j] - drop)
      lowered.values[j + 1] = min(lowered.values[j + 1], values[j + 1] - drop)
    }
    return lowered
  }
}
