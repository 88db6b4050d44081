import Keel

// How this example writes numbers and dates.

func percent(_ value: Double, _ decimals: Int = 1) -> String {
  NumberFormat.percent(decimals).string(value)
}

func signedPercent(_ value: Double, _ decimals: Int = 1) -> String {
  NumberFormat.percent(decimals).signed.string(value)
}

func number(_ value: Double, _ decimals: Int = 2) -> String {
  NumberFormat.fixed(decimals).string(value)
}

func dollars(_ value: Double, _ decimals: Int = 0) -> String {
  NumberFormat.currency("$", decimals: decimals).string(value)
}

func signedDollars(_ value: Double, _ decimals: Int = 0) -> String {
  NumberFormat.currency("$", decimals: decimals).signed.string(value)
}

/// A price with as many decimals as its size asks for.
func price(_ value: Double) -> String {
  dollars(value, value >= 1000 ? 0 : value >= 1 ? 2 : 5)
}

func count(_ value: Int) -> String { NumberFormat.fixed(0).string(Double(value)) }

/// A name that fits the screen and cannot steer the terminal.
func shortName(_ asset: AssetID, _ most: Int = 12) -> String {
  let name = asset.rawValue.map {
    $0.isNewline || $0.asciiValue.map { $0 < 32 } ?? false ? "?" : $0
  }
  return name.count > most ? String(name.prefix(most - 1)) + "…" : String(name)
}

/// Degrees of freedom; at the largest that a fit looks at, the law is as good as normal.
func degrees(_ law: StudentT) -> String {
  let largest = StudentT.FitSettings().highestDegreesOfFreedom
  return law.degreesOfFreedom >= largest
    ? "over \(count(Int(largest)))" : number(law.degreesOfFreedom, 1)
}

func plural(_ value: Int, _ noun: String) -> String {
  "\(value == 0 ? "no" : count(value)) \(noun)\(value == 1 ? "" : "s")"
}

extension Market {
  /// What one row of the prices covers.
  var period: String {
    switch annualization {
    case .dailyContinuous, .businessDays: "day"
    case .weekly: "week"
    case .monthly: "month"
    default: "row"
    }
  }

  /// The first and last day of some prices.
  func span(_ prices: PriceHistory) -> String {
    "\(prices.timestamps[0]) to \(prices.timestamps[prices.rowCount - 1])"
  }
}
