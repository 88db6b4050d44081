public import KeelData
import KeelNumerics

// What a position has received and paid in funding over a history.
//
// Goals in order: the right sign and time, sums without drift, speed (one pass over both histories).
//
// Every payment is a product, so that a long and a short of one size cancel exactly; totals are
// compensated sums (Neumaier), which keep that.

extension FuturesContract {
  /// The funding that a position receives at one payment, in the currency of settlement.
  ///
  /// ```text
  /// received = −quantity · notional of one contract · rate paid by longs
  /// ```
  ///
  /// - Parameters:
  ///   - quantity: The number of contracts, negative when short: finite.
  ///   - rate: The rate of the interval.
  ///   - price: The price of the notional at the time of the payment, mark or index as the venue's
  ///     rule says, in cash: positive and finite.
  /// - Returns: The amount, negative when it is paid: cash for a linear contract, coin for an
  ///   inverse one. NaN when an argument is outside its domain.
  /// - Complexity: O(1).
  public func fundingReceived(quantity: Double, rate: FundingRate, price: Double) -> Double {
    -(notional(quantity: quantity, price: price) * rate.paidByLong)
  }
}

/// One funding payment of a venue: when, at which rate, on notional at which price.
public struct FundingEvent: Hashable, Sendable, Codable {
  /// When funding is paid.
  public var time: Timestamp

  /// The rate of the interval that ends then.
  public var rate: FundingRate

  /// The price of the notional at that time, mark or index as the venue's rule says, in cash.
  public var price: Double

  /// Creates an event.
  ///
  /// - Parameters:
  ///   - time: When funding is paid.
  ///   - rate: The rate of the interval that ends then.
  ///   - price: The price of the notional at that time, in cash.
  public init(time: Timestamp, rate: FundingRate, price: Double) {
    self.time = time
    self.rate = rate
    self.price = price
  }
}

/// A trade in a contract: when, and how many were bought.
public struct QuantityChange: Hashable, Sendable, Codable {
  /// When the position changed.
  public var time: Timestamp

  /// The number of contracts bought, negative when sold.
  public var quantity: Double

  /// Creates a change.
  ///
  /// - Parameters:
  ///   - time: When the position changed.
  ///   - quantity: The number of contracts bought, negative when sold.
  public init(time: Timestamp, quantity: Double) {
    self.time = time
    self.quantity = quantity
  }
}

/// The funding that a changing position received over a history, payment by payment.
public struct FundingCashFlows: Hashable, Sendable {
  /// What was received at one payment.
  public struct Flow: Hashable, Sendable, Codable {
    /// When funding was paid.
    public let time: Timestamp

    /// The number of contracts held then, negative when short.
    public let quantity: Double

    /// The amount received in the currency of settlement, negative when paid.
    public let received: Double
  }

  /// One flow an event, in order of time.
  public let flows: [Flow]

  /// The sum of all flows in the currency of settlement, negative when more was paid.
  public let totalReceived: Double

  /// Computes the flows of a position.
  ///
  /// A position takes part in a payment when it was opened before the time of the payment: a change
  /// at the very time counts after it. A long and a short of one size net to exactly zero.
  ///
  /// - Parameters:
  ///   - contract: The contract.
  ///   - events: The payments of the venue, times increasing, rates finite, prices positive.
  ///   - changes: The changes of the position from zero on, times not decreasing, quantities finite.
  /// - Throws: `DerivativesError.invalidValue`, whose argument names the event or the change; of a
  ///   time out of order in seconds after the one before.
  /// - Complexity: O(n + m) for n events and m changes.
  public init(
    contract: FuturesContract,
    events: [FundingEvent],
    changes: [QuantityChange]
  ) throws(DerivativesError) {
    try Self.check(events: events, changes: changes)
    var flows: [Flow] = []
    flows.reserveCapacity(events.count)
    var quantity = CompensatedSum()
    var total = CompensatedSum()
    var next = 0
    for event in events {
      while next < changes.count, changes[next].time < event.time {
        quantity.add(changes[next].quantity)
        next += 1
      }
      let received = contract.fundingReceived(
        quantity: quantity.value, rate: event.rate, price: event.price)
      total.add(received)
      flows.append(Flow(time: event.time, quantity: quantity.value, received: received))
    }
    self.flows = flows
    totalReceived = total.value
  }

  private static func check(
    events: [FundingEvent],
    changes: [QuantityChange]
  ) throws(DerivativesError) {
    // Names are put together only for an error: most histories have none.
    for (index, event) in events.enumerated() {
      let (fraction, price) = (event.rate.fraction, event.price)
      if !fraction.isFinite { try requireFinite(fraction, "events[\(index)].rate") }
      if !FuturesContract.isPrice(price) { try requirePositive(price, "events[\(index)].price") }
      guard index == 0 || events[index - 1].time < event.time else {
        throw .invalidValue(
          argument: "events[\(index)].time",
          got: event.time.seconds(since: events[index - 1].time),
          lowest: .leastNonzeroMagnitude, highest: .greatestFiniteMagnitude)
      }
    }
    for (index, change) in changes.enumerated() {
      let quantity = change.quantity
      if !quantity.isFinite { try requireFinite(quantity, "changes[\(index)].quantity") }
      guard index == 0 || changes[index - 1].time <= change.time else {
        throw .invalidValue(
          argument: "changes[\(index)].time",
          got: change.time.seconds(since: changes[index - 1].time), lowest: 0,
          highest: .greatestFiniteMagnitude)
      }
    }
  }
}
