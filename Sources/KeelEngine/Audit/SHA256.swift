// The secure hash algorithm with 256 bits.
//
// Goals: the standard's digests, no dependency, any way of splitting the input, the speed of the processor's own
// instructions where it has them. Source: FIPS PUB 180-4, "Secure Hash Standard", NIST 2015, sections 5.1.1 and 6.2.

/// A SHA-256 computation.
public struct SHA256: Sendable {
  private var state = SIMD8<UInt32>(
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
    0x5be0_cd19)

  /// What does not fill a block yet, followed by zeros.
  private var pending = SIMD64<UInt8>()
  private var pendingCount = 0
  private var length: UInt64 = 0

  /// Creates a computation over no bytes.
  public init() {}

  /// Creates a computation over eight bytes: a number, the highest byte first.
  init(_ number: UInt64) {
    pending.write(number, at: 0)
    pendingCount = 8
    length = 8
  }

  /// The digest of bytes.
  ///
  /// - Parameter bytes: Any number of bytes.
  /// - Returns: 32 bytes.
  /// - Complexity: O(count).
  public static func digest(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finalized()
  }

  /// The digest of bytes, which are not copied.
  static func digest(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finalized()
  }

  /// Adds bytes.
  ///
  /// - Parameter bytes: The next bytes of the input.
  public mutating func update(_ bytes: some Sequence<UInt8>) { update(ArraySlice(bytes)) }

  /// Adds bytes without copying them.
  mutating func update(_ bytes: ArraySlice<UInt8>) {
    length &+= UInt64(bytes.count)
    var rest = bytes
    if pendingCount > 0 {
      let first = rest.prefix(Self.blockLength - pendingCount)
      pending.write(first, at: pendingCount)
      pendingCount += first.count
      rest = rest[first.endIndex...]
      if pendingCount < Self.blockLength { return }
      compress(&pending, into: &state)
      pending = SIMD64()
    }
    let whole = rest.startIndex + rest.count / Self.blockLength * Self.blockLength
    compress(rest[..<whole], into: &state)
    pending.write(rest[whole...], at: 0)
    pendingCount = rest.endIndex - whole
  }

  /// The digest of the bytes so far; more may be added to the computation itself afterwards.
  ///
  /// - Returns: 32 bytes.
  public func finalized() -> [UInt8] {
    // A one, zeros up to eight bytes before the end of a block, and the length in bits.
    var (last, words) = (pending, state)
    last[pendingCount] = 0x80
    if pendingCount + 9 > Self.blockLength {
      compress(&last, into: &words)
      last = SIMD64()
    }
    last.write(length &* 8, at: Self.blockLength - 8)
    compress(&last, into: &words)
    var digest = [UInt8](repeating: 0, count: 32)
    digest.write(UInt64(words[0]) << 32 | UInt64(words[1]), at: 0)
    digest.write(UInt64(words[2]) << 32 | UInt64(words[3]), at: 8)
    digest.write(UInt64(words[4]) << 32 | UInt64(words[5]), at: 16)
    digest.write(UInt64(words[6]) << 32 | UInt64(words[7]), at: 24)
    return digest
  }

  private static let blockLength = 64
}
