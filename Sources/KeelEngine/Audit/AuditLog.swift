/// A log of decisions in which each record holds the hash of the one before: nothing can be changed, left out
/// or put in between without a trace.
public struct AuditLog: Hashable, Sendable, Codable {
  /// One record.
  public struct Record: Hashable, Sendable, Codable {
    /// The place in the log, from 0.
    public let index: Int

    /// The hash of the record before; 32 zeros for the first.
    public let previousHash: [UInt8]

    /// What is recorded, in canonical bytes.
    public let payload: [UInt8]

    /// SHA-256 of index, previous hash and payload.
    public let hash: [UInt8]

    /// Chains a payload.
    init(index: Int, previousHash: [UInt8], payload: [UInt8]) {
      self.index = index
      self.previousHash = previousHash
      self.payload = payload
      hash = AuditLog.hash(index, previousHash, payload)
    }
  }

  /// Where a log is broken.
  public struct Fault: Hashable, Sendable, Codable {
    /// The place of the first record that does not follow from the one before.
    public let index: Int
  }

  /// The records, the oldest first.
  public private(set) var records: [Record] = []

  /// Creates an empty log.
  public init() {}

  /// Creates a log from records, which ``firstFault`` checks.
  ///
  /// - Parameter records: The records, the oldest first.
  public init(records: [Record]) { self.records = records }

  /// The hash of the last record, 32 zeros for an empty log; whoever knows it can tell any change.
  public var head: [UInt8] { records.last?.hash ?? Self.origin }

  /// Adds a record.
  ///
  /// - Parameter payload: What is recorded.
  /// - Throws: What the value's own `encode` throws.
  /// - Complexity: O(size of the payload).
  public mutating func append(_ payload: some Encodable) throws {
    let bytes = try CanonicalEncoder.bytes(of: payload)
    records.append(Record(index: records.count, previousHash: head, payload: bytes))
  }

  /// Adds the record of a decision.
  ///
  /// - Parameter record: The record, made to follow the last one; ``firstFault`` tells when it does not.
  public mutating func append(_ record: Record) { records.append(record) }

  /// The first record that does not follow from the one before; nil for a log that is whole.
  ///
  /// - Complexity: O(size of the log).
  public var firstFault: Fault? {
    var previous = Self.origin
    for (index, record) in records.enumerated() {
      let expected = Self.hash(index, previous, record.payload)
      guard record.index == index, record.previousHash == previous, record.hash == expected else {
        return Fault(index: index)
      }
      previous = record.hash
    }
    return nil
  }

  private static func hash(_ index: Int, _ previous: [UInt8], _ payload: [UInt8]) -> [UInt8] {
    var hash = SHA256(UInt64(bitPattern: Int64(index)))
    hash.update(previous[...])
    hash.update(payload[...])
    return hash.finalized()
  }

  private static let origin = [UInt8](repeating: 0, count: 32)
}

/// A promise about a value that is shown later: the commitment tells nothing about it now, and fits no other
/// value then.
public struct Commitment: Hashable, Sendable, Codable {
  /// SHA-256 of the salt and the value's canonical bytes.
  public let hash: [UInt8]

  /// Commits to a value.
  ///
  /// - Parameters:
  ///   - value: The value, to be shown later together with the salt.
  ///   - salt: At least 16 random bytes, kept secret until then: without them a value of few possibilities
  ///     could be guessed.
  /// - Throws: `EngineError.invalidValue` for a salt that is too short, and what `encode` throws.
  public init(to value: some Encodable, salt: [UInt8]) throws {
    guard salt.count >= Self.leastSaltCount else {
      throw EngineError.invalidValue(
        argument: "count of salt", asset: nil, got: Double(salt.count),
        lowest: Double(Self.leastSaltCount), highest: .greatestFiniteMagnitude)
    }
    hash = try Self.digest(value, salt)
  }

  /// Whether a value and a salt are those that were committed to.
  ///
  /// - Parameters:
  ///   - value: The value shown.
  ///   - salt: The salt shown.
  /// - Returns: True when they give the hash.
  /// - Throws: What `encode` throws.
  public func isOpened(by value: some Encodable, salt: [UInt8]) throws -> Bool {
    try salt.count >= Self.leastSaltCount && Self.digest(value, salt) == hash
  }

  private static func digest(_ value: some Encodable, _ salt: [UInt8]) throws -> [UInt8] {
    var hash = SHA256()
    hash.update(salt)
    hash.update(try CanonicalEncoder.bytes(of: value))
    return hash.finalized()
  }

  private static let leastSaltCount = 16
}
