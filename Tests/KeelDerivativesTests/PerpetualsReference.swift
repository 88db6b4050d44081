import Foundation
import KeelDerivatives
import KeelTestSupport

/// The rows of `Tests/Reference/perpetuals.json`.
struct PerpetualsReference: Decodable, Sendable {
  struct Curve: Decodable {
    let spot: Double
    let points: [[Double]]
    let rows: [[Double]]
    let premiumsPerYear: Double
    let interestPerYear: Double
    let fair: [Double?]
  }

  struct Venue: Decodable {
    let venue: String
    let samples: [Double]
    let rate: Double
  }

  struct Fair: Decodable {
    struct Rule: Decodable {
      let settlement: Int
      let interest: Double
      let halfWidth: Double?
      let share: Double
      let hours: Double
      let accrual: String
      let notional: String
      let averaging: String
    }

    let rule: Rule
    let growth: Double
    let start: Double
    let premium: Double
    let half: Double
  }

  let profits: [[Double]]
  let forwards: [[Double]]
  let curves: [Curve]
  let venues: [Venue]
  let premiumIndices: [[Double]]
  let conversions: [[Double]]
  let payments: [[Double]]
  let fair: [Fair]
  let linear: [[Double]]
  let events: [[Double]]
  let everlasting: [[Double]]
  let continuous: [[Double]]

  static func load() throws -> PerpetualsReference {
    try Reference.load(Self.self, "perpetuals")
  }
}

/// A contract from its code in the reference file.
func contract(_ code: Double, size: Double) throws -> FuturesContract {
  switch code {
  case 0: try .linear(coinPerContract: size)
  case 1: try .inverse(cashPerContract: size)
  default: try .quanto(multiplier: size)
  }
}

func settlement(_ code: Double) -> FuturesContract.Settlement {
  code == 0 ? .linear : code == 1 ? .inverse : .quanto
}

/// Encodes a value and decodes it again.
func roundTrip<Value: Codable>(_ value: Value) throws -> Value {
  try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
}

/// Decodes a value from text.
func decoded<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
  try JSONDecoder().decode(type, from: Data(text.utf8))
}
