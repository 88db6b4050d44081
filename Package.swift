// swift-tools-version: 6.3
import PackageDescription

// Settings shared by every Swift target. No unsafe flags: a client could not pin a release.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

// Returning a span of one's own storage still needs this experimental feature; clients do not.
let strictWithLifetimes: [SwiftSetting] = strict + [.enableExperimentalFeature("Lifetimes")]

let package = Package(
  name: "Keel",
  platforms: [.macOS(.v15), .iOS(.v18)],
  products: [
    .library(name: "Keel", targets: ["Keel"]),
    .library(name: "KeelNumerics", targets: ["KeelNumerics"]),
    .library(name: "KeelLinearAlgebra", targets: ["KeelLinearAlgebra"]),
    .library(name: "KeelData", targets: ["KeelData"]),
    .library(name: "KeelOptimization", targets: ["KeelOptimization"]),
    .library(name: "KeelDistributions", targets: ["KeelDistributions"]),
    .library(name: "KeelEstimation", targets: ["KeelEstimation"]),
    .library(name: "KeelAllocation", targets: ["KeelAllocation"]),
    .library(name: "KeelDerivatives", targets: ["KeelDerivatives"]),
    .library(name: "KeelVolatility", targets: ["KeelVolatility"]),
    .library(name: "KeelMarkets", targets: ["KeelMarkets"]),
    .library(name: "KeelRisk", targets: ["KeelRisk"]),
    .library(name: "KeelEngine", targets: ["KeelEngine"]),
    .library(name: "KeelBacktesting", targets: ["KeelBacktesting"]),
    .library(name: "KeelReport", targets: ["KeelReport"]),
  ],
  targets: [
    // C
    .systemLibrary(
      name: "COpenBLAS",
      pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]
    ),
    .target(name: "CKeelShims", dependencies: ["COpenBLAS"]),
    .target(name: "CKeelKernels", linkerSettings: [.linkedLibrary("m")]),

    // Swift, each above what it depends on
    .target(
      name: "KeelNumerics",
      dependencies: ["CKeelKernels"],
      swiftSettings: strictWithLifetimes
    ),
    .target(
      name: "KeelLinearAlgebra",
      dependencies: ["KeelNumerics", "CKeelShims"],
      swiftSettings: strict
    ),
    .target(name: "KeelData", dependencies: ["KeelNumerics"], swiftSettings: strict),
    .target(
      name: "KeelOptimization",
      dependencies: ["KeelNumerics", "KeelLinearAlgebra"],
      swiftSettings: strict
    ),
    .target(
      name: "KeelDistributions",
      dependencies: ["KeelNumerics", "KeelLinearAlgebra", "KeelData"],
      swiftSettings: strict
    ),
    .target(
      name: "KeelEstimation",
      dependencies: [
        "KeelNumerics", "KeelLinearAlgebra", "KeelData", "KeelOptimization", "KeelDistributions",
        "CKeelKernels",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "KeelAllocation",
      dependencies: [
        "KeelNumerics", "KeelLinearAlgebra", "KeelData", "KeelOptimization", "KeelDistributions",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "KeelDerivatives",
      dependencies: ["KeelNumerics", "KeelData", "CKeelKernels"],
      swiftSettings: strict
    ),
    .target(
      name: "KeelVolatility",
      dependencies: [
        "KeelNumerics", "KeelLinearAlgebra", "KeelDerivatives", "KeelOptimization",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "KeelMarkets",
      dependencies: ["KeelNumerics", "KeelData", "KeelDerivatives"],
      swiftSettings: strict
    ),
    .target(
      name: "KeelRisk",
      dependencies: ["KeelNumerics", "KeelData", "KeelDerivatives", "KeelMarkets"],
      swiftSettings: strict
    ),
    .target(
      name: "KeelEngine",
      dependencies: [
        "KeelNumerics", "KeelData", "KeelOptimization", "KeelAllocation", "KeelDerivatives",
        "KeelVolatility", "KeelMarkets", "KeelRisk", "CKeelKernels",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "KeelBacktesting",
      dependencies: [
        "KeelNumerics", "KeelData", "KeelDistributions", "KeelDerivatives", "KeelMarkets",
        "KeelEngine", "KeelReport",
      ],
      swiftSettings: strict
    ),
    .target(name: "KeelReport", swiftSettings: strict),
    .target(
      name: "Keel",
      dependencies: [
        "KeelNumerics", "KeelLinearAlgebra", "KeelData", "KeelOptimization", "KeelDistributions",
        "KeelEstimation", "KeelAllocation", "KeelDerivatives", "KeelVolatility",
        "KeelMarkets", "KeelRisk", "KeelEngine", "KeelBacktesting", "KeelReport",
      ],
      swiftSettings: strict
    ),

    // Tests: one target per module, and what they share
    .target(
      name: "KeelTestSupport",
      dependencies: ["KeelNumerics"],
      path: "Tests/Support",
      swiftSettings: strict
    ),
    .target(name: "CKeelAllocationCounter", path: "Tests/AllocationCounter"),
    tests(of: "KeelNumerics"),
    tests(of: "KeelLinearAlgebra", with: ["KeelNumerics"]),
    tests(of: "KeelData", with: ["KeelNumerics"]),
    tests(of: "KeelOptimization", with: ["KeelNumerics", "CKeelAllocationCounter"]),
    tests(of: "KeelDistributions", with: ["KeelNumerics", "KeelLinearAlgebra", "KeelData"]),
    tests(
      of: "KeelEstimation",
      with: ["KeelNumerics", "KeelLinearAlgebra", "KeelData", "KeelDistributions"]
    ),
    tests(
      of: "KeelAllocation",
      with: ["KeelNumerics", "KeelData", "KeelOptimization", "KeelDistributions"]
    ),
    tests(of: "KeelDerivatives", with: ["KeelNumerics", "KeelData"]),
    tests(of: "KeelVolatility", with: ["KeelNumerics", "KeelData", "KeelDerivatives"]),
    tests(of: "KeelMarkets", with: ["KeelNumerics", "KeelData", "KeelDerivatives"]),
    tests(
      of: "KeelRisk",
      with: ["KeelNumerics", "KeelData", "KeelDerivatives", "KeelMarkets", "KeelAllocation"]
    ),
    tests(
      of: "KeelEngine",
      with: [
        "KeelNumerics", "KeelData", "KeelDerivatives", "KeelVolatility", "KeelMarkets", "KeelRisk",
      ]
    ),
    tests(
      of: "KeelBacktesting",
      with: [
        "KeelNumerics", "KeelData", "KeelDistributions", "KeelDerivatives", "KeelMarkets",
        "KeelEngine", "KeelReport", "CKeelAllocationCounter",
      ]
    ),
    tests(of: "KeelReport"),
  ]
)

func tests(of module: String, with others: [String] = []) -> Target {
  .testTarget(
    name: "\(module)Tests",
    dependencies: ["KeelTestSupport", .init(stringLiteral: module)]
      + others.map { .init(stringLiteral: $0) },
    swiftSettings: strict
  )
}
