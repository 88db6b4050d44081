// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that users of Keel inherit none of it.
let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "Keel", path: "..")],
  targets: [
    // Counts allocations, and calls LAPACK and memcpy directly: the floors.
    .target(
      name: "CBenchmarkSupport",
      linkerSettings: [.linkedLibrary("openblas")]
    ),
    .executableTarget(
      name: "KeelBenchmarks",
      dependencies: [.product(name: "Keel", package: "Keel"), "CBenchmarkSupport"],
      swiftSettings: [.swiftLanguageMode(.v6), .defaultIsolation(MainActor.self)]
    ),
    .executableTarget(
      name: "KeelAccuracy",
      dependencies: [.product(name: "Keel", package: "Keel")],
      swiftSettings: [.swiftLanguageMode(.v6), .defaultIsolation(MainActor.self)]
    ),
  ]
)
