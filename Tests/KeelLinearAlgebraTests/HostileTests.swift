import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How often BLAS or LAPACK complained about an argument.
let argumentComplaints = Atomic<Int>(0)

/// Takes the place of the library's own handler, so that complaints can be counted.
@_cdecl("xerbla_")
public func countComplaint(
  _ name: UnsafePointer<CChar>,
  _ info: UnsafePointer<Int32>,
  _ length: Int
) {
  argumentComplaints.add(1, ordering: .relaxed)
}

/// One public entry: takes a matrix and a vector, returns every number it computed.
struct Entry: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let call: @Sendable (SymmetricMatrix, [Double]) throws -> [Double]

  init(
    _ name: String,
    _ call: @escaping @Sendable (SymmetricMatrix, [Double]) throws -> [Double]
  ) {
    testDescription = name
    self.call = call
  }
}

private func numbers(_ matrix: Matrix) -> [Double] { matrix.columnMajorElements }

let hostileEntries: [Entry] = [
  Entry("product") { a, _ in numbers(try a.matrix * a.matrix) },
  Entry("symmetric product left") { a, _ in numbers(try a * a.matrix) },
  Entry("symmetric product right") { a, _ in numbers(try a.matrix * a) },
  Entry("times") { a, b in try a.times(b) },
  Entry("matrix times") { a, b in try a.matrix.times(b) },
  Entry("transposed times") { a, b in try a.matrix.transposedTimes(b) },
  Entry("quadratic form") { a, b in [try a.quadraticForm(b)] },
  Entry("gram") { a, _ in numbers(try a.matrix.gram(scale: 2).matrix) },
  Entry("outer gram") { a, _ in numbers(try a.matrix.outerGram().matrix) },
  Entry("triangular product") { a, _ in
    var b = a.matrix
    try b.multiplyByTriangular(a.matrix)
    return numbers(b)
  },
  Entry("triangular solve") { a, _ in
    var b = a.matrix
    try b.solveTriangular(a.matrix, TriangularForm(triangle: .upper))
    return numbers(b)
  },
  Entry("accumulated product") { a, _ in
    var c = a.matrix
    try c.setToProduct(a.matrix, .none, a.matrix, .transposed, scale: 0.5, keeping: 2)
    return numbers(c)
  },
  Entry("Cholesky") { a, b in
    let factor = try Cholesky(a)
    return numbers(factor.lower) + [factor.logDeterminant, factor.reciprocalCondition]
      + (try factor.solve(b)) + numbers(try factor.inverse().matrix)
  },
  Entry("CholeskySolver") { a, b in
    var solver = try CholeskySolver(order: a.order)
    try solver.factor(a)
    var x = b
    var span = x.mutableSpan
    try solver.solve(&span)
    var half = b
    var halfSpan = half.mutableSpan
    try solver.solveLower(&halfSpan)
    return x + half + [try solver.reciprocalCondition, try solver.logDeterminant]
  },
  Entry("PivotedCholesky") { a, _ in
    let factor = try PivotedCholesky(a)
    return numbers(factor.lower) + [factor.tolerance]
  },
  Entry("LDL") { a, b in
    let factor = try LDL(a)
    return [factor.reciprocalCondition] + (try factor.solve(b))
  },
  Entry("LU") { a, b in
    let factor = try LU(a.matrix)
    return [factor.reciprocalCondition] + (try factor.solve(b))
  },
  Entry("QR") { a, b in
    let factor = try QR(a.matrix)
    return numbers(factor.upper) + numbers(try factor.orthonormalFactor())
      + [try factor.reciprocalCondition] + numbers(try factor.rotate(.transposed, a.matrix))
  },
  Entry("QRSolver") { a, b in
    var solver = try QRSolver(rowCount: a.order, columnCount: a.order)
    try solver.factor(a.matrix)
    var x = b
    var span = x.mutableSpan
    let residual = try solver.solve(b.span, into: &span)
    return x + [residual]
  },
  Entry("LeastSquares") { a, b in
    let result = try LeastSquares(a.matrix, b)
    return result.solution + result.singularValues + [result.residualNorm]
  },
  Entry("SVD") { a, _ in
    let result = try SVD(a.matrix)
    return result.values + numbers(result.u) + numbers(result.vTransposed)
  },
  Entry("eigenvalues alone") { a, _ in try SymmetricEigen.values(of: a) },
  Entry("SymmetricEigen") { a, _ in
    let result = try SymmetricEigen(a)
    return result.values + numbers(result.vectors)
  },
]

