import Foundation
import KeelNumerics
import KeelTestSupport
import Testing

/// The rows of `Tests/Reference/complex.json`.
private struct ComplexReference: Decodable {
  let cases: [[Double]]
}

@Suite struct ComplexTests {
  /// Checks a value against a reference, relative to the modulus; a reference of zero is left out.
  private func expect(
    _ value: Complex,
    _ row: [Double],
    _ place: Int,
    _ bound: Double,
    _ name: String
  ) {
    let reference = Complex(row[4 + 2 * place], row[5 + 2 * place])
    guard reference != .zero else { return }
    let error = (value - reference).modulus
    #expect(
      error <= bound * reference.modulus || error <= 0x1p-1073,
      "\(name) at \(row[0]), \(row[1]) with \(row[2]), \(row[3]): \(value), not \(reference)")
  }

  @Test func matchesReferences() throws {
    let rows = try Reference.load(ComplexReference.self, "complex").cases
    #expect(rows.count > 400)
    for row in rows {
      let z = Complex(row[0], row[1])
      let w = Complex(row[2], row[3])
      expect(z.exponential, row, 0, 4e-16, "exp")
      expect(z.logarithm, row, 1, 4e-16, "log")
      expect(z.squareRoot, row, 2, 4e-16, "sqrt")
      // Next to another root of exp(z) = 1 the terms cancel.
      expect(z.exponentialMinusOne, row, 3, 1e-15, "expm1")
      expect(z.logarithmOnePlus, row, 4, 1e-15, "log1p")
      if z.modulus > 1e-300, w.modulus > 1e-300 { expect(z / w, row, 5, 5e-16, "quotient") }
      expect(z * w, row, 6, 4e-16, "product")
    }
  }

  @Test func partsAndMixedOperatorsAgree() {
    let z = Complex(1.5, -2.25)
    #expect(z + 2 == z + Complex(2) && 2 + z == z + 2)
    #expect(z - 2 == z - Complex(2) && 2 - z == Complex(2) - z)
    #expect(z * 2 == Complex(3, -4.5) && 2 * z == z * 2)
    #expect(z / 2 == Complex(0.75, -1.125))
    #expect(-z == Complex(-1.5, 2.25) && z.conjugate == Complex(1.5, 2.25))
    #expect(Complex.imaginaryUnit * .imaginaryUnit == -Complex.one)
    #expect(z.squaredModulus == 7.3125)
    let back = 1 / (1 / z)
    expectClose(back.real, 1.5, relative: 4e-16)
    expectClose(back.imaginary, -2.25, relative: 4e-16)
    expectClose(Complex(-1, -0.0).argument, -.pi)
  }

  @Test func extremesAreDefined() {
    #expect((Complex.one / .zero).isFinite == false)
    #expect(Complex.zero / Complex(0x1p-1063, 0x1p-1063) == .zero)
    #expect(Complex.zero.squareRoot == .zero)
    #expect(Complex.zero.logarithm.real == -.infinity)
    #expect(!Complex(.infinity, 0).squareRoot.isFinite)
    #expect(!Complex(.nan, 0).exponential.isFinite)
    let quotient = Complex(3e300, 4e300) / Complex(3e300, 4e300)
    expectClose(quotient.real, 1, relative: 4e-16)
    #expect(quotient.imaginary.magnitude < 4e-16)
    let root = Complex(3e300, 4e300).squareRoot
    expectClose(root.real, 2e150, relative: 4e-16)
    expectClose(root.imaginary, 1e150, relative: 4e-16)
    expectClose(Complex(3e300, -4e300).modulus, 5e300)
    let cut = Complex(-4, -0.0).squareRoot
    #expect(cut.real == 0 && cut.imaginary == -2)
  }

  @Test func isStoredByItsParts() throws {
    let z = Complex(0.1, -0.2)
    let data = try JSONEncoder().encode(z)
    #expect(try JSONDecoder().decode(Complex.self, from: data) == z)
  }
}
