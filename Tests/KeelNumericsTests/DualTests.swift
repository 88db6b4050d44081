import KeelNumerics
import KeelTestSupport
import Testing

/// Dual numbers against derivatives known in closed form.
@Suite struct DualTests {
  @Test func operationsDifferentiate() {
    for x in [0.3, 1.0, 2.5, 17.0] {
      let variable = Dual<Double>(variable: x)
      let three = Dual<Double>(3)
      expectClose((variable + three).derivative, 1, relative: 0)
      expectClose((three - variable).derivative, -1, relative: 0)
      expectClose((variable * variable * variable).derivative, 3 * x * x, relative: 1e-15)
      expectClose((three / variable).derivative, -3 / (x * x), relative: 1e-15)
      expectClose((-variable).derivative, -1, relative: 0)
      expectClose(variable.logarithm.derivative, 1 / x, relative: 1e-15)
      expectClose(variable.root.derivative, 0.5 / x.squareRoot(), relative: 1e-15)
      expectClose(variable.exponential.derivative, variable.exponential.value, relative: 0)
      expectClose(variable.normalCDF.derivative, StandardNormal.pdf(x), relative: 1e-14)
      expectClose(variable.normalPDF.derivative, -x * StandardNormal.pdf(x), relative: 1e-14)
      expectClose((2 * variable - 1 + 4).derivative, 2, relative: 0)
      expectClose((variable / 4).derivative, 0.25, relative: 0)
      #expect(variable.primal == x && Dual<Double>(3).derivative == 0)
    }
  }

  /// The third derivative of x⁵ and the mixed one of x²y³.
  @Test func nestedOnesCarryHigherOrders() {
    typealias Second = Dual<Dual<Double>>
    typealias Third = Dual<Second>
    let x = Third(
      Second(Dual(variable: 2), derivative: Dual(1)), derivative: Second(1))
    let power = x * x * x * x * x
    expectClose(power.derivative.derivative.derivative, 60 * 4, relative: 1e-15)
    let a = Second(Dual(variable: 3), derivative: Dual(0))
    let b = Second(Dual(5), derivative: Dual(1))
    expectClose((a * a * b * b * b).derivative.derivative, 2 * 3 * 3 * 25, relative: 1e-15)
    #expect(x.primal == 2)
  }
}
