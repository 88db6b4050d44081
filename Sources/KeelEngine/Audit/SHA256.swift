import CKeelKernels

// The secure hash algorithm with 256 bits.
//
// Goals: the standard's digests, no dependency, any way of splitting the input, the speed of the processor's own
// instructions where it has them. Source: FIPS PUB 180-4, "Secure Hash Standard", NIST 2015, sections 5.1.1 and 6.2. This
// file is the only door of the module to the C kernels; `unsafe` stands nowhere else.

/// A SHA-256 computation.
public struct SHA256: Sendable {
  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
    0x5be0_cd19,
  ]
  private var pending: [UInt8] = []
  private var length: UInt64 = 0

  /// Creates a computation over no bytes.
  public init() {}

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

  /// Adds bytes.
  ///
  /// - Parameter bytes: The next bytes of the input.
  public mutating func update(_ bytes: some Sequence<UInt8>) { take(Array(bytes)) }

  private mutating func take(_ bytes: [UInt8]) {
    length &+= UInt64(bytes.count)
    if pending.isEmpty {
      let whole = compress(bytes)
      if whole < bytes.count { pending.append(contentsOf: bytes[whole...]) }
      return
    }
    pending.append(contentsOf: bytes)
    let whole = compress(pending)
    pending.removeFirst(whole)
  }

  /// The digest of the bytes so far; more may be added to the computation itself afterwards.
  ///
  /// - Returns: 32 bytes.
  public func finalized() -> [UInt8] {
    var last = self
    let bits = length &* 8
    // A one, zeros up to eight bytes before the end of a block, and the length.
    let filled = (last.pending.count + 9) % Self.blockLength
    let zeros = filled == 0 ? 0 : Self.blockLength - filled
    last.pending.append(0x80)
    last.pending.append(contentsOf: repeatElement(0, count: zeros))
    for shift in stride(from: 56, through: 0, by: -8) {
      last.pending.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
    }
    _ = last.compress(last.pending)
    var digest: [UInt8] = []
    digest.reserveCapacity(32)
    for word in last.state {
      for shift in stride(from: 24, through: 0, by: -8) {
        digest.append(UInt8(truncatingIfNeeded: word >> UInt32(shift)))
      }
    }
    return digest
  }

  /// Takes in the whole blocks of some bytes and returns how many bytes those are.
  private mutating func compress(_ bytes: [UInt8]) -> Int {
    let blocks = bytes.count / Self.blockLength
    guard blocks > 0 else { return 0 }
    unsafe bytes.withUnsafeBufferPointer { source in
      unsafe state.withUnsafeMutableBufferPointer { target in
        if let from = source.baseAddress, let to = target.baseAddress {
          unsafe keel_sha256_compress(to, from, blocks, 0)
        }
      }
    }
    return blocks * Self.blockLength
  }

  private static let blockLength = 64
}
