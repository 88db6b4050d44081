// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "Strategies",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Keel", path: "../..")],
  targets: [
    .executableTarget(
      name: "strategies",
      dependencies: [.product(name: "Keel", package: "Keel")],
      path: "Sources/Strategies",
      exclude: ["Data/NOTICE.txt"],
      resources: [
        .copy("Data/prices.csv"), .copy("Data/funding.csv"), .copy("Data/pool.csv"),
        .copy("Data/lending.csv"), .copy("Data/gas.csv"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6)]
    ),
    .testTarget(
      name: "StrategiesTests",
      dependencies: ["strategies", .product(name: "Keel", package: "Keel")],
      swiftSettings: [.swiftLanguageMode(.v6)]
    ),
  ]
)
