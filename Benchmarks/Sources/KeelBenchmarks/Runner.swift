import CBenchmarkSupport
import Foundation

/// Times cases: a warm-up, then rounds in which the floors, the peers and the case take turns.
///
/// A drift of the machine's speed meets all of them. Peers empty the caches: beside them the floors and
/// the case get further rounds of their own, which the ratio to the floor is of.
struct Runner {
  var quick = false
  var peerServer: PeerServer?
  let machine: String
  let floors: [String: Case]

  /// Rounds stop when both limits are reached, or the round limit.
  private var leastRounds: Int { quick ? 5 : 15 }
  private var mostRounds: Int { quick ? 30 : 300 }
  private var leastSeconds: Double { quick ? 0.1 : 1 }

  /// Whether a peer took so long in three runs that they are enough.
  private func isSlow(_ times: [Double]) -> Bool { times.count >= 3 && times.reduce(0, +) > 10e9 }

  func run(_ benchmark: Case) throws -> Record {
    let prepared = try benchmark.prepare()
    let preparedFloors = try benchmark.floors.map { name -> Case.Prepared in
      guard let floor = floors[name] else { throw BenchmarkError("no floor named \(name)") }
      return try floor.prepare()
    }
    let peers = try startPeers(of: benchmark)

    try prepared.run()
    for floor in preparedFloors { try floor.run() }
    bench_allocations_reset()
    try prepared.run()
    let (own, lapack) = (bench_allocations_own(), bench_allocations_lapack())

    var times: [Double] = []
    var floorTimes = preparedFloors.map { _ in [Double]() }
    var peerTimes = peers.map { _ in [Double]() }
    try takeTurns { round in
      for (i, floor) in preparedFloors.enumerated() { floorTimes[i].append(try time(floor.run)) }
      times.append(try time(prepared.run))
      if round < leastRounds {
        for (i, peer) in peers.enumerated() where !isSlow(peerTimes[i]) {
          peerTimes[i].append(try peer.time())
        }
      }
    }
    var ownTimes = times
    if !peers.isEmpty, !preparedFloors.isEmpty {
      ownTimes = []
      floorTimes = preparedFloors.map { _ in [Double]() }
      try takeTurns { _ in
        for (i, floor) in preparedFloors.enumerated() { floorTimes[i].append(try time(floor.run)) }
        ownTimes.append(try time(prepared.run))
      }
    }

    let answer = try prepared.answer()
    let median = median(times)
    let floorTime = floorTimes.map { $0.min() ?? .nan }.reduce(0, +)
    return Record(
      name: benchmark.name,
      median_ns: median,
      min_ns: times.min() ?? .nan,
      runs: times.count,
      items: benchmark.items,
      allocations: own,
      lapack_allocations: lapack,
      floor: benchmark.floors,
      ratio_to_floor: benchmark.floors.isEmpty ? nil : (ownTimes.min() ?? .nan) / floorTime,
      peers: try peers.enumerated().map { i, peer in
        let peerMedian = self.median(peerTimes[i])
        return Record.Peer(
          name: peer.label,
          median_ns: peerMedian,
          ratio: peerMedian / median,
          agreement: largestDifference(answer, try peer.answer()))
      },
      machine: machine)
  }

  /// Runs rounds until both limits are reached, or the round limit.
  private func takeTurns(_ round: (Int) throws -> Void) rethrows {
    let begin = now()
    var count = 0
    while count < leastRounds
      || (now() - begin < leastSeconds * 1e9 && count < mostRounds)
    {
      try round(count)
      count += 1
    }
  }

  private func startPeers(of benchmark: Case) throws -> [PeerServer.Peer] {
    guard let peerServer, !benchmark.peers.isEmpty else { return [] }
    let inputs = try benchmark.inputs()
    return try benchmark.peers.compactMap { try peerServer.prepare($0, inputs: inputs) }
  }

  private func time(_ body: () throws -> Void) rethrows -> Double {
    let start = now()
    try body()
    return now() - start
  }

  private func now() -> Double { Double(DispatchTime.now().uptimeNanoseconds) }

  private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
  }

  /// The largest difference, relative to the largest magnitude in either answer.
  private func largestDifference(_ left: [Double], _ right: [Double]) -> Double {
    guard left.count == right.count, !left.isEmpty else { return .nan }
    let scale = zip(left, right).reduce(0) { max($0, $1.0.magnitude, $1.1.magnitude) }
    let difference = zip(left, right).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
    return scale == 0 ? difference : difference / scale
  }
}

struct BenchmarkError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
