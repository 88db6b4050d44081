import Keel

/// What became of a strategy, and whether every decision can be made again.
struct Outcome {
  struct Trip {
    let time: Timestamp
    let breaker: String
  }

  let setup: Setup
  let result: BacktestResult
  /// Decisions that a replay gave again, byte for byte.
  let replayed: Int
  /// Whether the chain of records is whole and ends where the engine's does.
  let isAuditWhole: Bool
  /// The steps in which breakers began to act.
  let trips: [Trip]
  /// How often a limit spoke against a plan.
  let limitCount: Int
  /// What failed inside, or was wrong with an input.
  let faults: [String]

  /// Runs the strategy, and beside it a second engine that sees the same markets and accounts.
  init(_ setup: Setup) throws {
    let engine = try Engine(setup.strategy)
    var second = try engine.start(setup.account)
    var log = AuditLog()
    var (replayed, limitCount) = (0, 0)
    var (trips, faults): ([Trip], [String]) = ([], [])
    var acting: Set<String> = []
    result = try Backtest(engine, annualization: setup.annualization, settings: setup.settings)
      .run(from: setup.account, over: setup.markets) { step in
        let decision = step.decision
        log.append(decision.record)
        second.account = step.accountBefore
        if engine.step(&second, step.market) == decision { replayed += 1 }
        let causes = Set(decision.verdict.causes)
        trips += causes.subtracting(acting).sorted().map { Trip(time: decision.time, breaker: $0) }
        acting = causes
        for reason in decision.reasons {
          switch reason {
          case .limit: limitCount += 1
          case .fault(let stage, let text): faults.append("\(decision.time) \(stage): \(text)")
          case .badInput(let text): faults.append("\(decision.time): \(text)")
          default: break
          }
        }
        return true
      }
    self.setup = setup
    self.replayed = replayed
    self.limitCount = limitCount
    self.trips = trips
    self.faults = faults
    isAuditWhole = log.firstFault == nil && log.head == result.finalState.auditHead
  }

  /// The change of equity that the sources of profit must explain.
  var change: Double { (result.equities.last ?? 0) - (result.equities.first ?? 0) }
}
