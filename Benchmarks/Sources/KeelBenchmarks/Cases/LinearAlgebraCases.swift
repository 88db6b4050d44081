import Keel

let linearAlgebraCases: [Case] =
  [100, 500, 2000].map { choleskyCase(order: $0) }
  + [100, 500].map { symmetricEigenCase(order: $0) }
  + [1000, 2000].map { finiteCheckCase(order: $0) }
  + [
    ownedSolverCase("lu", { try LUHolder($0) }), ownedSolverCase("ldl", { try LDLHolder($0) }),
    ownedSolverCase("qr", { try QRHolder($0) }), ownedSolverCase("svd", { try SVDHolder($0) }),
  ]

private func positiveDefinite(order n: Int) throws -> SymmetricMatrix {
  try SymmetricMatrix(
    Matrix(rowCount: n, columnCount: n, columnMajor: Inputs.positiveDefinite(order: n)))
}

/// The owned solver: copy, finiteness and factorization.
private func choleskyCase(order n: Int) -> Case {
  Case(
    name: "linear-algebra/cholesky/\(n)",
    floors: ["blas/dpotrf/\(n)"],
    peers: ["scipy_cholesky"],
    inputs: { [("a", [n, n], Inputs.positiveDefinite(order: n))] }
  ) {
    let holder = try CholeskyHolder(positiveDefinite(order: n))
    return .init(run: holder.run, answer: holder.answer)
  }
}

/// A class, because closures cannot capture a non-copyable solver and change it.
private final class CholeskyHolder {
  private var solver: CholeskySolver
  private let matrix: SymmetricMatrix

  init(_ matrix: SymmetricMatrix) throws {
    self.matrix = matrix
    solver = try CholeskySolver(order: matrix.order)
  }

  func run() throws { try solver.factor(matrix) }

  func answer() throws -> [Double] { try solver.lower.columnMajorElements }
}

private func symmetricEigenCase(order n: Int) -> Case {
  Case(
    name: "linear-algebra/symmetric-eigen/\(n)",
    floors: ["blas/dsyevd/\(n)"],
    peers: ["scipy_eigh"],
    inputs: { [("a", [n, n], Inputs.positiveDefinite(order: n))] }
  ) {
    let holder = try EigenHolder(positiveDefinite(order: n))
    return .init(run: holder.run, answer: holder.answer)
  }
}

private final class EigenHolder {
  private var solver: SymmetricEigenSolver
  private let matrix: SymmetricMatrix

  init(_ matrix: SymmetricMatrix) throws {
    self.matrix = matrix
    solver = try SymmetricEigenSolver(order: matrix.order)
  }

  func run() throws { try solver.decompose(matrix) }

  func answer() throws -> [Double] { try solver.values }
}

/// What proving a matrix finite costs when it is read from memory once.
private func finiteCheckCase(order n: Int) -> Case {
  Case(name: "linear-algebra/finite-check/\(n)", items: n * n) {
    let matrix = try positiveDefinite(order: n)
    return .init(run: {
      guard matrix.firstNonFiniteElement == nil else { throw BenchmarkError("not finite") }
    })
  }
}

/// What a case of an owned solver runs.
private protocol OwnedSolver: AnyObject {
  func run() throws
}

/// The other owned solvers; their record shows that the steady state allocates nothing.
private func ownedSolverCase(
  _ name: String,
  _ make: @escaping (SymmetricMatrix) throws -> any OwnedSolver
) -> Case {
  Case(name: "linear-algebra/\(name)/100") {
    let solver = try make(positiveDefinite(order: 100))
    return .init(run: { try solver.run() })
  }
}

private final class LUHolder: OwnedSolver {
  private var solver: LUSolver
  private let matrix: Matrix

  init(_ matrix: SymmetricMatrix) throws {
    self.matrix = matrix.matrix
    solver = try LUSolver(order: matrix.order)
  }

  func run() throws { try solver.factor(matrix) }
}

private final class LDLHolder: OwnedSolver {
  private var solver: LDLSolver
  private let matrix: SymmetricMatrix

  init(_ matrix: SymmetricMatrix) throws {
    self.matrix = matrix
    solver = try LDLSolver(order: matrix.order)
  }

  func run() throws { try solver.factor(matrix) }
}

private final class QRHolder: OwnedSolver {
  private var solver: QRSolver
  private let matrix: Matrix

  init(_ matrix: SymmetricMatrix) throws {
    self.matrix = matrix.matrix
    solver = try QRSolver(rowCount: matrix.order, columnCount: matrix.order)
  }

  func run() throws { try solver.factor(matrix) }
}

private final class SVDHolder: OwnedSolver {
  private var solver: SVDSolver
  private let matrix: Matrix

  init(_ matrix: SymmetricMatrix) throws {
    self.matrix = matrix.matrix
    solver = try SVDSolver(rowCount: matrix.order, columnCount: matrix.order)
  }

  func run() throws { try solver.decompose(matrix) }
}
