import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct SymmetricEigenTests {
  init() { #expect(oneBLASThread) }

  @Test(arguments: 1...60)
  func decomposes(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let order = 1 + (seed * 5) % 70
    let a = try randomSymmetric(order: order, using: &generator)
    let eigen = try SymmetricEigen(a)
    let v = eigen.vectors
    let scaled = try v * SymmetricMatrix(diagonal: eigen.values)
    let bound = 10 * Double(order) * Double.ulpOfOne
    #expect(difference(try a * v, scaled) <= bound * norm(a.matrix))
    let identity = try Matrix(identityOfOrder: order)
    #expect(difference(try v.transposed * v, identity) <= bound)
    for j in 1..<max(order, 1) { #expect(eigen.values[j - 1] <= eigen.values[j]) }
  }
}
