import KeelLinearAlgebra
import KeelNumerics

/// What quotes say about the parameters of a calibrated model.
///
/// Errors are those of least squares, when a half spread, or the calibration's own root mean square where that is larger,
/// is one standard error. Bounds are not heeded: a parameter at its bound has the error it would have without.
public struct CalibrationIdentification: Hashable, Sendable, Codable {
  /// A combination of parameters that the quotes do not determine.
  public struct Direction: Hashable, Sendable, Codable {
    /// The part of each parameter, in its scale, squares adding to one; the largest is positive.
    public let parts: [Double]

    /// The standard error of a move along it, in scales: more than one; infinite where no quote would notice.
    public let error: Double
  }

  /// The standard error of each parameter, in its unit; zero for one that is fixed.
  public let standardErrors: [Double]

  /// The ratio of the largest and the least singular value of the derivatives by the parameters in their scales.
  public let conditionNumber: Double

  /// The names of the parameters whose standard error exceeds their scale.
  public let unidentified: [String]

  /// The combinations that are not determined, the worst first.
  public let directions: [Direction]

  /// Whether every parameter is determined.
  public var isIdentified: Bool { unidentified.isEmpty && directions.isEmpty }

  /// A singular value that is less, as a part of the largest, is rounding.
  private static let leastSingularValue = 1e-11

  /// A part of a direction that is less is rounding.
  private static let leastPart = 1e-7

  /// From the derivatives of deviations, a column a parameter, and the standard error of a deviation.
  init(
    slopes: [Double],
    rowCount: Int,
    scales: [Double],
    isFixed: [Bool],
    names: [String],
    noise: Double
  ) {
    let free = isFixed.indices.filter { !isFixed[$0] }
    // Rows of zeros give a direction to each parameter that has none.
    let height = max(rowCount, free.count)
    var scaled = [Double](repeating: 0, count: height * free.count)
    for (column, j) in free.enumerated() {
      for i in 0..<rowCount {
        scaled[column * height + i] = slopes[j * rowCount + i] * scales[j]
      }
    }
    var errors = isFixed.map { $0 ? 0 : Double.infinity }
    var directions: [Direction] = []
    var condition = free.isEmpty ? 1 : Double.infinity
    if !free.isEmpty,
      let matrix = try? Matrix(rowCount: height, columnCount: free.count, columnMajor: scaled),
      let decomposition = try? SVD(matrix), let largest = decomposition.values.first
    {
      var squares = [Double](repeating: 0, count: free.count)
      for (k, value) in decomposition.values.enumerated() {
        let isRounding = value <= Self.leastSingularValue * largest
        let error = isRounding ? .infinity : noise / value
        var parts = [Double](repeating: 0, count: names.count)
        for (column, j) in free.enumerated() {
          let part = decomposition.vTransposed[k, column]
          parts[j] = part
          if !isRounding || part.magnitude > Self.leastPart {
            squares[column] += (part * error) * (part * error)
          }
        }
        if error > 1 { directions.insert(Direction(parts, error), at: 0) }
      }
      for (column, j) in free.enumerated() { errors[j] = squares[column].squareRoot() * scales[j] }
      let least = decomposition.values.last ?? 0
      condition =
        least > Self.leastSingularValue * largest ? largest / least : .infinity
    }
    standardErrors = errors
    conditionNumber = condition
    unidentified = names.indices.filter { !(errors[$0] <= scales[$0]) }.map { names[$0] }
    self.directions = directions
  }
}

extension CalibrationIdentification.Direction {
  fileprivate init(_ parts: [Double], _ error: Double) {
    let largest = parts.max { $0.magnitude < $1.magnitude } ?? 0
    self.parts = largest < 0 ? parts.map { -$0 } : parts
    self.error = error
  }
}

extension CalibrationIdentification.Direction {
  private enum CodingKeys: String, CodingKey { case parts, error }

  /// Decodes a direction.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    parts = try values.decode([Double].self, forKey: .parts)
    error = try values.decode(CodedNumber.self, forKey: .error).value
  }

  /// Encodes a direction; an infinite error becomes text.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: An error of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(parts, forKey: .parts)
    try values.encode(CodedNumber(error), forKey: .error)
  }
}

extension CalibrationIdentification {
  private enum CodingKeys: String, CodingKey {
    case standardErrors, conditionNumber, unidentified, directions
  }

  /// Decodes an identification.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    standardErrors = try values.decode([CodedNumber].self, forKey: .standardErrors).map(\.value)
    conditionNumber = try values.decode(CodedNumber.self, forKey: .conditionNumber).value
    unidentified = try values.decode([String].self, forKey: .unidentified)
    directions = try values.decode([Direction].self, forKey: .directions)
  }

  /// Encodes an identification; numbers that are not finite become text.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: An error of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(standardErrors.map { CodedNumber($0) }, forKey: .standardErrors)
    try values.encode(CodedNumber(conditionNumber), forKey: .conditionNumber)
    try values.encode(unidentified, forKey: .unidentified)
    try values.encode(directions, forKey: .directions)
  }
}
