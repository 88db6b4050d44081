import KeelReport
import KeelTestSupport
import Testing

@Suite struct TickTests {
  /// Ticks increase, lie on the axis, cover the data and have different texts.
  private func check(_ ticks: Ticks, covers data: ClosedRange<Double>, _ label: String) {
    #expect(ticks.values.count == ticks.labels.count)
    #expect(!ticks.values.isEmpty, "\(label)")
    #expect(zip(ticks.values, ticks.values.dropFirst()).allSatisfy { $0 < $1 }, "\(label)")
    #expect(ticks.values.allSatisfy { ticks.range.contains($0) }, "\(label)")
    #expect(Set(ticks.labels).count == ticks.labels.count, "\(label): \(ticks.labels)")
    #expect(ticks.range.lowerBound < ticks.range.upperBound, "\(label)")
    let slack = 1e-6 * (ticks.range.upperBound - ticks.range.lowerBound)
    #expect(ticks.range.lowerBound <= data.lowerBound + slack, "\(label)")
    #expect(ticks.range.upperBound >= data.upperBound - slack, "\(label)")
  }

  @Test(arguments: 1...50)
  func linearTicksAreRound(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<40 {
      let scale = Double("1e\(Int(generator.uniform(-250...250)))") ?? 1
      let low = generator.uniform(-1...1) * scale
      let span = generator.uniform(0.001...2) * scale
      for target in [2, 5, 10] {
        for unit in [AxisUnit.number, .percent, .currency("$")] {
          let data = low...(low + span)
          let ticks = Ticks(axis: Axis(unit: unit), data: data, target: target)
          check(ticks, covers: data, "\(data) \(target) \(unit)")
          #expect((2...(target + 3)).contains(ticks.values.count), "\(data): \(ticks.values)")
        }
      }
    }
  }

  @Test(arguments: 1...50)
  func logarithmicTicksAreDecades(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<40 {
      let low = Int(generator.uniform(-290...280))
      let decades = Int(generator.uniform(0...12))
      guard let start = Double("1e\(low)"), let end = Double("1e\(low + decades)") else { continue }
      let data = (start * generator.uniform(1...9))...(end * generator.uniform(9.1...9.9))
      let ticks = Ticks(axis: Axis(scale: .logarithmic), data: data, target: 6)
      check(ticks, covers: data, "\(data)")
    }
  }

  @Test func knownAxes() {
    let percent = Ticks(axis: Axis(unit: .percent), data: 0...0.35, target: 8)
    #expect(percent.labels == ["0%", "5%", "10%", "15%", "20%", "25%", "30%", "35%"])
    #expect(percent.values[3] == 0.15)
    let tails = Ticks(
      axis: Axis(scale: .logarithmic, unit: .percent), data: 0.00035...1, target: 6)
    #expect(tails.labels == ["0.01%", "0.1%", "1%", "10%", "100%"])
    let quarter = Ticks(axis: Axis(), data: 0...1, target: 4)
    #expect(quarter.labels == ["0.00", "0.25", "0.50", "0.75", "1.00"])
  }

  @Test func degenerateDataHaveAnAxis() {
    for value in [0, 1, -1, 0.35, 1e300, -1e300, 1e-300, .leastNonzeroMagnitude, 123_456_789.25] {
      let ticks = Ticks(axis: Axis(), data: value...value, target: 5)
      check(ticks, covers: value...value, "\(value)")
      if value > 1e-300, value < 1e300 {
        check(
          Ticks(axis: Axis(scale: .logarithmic), data: value...value, target: 5),
          covers: value...value, "log \(value)")
      }
    }
    check(Ticks(axis: Axis(), data: nil, target: 5), covers: 0...1, "none")
    check(Ticks(axis: Axis(scale: .logarithmic), data: nil, target: 5), covers: 0.1...1, "none")
    let widest = -1e300...1e300
    check(Ticks(axis: Axis(), data: widest, target: 5), covers: widest, "widest")
    check(
      Ticks(axis: Axis(scale: .logarithmic), data: 1e-300...1e300, target: 5),
      covers: 1e-300...1e300, "widest log")
  }

  @Test func ownRangesWinWhereTheyCanBeShown() {
    let own = Ticks(axis: Axis(range: 0...0.4), data: -3...7, target: 5)
    #expect(own.range == 0...0.4)
    let impossible = Ticks(
      axis: Axis(scale: .logarithmic, range: -1...1), data: 0.5...20, target: 5)
    #expect(impossible.range == 0.1...100)
    for target in [Int.min, 0, Int.max] {
      #expect(Ticks(axis: Axis(), data: 0...1, target: target).values.count <= 60)
    }
  }

  @Test func ownRangesWithoutExtentStillGiveAnAxis() {
    for value in [1e-300, 5e-7, 1, 5, 1e10, 9e299] {
      for upper in [value, value.nextUp, value * (1 + 1e-12)] {
        let ticks = Ticks(
          axis: Axis(scale: .logarithmic, range: value...upper), data: nil, target: 5)
        #expect(ticks.range.upperBound / ticks.range.lowerBound > 2, "\(value)")
        #expect(ticks.values.count >= 2, "\(value)")
      }
    }
    let narrow = 5...5.000_01
    #expect(
      Ticks(axis: Axis(scale: .logarithmic, range: narrow), data: nil, target: 5).range == narrow)
  }

  @Test func pointsOnALogarithmicAxisWithoutExtentHaveAPlace() {
    let axis = Axis(scale: .logarithmic, range: 1e-300...(1e-300.nextUp))
    let points = [1e-300, 1e-300.nextUp, 1].map { XYChart.Point(x: $0, y: $0) }
    let chart = XYChart(
      caption: Caption("points"), series: [.init("a", points: points, mark: .points)],
      xAxis: axis, yAxis: axis)
    #expect(!chart.svg.contains("nan"))
  }
}
