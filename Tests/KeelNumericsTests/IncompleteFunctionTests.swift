import KeelNumerics
import KeelTestSupport
import Testing

/// The scalar forms at the points of the wide reference.
@Suite struct IncompleteFunctionTests {
  @Test(arguments: IncompleteReference.Side.allCases)
  func gamma(_ side: IncompleteReference.Side) throws {
    let rows = try IncompleteReference.gamma.get().rows(side, parameters: 1)
    let values = rows.map {
      side == .lower
        ? SpecialFunctions.regularizedGammaP($0[0], $0[1])
        : SpecialFunctions.regularizedGammaQ($0[0], $0[1])
    }
    let worst = WorstRow(values, rows, at: 2) { _ in 1e-13 }
    #expect(worst.error <= 1, "\(worst)")
    #expect(rows.count > 800)
  }

  @Test(arguments: IncompleteReference.Side.allCases)
  func beta(_ side: IncompleteReference.Side) throws {
    let rows = try IncompleteReference.beta.get().rows(side, parameters: 2)
    let values = rows.map {
      side == .lower
        ? SpecialFunctions.regularizedBeta($0[0], a: $0[1], b: $0[2])
        : SpecialFunctions.regularizedBetaComplement($0[0], a: $0[1], b: $0[2])
    }
    let worst = WorstRow(values, rows, at: 3) { _ in 1e-13 }
    #expect(worst.error <= 1, "\(worst)")
    #expect(rows.count > 800)
  }

  @Test(arguments: IncompleteReference.Side.allCases)
  func inverseGamma(_ side: IncompleteReference.Side) throws {
    let rows = try IncompleteReference.gamma.get().inverseRows(side)
    let values = rows.map {
      side == .lower
        ? SpecialFunctions.inverseRegularizedGammaP($0[0], $0[1])
        : SpecialFunctions.inverseRegularizedGammaQ($0[0], $0[1])
    }
    let worst = WorstRow(values, rows, at: 2) { $0[4] }
    #expect(worst.error <= 1, "\(worst)")
    #expect(rows.count > 800)
  }

  @Test(arguments: IncompleteReference.Side.allCases)
  func inverseBeta(_ side: IncompleteReference.Side) throws {
    let rows = try IncompleteReference.beta.get().inverseRows(side)
    let values = rows.map {
      side == .lower
        ? SpecialFunctions.inverseRegularizedBeta($0[2], a: $0[0], b: $0[1])
        : SpecialFunctions.inverseRegularizedBetaComplement($0[2], a: $0[0], b: $0[1])
    }
    let worst = WorstRow(values, rows, at: 3) { $0[5] }
    #expect(worst.error <= 1, "\(worst)")
    #expect(rows.count > 800)
  }
}
