// swift-tools-version: 6.3
import PackageDescription

// libFuzzer brings its own main, hence the flag; nobody depends on this package.
func fuzzTarget(_ name: String) -> Target {
  .executableTarget(
    name: name,
    dependencies: [.product(name: "Keel", package: "Keel"), "FuzzInput"],
    swiftSettings: [.unsafeFlags(["-parse-as-library"])]
  )
}

let package = Package(
  name: "Fuzz",
  dependencies: [.package(name: "Keel", path: "../..")],
  targets: [
    .target(name: "FuzzInput"),
    fuzzTarget("FuzzCSV"),
    fuzzTarget("FuzzText"),
    fuzzTarget("FuzzLinearAlgebra"),
    fuzzTarget("FuzzPortfolio"),
    fuzzTarget("FuzzOptions"),
  ]
)
