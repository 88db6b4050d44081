/// A named block of affine expressions whose values must lie in a cone.
///
/// ```text
/// F x + g ∈ K
/// ```
public struct ConicConstraint: Hashable, Sendable {
  /// The name, by which results speak of the block.
  public let name: String

  /// The cone K.
  public let cone: Cone

  /// The rows of F with their elements of g.
  public internal(set) var expressions: [AffineExpression]

  /// Creates a block.
  ///
  /// Shapes and numbers are checked when a ``ConicProgram`` is made of it.
  ///
  /// - Parameters:
  ///   - name: The name, different from that of other blocks.
  ///   - cone: The cone.
  ///   - expressions: The expressions, in the order of the cone's definition.
  public init(_ name: String, in cone: Cone, _ expressions: [AffineExpression]) {
    self.name = name
    self.cone = cone
    self.expressions = expressions
  }
}
