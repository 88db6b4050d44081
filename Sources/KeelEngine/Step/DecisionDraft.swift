import KeelData

/// A decision in the making.
struct DecisionDraft {
  let index: Int
  let time: Timestamp
  var kind = Decision.Kind.hold
  var verdict = BreakerPanel.Verdict(action: .halt, causes: [])
  var reasons: [Decision.Reason] = []
  var equity: Double?
  var target: Weights?
  var trades: [Trade] = []
  var orders: [ContractOrder] = []
  var expectedCost = 0.0
  var schedule: ExecutionSchedule?

  /// Whether a limit refused what was planned.
  var isRefused = false

  init(index: Int, time: Timestamp) {
    self.index = index
    self.time = time
  }

  var isEmpty: Bool { trades.isEmpty && orders.isEmpty }

  /// Adds up what the trades and orders are expected to cost.
  mutating func countCosts() {
    expectedCost = trades.reduce(orders.reduce(0) { $0 + $1.cost }) {
      $0 + $1.fee.doubleValue + $1.slippage.doubleValue + $1.gas.doubleValue
    }
  }

  /// Leaves everything as it is, for the reasons that are given.
  mutating func dropOrders() {
    kind = .hold
    trades = []
    orders = []
    expectedCost = 0
    schedule = nil
  }

  /// Leaves everything as it is because a stage failed.
  mutating func hold(_ fault: StageFault) {
    dropOrders()
    reasons.append(
      fault.isInternal ? .fault(stage: fault.stage, fault.reason) : .badInput(fault.reason))
  }

  /// The decision with its record, which is written after what the writer holds.
  func decision(
    parameters: [UInt8],
    inputs: [UInt8],
    previousHash: [UInt8],
    writer: inout CanonicalWriter
  ) -> Decision {
    let payload = Decision.Payload(
      parameters: parameters, inputs: inputs, index: index, time: time, kind: kind,
      verdict: verdict, reasons: reasons, equity: equity, target: target, trades: trades,
      orders: orders, expectedCost: expectedCost, schedule: schedule)
    let start = writer.count
    writer.payload(payload)
    return Decision(
      index: index, time: time, kind: kind, verdict: verdict, reasons: reasons, equity: equity,
      target: target, trades: trades, orders: orders, expectedCost: expectedCost,
      schedule: schedule,
      record: AuditLog.Record(
        index: index, previousHash: previousHash, payload: Array(writer.bytes[start...])))
  }
}
