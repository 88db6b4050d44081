// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "QuickStart",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Keel", path: "../..")],
  targets: [
    .executableTarget(
      name: "quickstart",
      dependencies: [.product(name: "Keel", package: "Keel")],
      path: "Sources/QuickStart",
      exclude: ["Data/NOTICE.txt"],
      resources: [.copy("Data/crypto_daily_close.csv")],
      swiftSettings: [.swiftLanguageMode(.v6)]
    ),
    .testTarget(
      name: "QuickStartTests",
      dependencies: ["quickstart", .product(name: "Keel", package: "Keel")],
      swiftSettings: [.swiftLanguageMode(.v6)]
    ),
  ]
)
