// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "NumericsOnly",
  dependencies: [.package(name: "Keel", path: "../../..")],
  targets: [
    .executableTarget(
      name: "NumericsOnly",
      dependencies: [.product(name: "KeelNumerics", package: "Keel")]
    )
  ]
)
