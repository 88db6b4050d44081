// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "Umbrella",
  dependencies: [.package(name: "Keel", path: "../../..")],
  targets: [
    .executableTarget(
      name: "Umbrella",
      dependencies: [.product(name: "Keel", package: "Keel")]
    )
  ]
)