@Suite struct HostileTests {
  init() { #expect(oneBLASThread) }

  private static let limit = Duration.seconds(1)

  private func check(
    _ entry: Entry,
    _ a: SymmetricMatrix,
    _ b: [Double],
    isFinite: Bool,
    _ label: String
  ) {
    let start = ContinuousClock.now
    do {
      let result = try entry.call(a, b)
      #expect(isFinite, "\(label): a bad element passed")
      let allFinite = result.allSatisfy { $0.isFinite }
      #expect(allFinite, "\(label): \(result)")
    } catch let error as LinearAlgebraError {
      if case .libraryFault = error { Issue.record("\(label): \(error)") }
      if !isFinite {
        guard case .notFinite = error else {
          Issue.record("\(label): \(error)")
          return
        }
      }
    } catch {
      Issue.record("\(label): \(error)")
    }
    #expect(ContinuousClock.now - start < Self.limit, "\(label)")
  }

  @Test(arguments: hostileEntries)
  func everyNumberAtEveryPlace(_ entry: Entry) throws {
    var generator = SeededGenerator(seed: 3)
    for order in [1, 2, 3, 4] {
      let base = try randomPositiveDefinite(order: order, using: &generator)
      let vector = (0..<order).map { Double($0 + 1) }
      for number in hostileNumbers {
        for column in 0..<order {
          for row in column..<order {
            var a = base
            a[row, column] = number
            check(
              entry, a, vector, isFinite: number.isFinite,
              "order \(order), (\(row), \(column)) = \(number)")
          }
        }
        let all = try SymmetricMatrix(order: order, repeating: number)
        check(entry, all, vector, isFinite: number.isFinite, "order \(order), all \(number)")
        for place in 0..<order where number.isFinite {
          var b = vector
          b[place] = number
          check(entry, base, b, isFinite: true, "order \(order), b[\(place)] = \(number)")
        }
      }
    }
  }

  @Test(arguments: hostileEntries)
  func largeEnoughForTheBlockedPaths(_ entry: Entry) throws {
    var generator = SeededGenerator(seed: 4)
    let order = 72
    let base = try randomPositiveDefinite(order: order, using: &generator)
    let vector = [Double](repeating: 1, count: order)
    for number in hostileNumbers {
      for (row, column) in [(0, 0), (36, 36), (71, 71), (71, 0), (40, 36)] {
        var a = base
        a[row, column] = number
        check(
          entry, a, vector, isFinite: number.isFinite, "(\(row), \(column)) = \(number)")
      }
    }
    for scale in [Double.leastNormalMagnitude / 128, 1e-300, 1e-150, 1e150, 1e300] {
      var a = base
      for j in 0..<order {
        for i in j..<order { a[i, j] = base[i, j] * scale }
      }
      check(entry, a, vector, isFinite: true, "scale \(scale)")
    }
  }

  @Test(arguments: hostileEntries)
  func emptyAndMismatched(_ entry: Entry) throws {
    let empty = try SymmetricMatrix(order: 0)
    check(entry, empty, [], isFinite: true, "empty")
    let one = try SymmetricMatrix(order: 1, repeating: 2)
    for b: [Double] in [[], [1, 2]] { check(entry, one, b, isFinite: true, "mismatched") }
  }

  @Test func badVectorsAreNamed() throws {
    let a = try SymmetricMatrix(diagonal: [1, 2, 3])
    let expected = LinearAlgebraError.notFinite(argument: "vector", row: 1, column: 0)
    #expect(throws: expected) { try a.times([1, .nan, 2]) }
    #expect(throws: expected) { try a.matrix.times([1, .infinity, 2]) }
    let side = LinearAlgebraError.notFinite(argument: "right-hand side", row: 2, column: 0)
    let b = [1, 2, -Double.infinity]
    #expect(throws: side) { try Cholesky(a).solve(b) }
    #expect(throws: side) { try LDL(a).solve(b) }
    #expect(throws: side) { try LU(a.matrix).solve(b) }
    #expect(throws: side) { try LeastSquares(a.matrix, b) }
    #expect(throws: LinearAlgebraError.self) { try a.matrix.gram(scale: .nan) }
    #expect(throws: LinearAlgebraError.self) { try PivotedCholesky(a, tolerance: .nan) }
    #expect(throws: LinearAlgebraError.self) { try QR(a.matrix, relativeTolerance: .infinity) }
  }

  @Test func impossibleOrders() {
    for order in [-1, .min, 50_000, Int(Int32.max), .max] {
      #expect(throws: LinearAlgebraError.self) { _ = try CholeskySolver(order: order) }
      #expect(throws: LinearAlgebraError.self) { _ = try LUSolver(order: order) }
      #expect(throws: LinearAlgebraError.self) { _ = try LDLSolver(order: order) }
      #expect(throws: LinearAlgebraError.self) { _ = try SymmetricEigenSolver(order: order) }
      #expect(throws: LinearAlgebraError.self) {
        _ = try QRSolver(rowCount: order, columnCount: order)
      }
      #expect(throws: LinearAlgebraError.self) {
        _ = try SVDSolver(rowCount: order, columnCount: order)
      }
    }
    #expect(throws: LinearAlgebraError.self) { _ = try SymmetricEigenSolver(order: 40_000) }
  }

  @Test func solversRefuseUseBeforeAFactor() throws {
    let missing = LinearAlgebraError.shapeMismatch(argument: "factored matrix", got: 0, required: 2)
    var x = [1.0, 2]
    var solver = try CholeskySolver(order: 2)
    do {
      var span = x.mutableSpan
      try solver.solve(&span)
      Issue.record("solved without a factor")
    } catch { #expect(error == missing) }
    // A failed factorization leaves no old factor behind.
    let good = try SymmetricMatrix(diagonal: [1, 1])
    let bad = try SymmetricMatrix(diagonal: [1, -1])
    try solver.factor(good)
    do {
      try solver.factor(bad)
      Issue.record("factored an indefinite matrix")
    } catch { #expect(error == .notPositiveDefinite(minorOrder: 2)) }
    do {
      var span = x.mutableSpan
      try solver.solve(&span)
      Issue.record("solved with an old factor")
    } catch { #expect(error == missing) }
  }
}

/// Runs last of all counting: what the gate let through was never refused by the library.
@Suite struct ArgumentComplaintTests {
  init() { #expect(oneBLASThread) }

  @Test func nothingReachesTheLibraryThatItRefuses() throws {
    let before = argumentComplaints.load(ordering: .relaxed)
    #expect(before == 0)
    for entry in hostileEntries {
      for number in hostileNumbers {
        for order in [0, 1, 2, 5] {
          let a = try SymmetricMatrix(order: order, repeating: number)
          _ = try? entry.call(a, [Double](repeating: number, count: order))
        }
      }
    }
    #expect(argumentComplaints.load(ordering: .relaxed) == before)
  }

  // In a process of its own: proves that the counter above sees the library's complaints.
  @Test func theCounterCounts() async {
    await #expect(processExitsWith: .success) {
      typealias Routine =
        @convention(c) (
          UnsafePointer<CChar>, UnsafePointer<Int32>, UnsafeMutablePointer<Double>,
          UnsafePointer<Int32>, UnsafeMutablePointer<Int32>, Int
        ) -> Void
      let symbol = unsafe try #require(dlsym(nil, "dpotrf_"))
      let routine = unsafe unsafeBitCast(symbol, to: Routine.self)
      var order: Int32 = -1
      var element = 1.0
      var info: Int32 = 0
      var triangle = CChar(UInt8(ascii: "L"))
      unsafe routine(&triangle, &order, &element, &order, &info, 1)
      #expect(argumentComplaints.load(ordering: .relaxed) == 1)
    }
  }
}
