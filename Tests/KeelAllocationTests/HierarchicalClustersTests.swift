import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Portfolios over clusters from skfolio.
struct ClusterReference: Decodable, Sendable, CustomTestStringConvertible {
  struct Result: Decodable, Sendable {
    let kind: String
    let linkage: String
    let risk: String?
    let inner: String?
    let outer: String?
    let most: Int?
    let clusters: Int
    let labels: [Int]
    let weights: [Double]
  }

  let name: String
  let covariance: [[Double]]
  let results: [Result]

  var testDescription: String { name }

  static let cases: [ClusterReference] = {
    struct File: Decodable { let cases: [ClusterReference] }
    do {
      return try Reference.load(File.self, "hierarchical_clusters").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()
}

@Suite struct HierarchicalClustersTests {
  @Test func referencesArePresent() {
    #expect(ClusterReference.cases.reduce(0) { $0 + $1.results.count } == 192)
  }

  @Test(arguments: ClusterReference.cases)
  func matches(_ reference: ClusterReference) throws {
    let covariance = try Forest.covariance(reference.covariance)
    for result in reference.results {
      let linkage = try #require(Forest.linkages[result.linkage])
      let count = result.most.map { ClusterCount.atMost($0) } ?? .byDispersion
      let (weights, clusters, accuracy): (Weights, [[AssetID]], Double)
      if result.kind == "equal-risk" {
        let portfolio = try HierarchicalEqualRisk(
          result.risk == "variance" ? .variance : .standardDeviation, distance: .direct,
          linkage: linkage, clusters: count
        ).weights(covariance: covariance)
        (weights, clusters, accuracy) = (portfolio.weights, portfolio.clusters, 1e-13)
      } else {
        let portfolio = try NestedClusters(
          inside: result.inner == "minimum-variance" ? .minimumVariance : .inverseVolatility,
          distance: .direct, linkage: linkage, clusters: count
        ).weights(covariance: covariance)
        // Their programs end a few digits above ours.
        (weights, clusters, accuracy) = (portfolio.weights, portfolio.clusters, 1e-5)
      }
      #expect(clusters.count == result.clusters, "\(result.kind) \(result.linkage)")
      for cluster in clusters {
        let labels = Set(
          cluster.compactMap { covariance.universe.position(of: $0) }.map { result.labels[$0] })
        #expect(labels.count == 1, "\(result.kind) \(result.linkage)")
      }
      expectClose(weights.values.reduce(0, +), 1, absolute: 1e-14)
      for (w, v) in zip(weights.values, result.weights) { expectClose(w, v, absolute: accuracy) }
    }
  }

  /// Uncorrelated assets, each a cluster: the tree splits sums of volatilities.
  @Test func everyAssetACluster() throws {
    let covariance = try Forest.covariance([[0.04, 0, 0], [0, 0.01, 0], [0, 0, 0.09]])
    func weights(_ most: Int) throws -> [Double] {
      try HierarchicalEqualRisk(distance: .direct, linkage: .single, clusters: .atMost(most))
        .weights(covariance: covariance).weights.values
    }
    for (w, v) in zip(try weights(3), [1.0 / 6, 1.0 / 3, 0.5]) {
      expectClose(w, v, relative: 1e-14)
    }
    // Every merge has the same height: no cut leaves two clusters.
    let inverse = [1 / 0.2, 1 / 0.1, 1 / 0.3]
    for (w, v) in zip(try weights(2), inverse) {
      expectClose(w, v / inverse.reduce(0, +), relative: 1e-14)
    }
  }

  /// One cluster: inverse volatility; as many as assets with distinct heights: the tree alone.
  @Test(arguments: seeds(10)) func oneClusterIsInverseRisk(seed: Int) throws {
    let (_, covariance) = try Market.factorModel(count: 3 + seed, seed: seed + 90)
    let one = try HierarchicalEqualRisk(distance: .direct, clusters: .atMost(1))
      .weights(covariance: covariance)
    let inverse = try InverseVolatility().weights(covariance: covariance)
    for (w, v) in zip(one.weights.values, inverse.values) { expectClose(w, v, relative: 1e-13) }
    let nested = try NestedClusters(distance: .direct, clusters: .atMost(1))
      .weights(covariance: covariance)
    let least = try MinimumVariance().weights(covariance: covariance)
    for (w, v) in zip(nested.weights.values, least.value.values) {
      expectClose(w, v, absolute: 1e-14)
    }
    #expect(nested.clusterWeights == [1])
    let equal = try NestedClusters(
      inside: .equalRisk, between: .equalRisk, distance: .distanceOfDistances, linkage: .average
    ).weights(covariance: covariance)
    expectClose(equal.weights.values.reduce(0, +), 1, absolute: 1e-14)
    #expect(equal.weights.values.allSatisfy { $0 > 0 })
  }

  /// The order of the assets changes no weight.
  @Test(arguments: seeds(10)) func orderDoesNotMatter(seed: Int) throws {
    let (_, plain) = try Market.factorModel(count: 12, seed: seed + 70)
    let covariance = try Forest.covariance(plain.matrix)
    var generator = SeededGenerator(seed: UInt64(seed))
    let order = Array(0..<12).shuffled(using: &generator)
    let permuted = try Forest.permuted(covariance, order)
    let choice = HierarchicalEqualRisk(distance: .direct, linkage: .average)
    let one = try choice.weights(covariance: covariance)
    let other = try choice.weights(covariance: permuted)
    #expect(one.clusters == other.clusters)
    for (k, i) in order.enumerated() {
      expectClose(other.weights.values[k], one.weights.values[i], relative: 1e-14)
    }
  }

  @Test func badInputIsAnError() throws {
    let covariance = try Forest.covariance([[0.04, 0.01], [0.01, 0.09]])
    for count in [0, -1, 3] {
      #expect(throws: AllocationError.self) {
        try HierarchicalEqualRisk(distance: .direct, clusters: .atMost(count))
          .weights(covariance: covariance)
      }
      #expect(throws: AllocationError.self) {
        try NestedClusters(distance: .direct, clusters: .atMost(count))
          .weights(covariance: covariance)
      }
    }
    let without = try Forest.covariance([[0.04, 0], [0, 0]])
    #expect(throws: AllocationError.self) {
      try HierarchicalEqualRisk(distance: .direct).weights(covariance: without)
    }
    let indefinite = try Forest.covariance([
      [1, -0.9, -0.9], [-0.9, 1, -0.9], [-0.9, -0.9, 1],
    ])
    #expect(throws: AllocationError.self) {
      try HierarchicalEqualRisk(distance: .direct, clusters: .atMost(1))
        .weights(covariance: indefinite)
    }
    let one = try Forest.covariance([[0.04]])
    #expect(
      try HierarchicalEqualRisk(distance: .direct).weights(covariance: one).weights.values == [1])
    #expect(try NestedClusters(distance: .direct).weights(covariance: one).weights.values == [1])
    // A pair that hedges itself has no risk and gets everything.
    let hedged = try Forest.covariance([
      [0.04, -0.04, 0], [-0.04, 0.04, 0], [0, 0, 0.01],
    ])
    let portfolio = try HierarchicalEqualRisk(
      distance: .direct, linkage: .complete, clusters: .atMost(2)
    ).weights(covariance: hedged)
    expectClose(portfolio.weights.values.reduce(0, +), 1, absolute: 1e-15)
  }
}
