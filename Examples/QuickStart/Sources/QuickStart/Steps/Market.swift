import Foundation
import Keel

// Step 1: read the prices, check them, and set the last days aside.

/// Prices that were read and checked.
struct Market {
  let fileName: String
  /// The complete prices of all columns.
  let history: PriceHistory
  let cash: [AssetID]
  /// The risky assets: what estimates may see, and the days they may not.
  let estimation: PriceHistory
  let heldOut: PriceHistory
  let annualization: Annualization
  let check: PriceCheck

  var universe: Universe { estimation.universe }

  init(_ file: URL) throws {
    fileName = file.lastPathComponent
    let bytes: Data
    do {
      bytes = try Data(contentsOf: file)
    } catch {
      throw Failure("\(file.path): the file cannot be read")
    }
    let table = try CSVTable([UInt8](bytes), file: fileName)
    let everything = try PriceHistory(wide: table)
    history = try everything.completeWindow()

    let names = everything.universe.assets
    let cash = names.filter { Assumptions.cashNames.contains($0.rawValue.uppercased()) }
    let risky = names.filter { !cash.contains($0) }
    self.cash = cash
    guard !risky.isEmpty else {
      throw Failure("\(fileName): line 1: every column is cash; a portfolio needs another asset")
    }
    let fewest = Assumptions.fewestReturns + risky.count + 1 + Assumptions.heldOutRows
    guard history.rowCount >= fewest else {
      throw Failure(
        "\(fileName): \(history.rowCount) rows in which every asset has a price; "
          + "\(risky.count) assets need at least \(fewest)")
    }
    let prices = try history.selecting(risky)
    try Self.requireMovement(prices, fileName)
    estimation = prices.dropLast(Assumptions.heldOutRows)
    // The first held-out return starts at the last price that the estimates saw.
    heldOut = prices.suffix(Assumptions.heldOutRows + 1)
    annualization = try Self.annualization(of: history)
    check = try PriceCheck(everything, kept: history, cash: cash)
  }

  /// Requires that every price changes, without which there is no risk to measure.
  private static func requireMovement(_ prices: PriceHistory, _ fileName: String) throws {
    for (position, asset) in prices.universe.assets.enumerated() {
      let first = prices[0, position]
      if (1..<prices.rowCount).allSatisfy({ prices[$0, position] == first }) {
        throw Failure("\(fileName): the price of \(asset) never changes")
      }
    }
  }

  /// Periods a year, told from the dates.
  private static func annualization(of history: PriceHistory) throws -> Annualization {
    let years = history.timestamps[history.rowCount - 1].years(since: history.timestamps[0])
    let perYear = Double(history.rowCount - 1) / years
    switch perYear {
    case 340...370: return .dailyContinuous
    case 240...262: return .businessDays
    case 51...53: return .weekly
    case 11.5...12.5: return .monthly
    default: return try Annualization(periodsPerYear: perYear.rounded())
    }
  }
}

/// What was looked at in the prices, and what was found.
struct PriceCheck {
  struct Move {
    let asset: AssetID
    let date: Timestamp
    let simpleReturn: Double
  }

  /// Rows and cells without a price, and rows that were left out for them.
  let rowCount: Int
  let blankCount: Int
  let droppedRowCount: Int
  /// The days that the dates jump over more often than the usual step.
  let gapCount: Int
  /// Prices equal to the one before.
  let repeatedCount: Int
  let extremeMoves: [Move]
  /// The price of a cash column that was farthest from one.
  let worstCash: (asset: AssetID, date: Timestamp, price: Double)?

  init(_ all: PriceHistory, kept: PriceHistory, cash: [AssetID]) throws {
    rowCount = all.rowCount
    blankCount = all.missingCount
    droppedRowCount = all.rowCount - kept.rowCount
    gapCount = Self.gaps(kept.timestamps)

    let returns = try kept.logReturns()
    var repeated = 0
    var moves: [Move] = []
    for (j, asset) in returns.universe.assets.enumerated() where !cash.contains(asset) {
      let column = (0..<returns.observationCount).map { returns.values[$0, j] }
      repeated += column.count { $0 == 0 }
      let deviation = Self.robustDeviation(column)
      for (i, move) in column.enumerated()
      where deviation > 0 && abs(move) > Assumptions.extremeDeviations * deviation {
        moves.append(
          Move(asset: asset, date: returns.timestamps[i], simpleReturn: exp(move) - 1))
      }
    }
    repeatedCount = repeated
    extremeMoves = moves.sorted { abs(log1p($0.simpleReturn)) > abs(log1p($1.simpleReturn)) }

    var worst: (asset: AssetID, date: Timestamp, price: Double)?
    for asset in cash {
      for i in 0..<kept.rowCount {
        guard let price = kept.price(row: i, asset: asset) else { continue }
        if abs(price - 1) > abs((worst?.price ?? 1) - 1) {
          worst = (asset, kept.timestamps[i], price)
        }
      }
    }
    worstCash = worst
  }

  /// Steps between dates that are more than four times the usual one.
  private static func gaps(_ times: [Timestamp]) -> Int {
    let steps = zip(times.dropFirst(), times).map { $0.seconds(since: $1) }
    guard let usual = steps.sorted().dropFirst(steps.count / 2).first else { return 0 }
    return steps.count { $0 > 4 * usual }
  }

  /// The median absolute deviation, scaled to the standard deviation of a normal law: 1 / Φ⁻¹(3/4).
  private static func robustDeviation(_ values: [Double]) -> Double {
    let normalScale = 1.482_602_218_505_602
    let center = median(values)
    return normalScale * median(values.map { abs($0 - center) })
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    if sorted.isEmpty { return 0 }
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
