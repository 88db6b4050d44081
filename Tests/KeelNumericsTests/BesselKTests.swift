import Foundation
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct BesselKTests {
  struct File: Decodable {
    let points: [[Double]]
    let orders: [[Double]]
  }

  @Test func ordersZeroAndOneAgreeWithFiftyDigits() throws {
    for row in try Reference.load(File.self, "bessel").points {
      let x = row[0]
      let (zero, one) = (SpecialFunctions.scaledBesselK0(x), SpecialFunctions.scaledBesselK1(x))
      // The reference's logarithm is rounded itself.
      expectClose(log(zero), row[1], absolute: 3e-15 * max(1, row[1].magnitude), "K0 at \(x)")
      expectClose(log(one), row[2], absolute: 3e-15 * max(1, row[2].magnitude), "K1 at \(x)")
    }
  }

  @Test func anyOrderAgreesWithFiftyDigits() throws {
    for row in try Reference.load(File.self, "bessel").orders {
      let value = SpecialFunctions.logScaledBesselK(row[1], order: row[0])
      expectClose(
        value, row[2], absolute: 1e-14 * max(1, row[2].magnitude), "order \(row[0]) at \(row[1])")
      expectClose(SpecialFunctions.logScaledBesselK(row[1], order: -row[0]), value)
    }
  }

  @Test func recurrenceHoldsAndPiecesMeet() {
    // K2 = K0 + 2 K1/x by the other method.
    for k in 1...200 {
      let x = 0.07 * Double(k)
      let (zero, one) = (SpecialFunctions.scaledBesselK0(x), SpecialFunctions.scaledBesselK1(x))
      let two = SpecialFunctions.logScaledBesselK(x, order: 2)
      expectClose(log(zero + 2 * one / x), two, absolute: 2e-14, "\(x)")
      #expect(one > zero)
    }
    for edge in [1.0, 2, 4, 8, 16] {
      let (below, above) = (edge.nextDown, edge.nextUp)
      expectClose(
        SpecialFunctions.scaledBesselK0(below), SpecialFunctions.scaledBesselK0(above),
        relative: 2e-15)
      expectClose(
        SpecialFunctions.scaledBesselK1(below), SpecialFunctions.scaledBesselK1(above),
        relative: 2e-15)
    }
  }

  @Test func extremeArgumentsAndOrdersEnd() {
    // (argument, order, ln(exp(x) K(x))) with 40 digits of mpmath; the large ones by Debye's expansion.
    let cases: [(Double, Double, Double)] = [
      (1e-300, 1e-10, 6.537_982_733_881_081_034_98),
      (1.4e-200, 0.01, 8.514_969_185_728_772_524_7),
      (1e-300, 0.3, 207.843_253_337_890_217_728),
      (1.5e308, 1.5e308, 7.007_400_369_696_719_723_4e307),
      (1e308, 0.25, -354.372_312_968_438_307_91),
      (1.7e308, 1e308, 2.864_023_103_603_859_456_7e307),
      (1, 1e300, 6.904_686_750_787_736_868_2e302),
      (1e21, 3e10, -23.501_352_123_792_752_25),
    ]
    for (x, order, reference) in cases {
      let value = SpecialFunctions.logScaledBesselK(x, order: order)
      expectClose(
        value, reference, absolute: 1e-14 * max(1, reference.magnitude), "\(order) at \(x)")
    }
    let least = Double.leastNonzeroMagnitude
    #expect(SpecialFunctions.logScaledBesselK(least, order: 1.7e308) == .infinity)
    #expect(SpecialFunctions.logScaledBesselK(1.7e308, order: least).isFinite)
    #expect(SpecialFunctions.logScaledBesselK(least, order: 0.001).isFinite)
    #expect(SpecialFunctions.logScaledBesselK(least, order: least).isFinite)
  }

  @Test func edges() {
    #expect(SpecialFunctions.scaledBesselK0(0) == .infinity)
    #expect(SpecialFunctions.scaledBesselK1(0) == .infinity)
    #expect(SpecialFunctions.scaledBesselK0(.infinity) == 0)
    #expect(SpecialFunctions.scaledBesselK1(-1).isNaN)
    #expect(SpecialFunctions.scaledBesselK0(.nan).isNaN)
    #expect(SpecialFunctions.logScaledBesselK(0, order: 3) == .infinity)
    #expect(SpecialFunctions.logScaledBesselK(.infinity, order: 3) == -.infinity)
    #expect(SpecialFunctions.logScaledBesselK(-1, order: 3).isNaN)
    #expect(SpecialFunctions.logScaledBesselK(1, order: .infinity).isNaN)
    #expect(SpecialFunctions.logScaledBesselK(1, order: .nan).isNaN)
    #expect(SpecialFunctions.logScaledBesselK(.nan, order: 1).isNaN)
  }
}
