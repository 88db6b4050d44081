import KeelDerivatives
import KeelLinearAlgebra
import KeelNumerics

/// What quotes say about the parameters of a fitted hyperbola.
///
/// A smile can be well known between its quotes and its parameters unknown: a narrow range shows level, skew and curvature,
/// which are three numbers, not five. Errors are those of least squares, when each quote is wrong by half its spread.
public struct SVIIdentification: Hashable, Sendable, Codable {
  /// A raw parameter.
  public enum Parameter: String, Hashable, Sendable, Codable, CaseIterable {
    /// The level of the total variance.
    case a
    /// Half the angle between the wings.
    case b
    /// The rotation.
    case rho
    /// The center.
    case m
    /// The width.
    case sigma
  }

  /// The ratio of the largest and the least singular value of the derivatives by the parameters, each column of length one.
  public let conditionNumber: Double

  /// The standard error of each parameter, in the order of `Parameter.allCases`, in the unit of the parameter.
  public let standardErrors: [Double]

  /// The parameters whose error exceeds their scale: the variance at the money for a, b for b, one for ρ, the deviation at
  /// the money for m, σ for σ.
  public let unidentified: [Parameter]

  /// A singular value that is less, as a part of the largest, is rounding.
  private static let leastSingularValue = 1e-8

  init(_ smile: SVISmile, _ bands: QuoteBands) {
    let count = Parameter.allCases.count
    var gram = [Double](repeating: 0, count: count * count)
    for (i, k) in bands.places.enumerated() {
      let z = k - smile.m
      let root = (z * z + smile.sigma * smile.sigma).squareRoot()
      let row = [
        1, smile.rho * z + root, smile.b * z, -smile.b * (smile.rho + z / root),
        smile.b * smile.sigma / root,
      ].map { $0 * bands.weights[i] }
      for j in 0..<count { for l in 0..<count { gram[j + l * count] += row[j] * row[l] } }
    }
    let lengths = (0..<count).map { gram[$0 + $0 * count].squareRoot() }
    let money = smile.totalVariance(at: 0).value
    let scales = [money, smile.b, 1, money.squareRoot(), smile.sigma]
    for j in 0..<count {
      for l in 0..<count {
        let length = lengths[j] * lengths[l]
        gram[j + l * count] = length > 0 ? gram[j + l * count] / length : (j == l ? 1 : 0)
      }
    }
    var errors = [Double](repeating: .infinity, count: count)
    var condition = Double.infinity
    if let eigen = try? SymmetricEigen(SymmetricMatrix(lowerTriangleOf: gram, order: count)),
      let largest = eigen.values.max()
    {
      let floor = largest * Self.leastSingularValue * Self.leastSingularValue
      let values = eigen.values.map { max($0, floor) }
      condition = (largest / (values.min() ?? floor)).squareRoot()
      for j in 0..<count where lengths[j] > 0 {
        let square = (0..<count).reduce(0.0) {
          $0 + eigen.vectors[j, $1] * eigen.vectors[j, $1] / values[$1]
        }
        errors[j] = square.squareRoot() / lengths[j]
      }
    }
    (conditionNumber, standardErrors) = (condition, errors)
    unidentified = Parameter.allCases.enumerated().compactMap {
      !(errors[$0] <= scales[$0]) ? $1 : nil
    }
  }
}

extension SVIIdentification {
  private enum CodingKeys: String, CodingKey {
    case conditionNumber, standardErrors, unidentified
  }

  /// Decodes an identification.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    conditionNumber = try values.decode(CodedNumber.self, forKey: .conditionNumber).value
    standardErrors = try values.decode([CodedNumber].self, forKey: .standardErrors).map(\.value)
    unidentified = try values.decode([Parameter].self, forKey: .unidentified)
  }

  /// Encodes an identification; numbers that are not finite become text.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: An error of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(CodedNumber(conditionNumber), forKey: .conditionNumber)
    try values.encode(standardErrors.map { CodedNumber($0) }, forKey: .standardErrors)
    try values.encode(unidentified, forKey: .unidentified)
  }
}
