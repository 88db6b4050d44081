// Goals in order: every chain has an answer, relative accuracy of each probability.
//
// W. Grassmann, M. Taksar, D. Heyman, Regenerative analysis and steady state distributions for Markov
// chains, Operations Research 33 (1985): states are removed one after the other, and a chain that
// leaves out the visits to a removed state has the same shares of time among the others. Nothing is
// subtracted. States that are left for good are removed first, and their probability goes where the
// chain goes from them.

/// The long run of a finite Markov chain.
struct StationaryLaw {
  private let transitions: [[Double]]
  private let count: Int

  /// A smaller probability is taken for zero: no history sees the move, and products of up to eight
  /// stay representable.
  private static let leastProbability = 1e-38

  init(_ transitions: [[Double]]) {
    self.transitions = transitions.map { $0.map { $0 < Self.leastProbability ? 0 : $0 } }
    count = transitions.count
  }

  /// The expected number of rows that each state lasts, once entered.
  var expectedDurations: [Double] {
    transitions.indices.map { i in
      let leaving = transitions[i].indices.reduce(0.0) { $1 == i ? $0 : $0 + transitions[i][$1] }
      return leaving > 0 ? max(1, 1 / leaving) : .infinity
    }
  }

  /// The share of time in each state of a chain that starts from a law.
  func probabilities(from initial: [Double]) -> [Double] {
    let reach = reachability
    let classes = closedClasses(reach)
    let transient = (0..<count).filter { state in !classes.contains { $0.contains(state) } }
    var chain = transitions
    var mass = initial
    var removed: Set<Int> = []
    for state in transient {
      removed.insert(state)
      let rest = (0..<count).filter { !removed.contains($0) }
      let leaving = rest.reduce(0) { $0 + chain[state][$1] }
      guard leaving > 0 else { continue }
      for target in rest {
        let share = chain[state][target] / leaving
        mass[target] += mass[state] * share
        for source in rest { chain[source][target] += chain[source][state] * share }
      }
      mass[state] = 0
    }
    var result = [Double](repeating: 0, count: count)
    let total = classes.reduce(0) { sum, members in members.reduce(sum) { $0 + mass[$1] } }
    for members in classes {
      let weight = members.reduce(0) { $0 + mass[$1] } / total
      for (state, share) in zip(members, stationary(members)) { result[state] = weight * share }
    }
    return result
  }

  /// Whether a state leads to another one, in any number of steps or none.
  private var reachability: [[Bool]] {
    var reach = transitions.indices.map { i in
      transitions[i].indices.map { $0 == i || transitions[i][$0] > 0 }
    }
    for k in 0..<count {
      for i in 0..<count where reach[i][k] {
        for j in 0..<count where reach[k][j] { reach[i][j] = true }
      }
    }
    return reach
  }

  /// The sets of states that lead to each other and nowhere else.
  private func closedClasses(_ reach: [[Bool]]) -> [[Int]] {
    var classes: [[Int]] = []
    for state in 0..<count {
      let members = (0..<count).filter { reach[state][$0] }
      guard members.first == state, members.allSatisfy({ reach[$0][state] }) else { continue }
      classes.append(members)
    }
    return classes
  }

  /// The stationary law of a set of states that lead to each other and nowhere else.
  private func stationary(_ members: [Int]) -> [Double] {
    var chain = members.map { i in members.map { transitions[i][$0] } }
    var leaving = [Double](repeating: 1, count: members.count)
    for state in members.indices.dropFirst().reversed() {
      leaving[state] = chain[state][..<state].reduce(0, +)
      for source in 0..<state {
        for target in 0..<state {
          chain[source][target] += chain[source][state] * (chain[state][target] / leaving[state])
        }
      }
    }
    var law = [Double](repeating: 1, count: members.count)
    for state in members.indices.dropFirst() {
      law[state] = (0..<state).reduce(0) { $0 + law[$1] * chain[$1][state] } / leaving[state]
      // Shares far apart must not overflow.
      let largest = law[...state].reduce(0, max)
      for i in 0...state { law[i] /= largest }
    }
    let total = law.reduce(0, +)
    return law.map { $0 / total }
  }
}
