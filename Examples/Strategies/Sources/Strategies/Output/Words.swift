import Keel

// How these examples write numbers and words.

func signedPercent(_ value: Double, _ decimals: Int = 1) -> String {
  NumberFormat.percent(decimals).signed.string(value)
}

func percent(_ value: Double, _ decimals: Int = 1) -> String {
  NumberFormat.percent(decimals).string(value)
}

func number(_ value: Double, _ decimals: Int = 2) -> String {
  NumberFormat.fixed(decimals).string(value)
}

func signedDollars(_ value: Double, _ decimals: Int = 0) -> String {
  NumberFormat.currency("$", decimals: decimals).signed.string(value)
}

func count(_ value: Int) -> String { NumberFormat.fixed(0).string(Double(value)) }

func plural(_ value: Int, _ noun: String) -> String {
  "\(value == 0 ? "no" : count(value)) \(noun)\(value == 1 ? "" : "s")"
}
