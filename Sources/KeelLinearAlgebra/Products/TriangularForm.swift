/// Whether an operation reads a matrix as it is or with rows and columns exchanged.
public enum Transposition: Hashable, Sendable {
  /// The matrix as it is stored.
  case none
  /// The matrix with rows and columns exchanged.
  case transposed
}

/// Which triangle of a square matrix an operation reads.
public enum Triangle: Hashable, Sendable {
  /// The diagonal and what is below it.
  case lower
  /// The diagonal and what is above it.
  case upper
}

/// On which side of the other matrix a triangular matrix stands.
public enum TriangularMatrixSide: Hashable, Sendable {
  /// Before the other matrix.
  case left
  /// After the other matrix.
  case right
}

/// Whether the diagonal of a triangular matrix is read or taken to be one.
public enum TriangularDiagonal: Hashable, Sendable {
  /// The diagonal elements are read.
  case stored
  /// The diagonal elements are one, whatever is stored.
  case unit
}

/// How a square matrix is read as a triangular one.
public struct TriangularForm: Hashable, Sendable {
  /// The side on which the triangular matrix stands.
  public var side: TriangularMatrixSide
  /// The triangle that is read.
  public var triangle: Triangle
  /// Whether the triangle is transposed.
  public var transposition: Transposition
  /// Whether the diagonal is read or taken to be one.
  public var diagonal: TriangularDiagonal

  /// Creates a form; without arguments a lower triangle on the left, not transposed.
  ///
  /// - Parameters:
  ///   - side: The side on which the triangular matrix stands.
  ///   - triangle: The triangle that is read.
  ///   - transposition: Whether the triangle is transposed.
  ///   - diagonal: Whether the diagonal is read or taken to be one.
  public init(
    side: TriangularMatrixSide = .left,
    triangle: Triangle = .lower,
    transposition: Transposition = .none,
    diagonal: TriangularDiagonal = .stored
  ) {
    self.side = side
    self.triangle = triangle
    self.transposition = transposition
    self.diagonal = diagonal
  }
}
