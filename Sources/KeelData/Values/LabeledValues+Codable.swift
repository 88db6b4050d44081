// Stored labeled values, each checked like a new one.

extension Universe: Codable {
  /// Reads a universe: the names of its assets in order.
  ///
  /// - Parameter decoder: A list of names.
  /// - Throws: `DecodingError` for a name that is empty or stands twice.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let assets = try container.decode([AssetID].self)
    self = try checkedDecoding(at: container.codingPath) { () throws(DataError) in
      try Universe(assets)
    }
  }

  /// Writes the names of the assets in order.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(assets)
  }
}

extension Prices: Codable {
  /// Reads prices.
  ///
  /// - Parameter decoder: A keyed container with `universe` and `values`.
  /// - Throws: `DecodingError` for another count or a price that is not positive and finite.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let universe = try container.decode(Universe.self, forKey: .universe)
    let values = try container.decode([Double].self, forKey: .values)
    self = try checkedDecoding(at: container.codingPath) { () throws(DataError) in
      try Prices(universe: universe, values: values)
    }
  }

  /// Writes the universe and the values.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(universe, forKey: .universe)
    try container.encode(values, forKey: .values)
  }

  private enum CodingKeys: String, CodingKey { case universe, values }
}

extension Weights: Codable {
  /// Reads weights.
  ///
  /// - Parameter decoder: A keyed container with `universe` and `values`.
  /// - Throws: `DecodingError` for another count or a weight that is not finite.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let universe = try container.decode(Universe.self, forKey: .universe)
    let values = try container.decode([Double].self, forKey: .values)
    self = try checkedDecoding(at: container.codingPath) { () throws(DataError) in
      try Weights(universe: universe, values: values)
    }
  }

  /// Writes the universe and the values.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(universe, forKey: .universe)
    try container.encode(values, forKey: .values)
  }

  private enum CodingKeys: String, CodingKey { case universe, values }
}

extension Holdings: Codable {
  /// Reads holdings.
  ///
  /// - Parameter decoder: A keyed container with `universe` and `amounts`.
  /// - Throws: `DecodingError` for another count or an amount that is none.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let universe = try container.decode(Universe.self, forKey: .universe)
    let amounts = try container.decode([Amount].self, forKey: .amounts)
    self = try checkedDecoding(at: container.codingPath) { () throws(DataError) in
      try Holdings(universe: universe, amounts: amounts)
    }
  }

  /// Writes the universe and the amounts.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(universe, forKey: .universe)
    try container.encode(amounts, forKey: .amounts)
  }

  private enum CodingKeys: String, CodingKey { case universe, amounts }
}

/// Runs a checked initializer while a value is decoded.
private func checkedDecoding<Value>(
  at path: [any CodingKey],
  _ make: () throws(DataError) -> Value
) throws -> Value {
  do throws(DataError) {
    return try make()
  } catch {
    throw DecodingError.dataCorrupted(
      DecodingError.Context(codingPath: path, debugDescription: "\(error)"))
  }
}
