/// One thing to time, beside the floors and the peers it is held against.
struct Case {
  /// `area/method/size`.
  let name: String

  /// How many things one run processes.
  var items = 1

  /// The names of the floors whose times add up to the lower limit.
  var floors: [String] = []

  /// The peers, by the name of their function in `Peers/peers.py`.
  var peers: [String] = []

  /// Inputs for the peers: name and numbers, written as raw little-endian doubles.
  var inputs: () throws -> [(name: String, shape: [Int], values: [Double])] = { [] }

  /// Prepares the case; the result is what gets timed, and what reads the answer afterwards.
  let prepare: () throws -> Prepared

  /// What `prepare` hands over.
  struct Prepared {
    /// One run.
    let run: () throws -> Void

    /// The answer of the last run, to compare with the peers' answers.
    var answer: () throws -> [Double] = { [] }
  }
}

/// The result of a case, as one JSON line.
struct Record: Codable {
  struct Peer: Codable {
    var name: String
    var median_ns: Double
    var ratio: Double
    var agreement: Double
  }

  var name: String
  var median_ns: Double
  var min_ns: Double
  var runs: Int
  var items: Int
  var threads = 1
  var allocations: UInt64
  var lapack_allocations: UInt64
  var floor: [String]
  var ratio_to_floor: Double?
  var peers: [Peer]
  var machine: String
}
