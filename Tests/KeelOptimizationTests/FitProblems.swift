import Foundation
import Testing
import KeelTestSupport

/// A number with its derivatives with respect to up to sixteen parameters.
struct Dual {
  var value: Double
  var slope = SIMD16<Double>.zero

  init(_ value: Double, _ slope: SIMD16<Double> = .zero) {
    self.value = value
    self.slope = slope
  }

  static func + (a: Dual, b: Dual) -> Dual { Dual(a.value + b.value, a.slope + b.slope) }
  static func - (a: Dual, b: Dual) -> Dual { Dual(a.value - b.value, a.slope - b.slope) }
  static func * (a: Dual, b: Dual) -> Dual {
    Dual(a.value * b.value, a.slope * b.value + b.slope * a.value)
  }
  static func / (a: Dual, b: Dual) -> Dual {
    let quotient = a.value / b.value
    return Dual(quotient, (a.slope - b.slope * quotient) / b.value)
  }
  static func + (a: Double, b: Dual) -> Dual { Dual(a + b.value, b.slope) }
  static func + (a: Dual, b: Double) -> Dual { Dual(a.value + b, a.slope) }
  static func - (a: Double, b: Dual) -> Dual { Dual(a - b.value, -b.slope) }
  static func - (a: Dual, b: Double) -> Dual { Dual(a.value - b, a.slope) }
  static func * (a: Double, b: Dual) -> Dual { Dual(a * b.value, b.slope * a) }
  static func * (a: Dual, b: Double) -> Dual { Dual(a.value * b, a.slope * b) }
  static func / (a: Double, b: Dual) -> Dual { Dual(a) / b }
  static func / (a: Dual, b: Double) -> Dual { Dual(a.value / b, a.slope / b) }
  static prefix func - (a: Dual) -> Dual { Dual(-a.value, -a.slope) }

  func chain(_ value: Double, _ derivative: Double) -> Dual { Dual(value, slope * derivative) }
  var squared: Dual { self * self }
  var cubed: Dual { self * self * self }
  func power(_ exponent: Double) -> Dual {
    chain(pow(value, exponent), exponent * pow(value, exponent - 1))
  }
}

func exp(_ a: Dual) -> Dual { a.chain(Foundation.exp(a.value), Foundation.exp(a.value)) }
func log(_ a: Dual) -> Dual { a.chain(Foundation.log(a.value), 1 / a.value) }
func cos(_ a: Dual) -> Dual { a.chain(Foundation.cos(a.value), -Foundation.sin(a.value)) }
func sin(_ a: Dual) -> Dual { a.chain(Foundation.sin(a.value), Foundation.cos(a.value)) }
func arctan(_ a: Dual) -> Dual { a.chain(Foundation.atan(a.value), 1 / (1 + a.value * a.value)) }

/// Residuals of parameters.
typealias FitModel = ([Dual]) -> [Dual]

/// The parameters, each with the derivative one of its own.
func seeds(_ x: Span<Double>) -> [Dual] {
  (0..<x.count).map { i in
    var slope = SIMD16<Double>.zero
    slope[i] = 1
    return Dual(x[i], slope)
  }
}

/// A regression of NIST's with its certified answer.
struct NISTFit: Decodable, CustomTestStringConvertible {
  var name: String
  var y: [Double]
  var x: [[Double]]
  var starts: [[Double]]
  var certified: [Double]
  var deviations: [Double]
  var sumOfSquares: Double

  var testDescription: String { name }

  /// Model minus data.
  var model: FitModel {
    let (name, x, y) = (name, x, y)
    return { b in
      y.indices.map { k in
        let observed = name == "Nelson" ? Foundation.log(y[k]) : y[k]
        return Self.value(name, b, x.map { $0[k] }) - observed
      }
    }
  }

  private static func value(_ name: String, _ b: [Dual], _ row: [Double]) -> Dual {
    let x = row[0]
    switch name {
    case "Bennett5": return b[0] * exp(-log(b[1] + x) / b[2])
    case "BoxBOD", "Misra1a": return b[0] * (1 - exp(-b[1] * x))
    case "Chwirut1", "Chwirut2": return exp(-b[0] * x) / (b[1] + b[2] * x)
    case "DanWood": return b[0] * exp(b[1] * Foundation.log(x))
    case "ENSO":
      let year = Dual(2 * .pi * x / 12)
      let (first, second) = (2 * .pi * x / b[3], 2 * .pi * x / b[6])
      return b[0] + b[1] * cos(year) + b[2] * sin(year) + b[4] * cos(first) + b[5] * sin(first)
        + b[7] * cos(second) + b[8] * sin(second)
    case "Eckerle4": return b[0] / b[1] * exp(-0.5 * ((x - b[2]) / b[1]).squared)
    case "Gauss1", "Gauss2", "Gauss3":
      return b[0] * exp(-b[1] * x) + b[2] * exp(-((x - b[3]) / b[4]).squared)
        + b[5] * exp(-((x - b[6]) / b[7]).squared)
    case "Hahn1", "Thurber":
      return (b[0] + b[1] * x + b[2] * (x * x) + b[3] * (x * x * x))
        / (1 + b[4] * x + b[5] * (x * x) + b[6] * (x * x * x))
    case "Kirby2":
      return (b[0] + b[1] * x + b[2] * (x * x)) / (1 + b[3] * x + b[4] * (x * x))
    case "Lanczos1", "Lanczos2", "Lanczos3":
      return b[0] * exp(-b[1] * x) + b[2] * exp(-b[3] * x) + b[4] * exp(-b[5] * x)
    case "MGH09": return b[0] * (x * x + x * b[1]) / (x * x + x * b[2] + b[3])
    case "MGH10": return b[0] * exp(b[1] / (x + b[2]))
    case "MGH17": return b[0] + b[1] * exp(-x * b[3]) + b[2] * exp(-x * b[4])
    case "Misra1b": return b[0] * (1 - 1 / (1 + b[1] * x / 2).squared)
    case "Misra1c": return b[0] * (1 - (1 + 2 * x * b[1]).power(-0.5))
    case "Misra1d": return b[0] * b[1] * x / (1 + b[1] * x)
    case "Nelson": return b[0] - b[1] * x * exp(-b[2] * row[1])
    case "Rat42": return b[0] / (1 + exp(b[1] - b[2] * x))
    case "Rat43": return b[0] * exp(-log(1 + exp(b[1] - b[2] * x)) / b[3])
    case "Roszman1": return b[0] - b[1] * x - arctan(b[2] / (x - b[3])) / .pi
    default: return Dual(.nan)
    }
  }
}

/// A problem of Moré, Garbow and Hillstrom, or a bounded one made of it.
struct ClassicFit: Decodable, CustomTestStringConvertible {
  var name: String
  var start: [Double]
  var lower: [Double]?
  var upper: [Double]?
  var sumOfSquares: Double
  var solution: [Double]

  var testDescription: String { name }

  var model: FitModel { Self.models[name] ?? { _ in [Dual(.nan)] } }

  private static var models: [String: FitModel] {
    [
      "rosenbrock": { x in [10 * (x[1] - x[0].squared), 1 - x[0]] },
      "freudensteinRoth": { x in
        [
          -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1],
          -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1],
        ]
      },
      "brownBadlyScaled": { x in [x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2] },
      "beale": { x in
        [
          1.5 - x[0] * (1 - x[1]), 2.25 - x[0] * (1 - x[1].squared),
          2.625 - x[0] * (1 - x[1].cubed),
        ]
      },
      "jennrichSampson": { x in
        (1...10).map { 2 + 2 * Double($0) - (exp(Double($0) * x[0]) + exp(Double($0) * x[1])) }
      },
      "helicalValley": { x in
        let angle = arctan(x[1] / x[0]) / (2 * .pi) + (x[0].value < 0 ? 0.5 : 0)
        return [
          10 * (x[2] - 10 * angle), 10 * ((x[0].squared + x[1].squared).power(0.5) - 1), x[2],
        ]
      },
      "bard": { x in
        (1...15).map { k in
          let (u, v) = (Double(k), Double(16 - k))
          return bardData[k - 1] - (x[0] + u / (v * x[1] + min(u, v) * x[2]))
        }
      },
      "gaussian": { x in
        (1...15).map { k in
          x[0] * exp(-0.5 * x[1] * (Double(8 - k) / 2 - x[2]).squared)
            - gaussianData[min(k, 16 - k) - 1]
        }
      },
      "meyer": { x in
        (1...16).map { x[0] * exp(x[1] / (45 + 5 * Double($0) + x[2])) - meyerData[$0 - 1] }
      },
      "box3D": { x in
        (1...10).map { k in
          let t = Double(k) / 10
          return exp(-t * x[0]) - exp(-t * x[1])
            - x[2] * (Foundation.exp(-t) - Foundation.exp(-10 * t))
        }
      },
      "powellSingular": { x in
        [
          x[0] + 10 * x[1], 5.0.squareRoot() * (x[2] - x[3]), (x[1] - 2 * x[2]).squared,
          10.0.squareRoot() * (x[0] - x[3]).squared,
        ]
      },
      "wood": { x in
        [
          10 * (x[1] - x[0].squared), 1 - x[0], 90.0.squareRoot() * (x[3] - x[2].squared),
          1 - x[2], 10.0.squareRoot() * (x[1] + x[3] - 2), (x[1] - x[3]) / 10.0.squareRoot(),
        ]
      },
      "kowalikOsborne": { x in
        kowalikData.map { (u, y) in
          y - x[0] * (u * u + u * x[1]) / (u * u + u * x[2] + x[3])
        }
      },
      "brownDennis": { x in
        (1...20).map { k in
          let t = Double(k) / 5
          return (x[0] + t * x[1] - Foundation.exp(t)).squared
            + (x[2] + x[3] * Foundation.sin(t) - Foundation.cos(t)).squared
        }
      },
      "osborne1": { x in
        osborne1Data.indices.map { k in
          osborne1Data[k]
            - (x[0] + x[1] * exp(-10 * Double(k) * x[3]) + x[2] * exp(-10 * Double(k) * x[4]))
        }
      },
      "osborne2": { x in
        osborne2Data.indices.map { k in
          let t = Double(k) / 10
          let peaks = (1...3).map { x[$0] * exp(-(t - x[$0 + 7]).squared * x[$0 + 4]) }
          return osborne2Data[k] - (x[0] * exp(-t * x[4]) + peaks[0] + peaks[1] + peaks[2])
        }
      },
      "watson": { x in
        (1...31).map { k in
          if k == 30 { return x[0] }
          if k == 31 { return x[1] - x[0].squared - 1 }
          let t = Double(k) / 29
          var (slope, sum, power) = (Dual(0), x[0], 1.0)
          for j in 1..<x.count {
            slope = slope + Double(j) * power * x[j]
            power *= t
            sum = sum + power * x[j]
          }
          return slope - sum.squared - 1
        }
      },
    ]
  }
}

/// A smooth function with bounds.
struct SmoothProblem: Decodable, CustomTestStringConvertible {
  var name: String
  var start: [Double]
  var lower: [Double]
  var upper: [Double]
  var value: Double
  var solution: [Double]

  var testDescription: String { name }
}

/// `Tests/Reference/nonlinear_fits.json`.
struct FitReference: Decodable {
  var nist: [NISTFit]
  var classic: [ClassicFit]
  var bounded: [ClassicFit]
  var smooth: [SmoothProblem]

  /// Empty when the file cannot be read, which a test notices.
  static let shared =
    (try? Reference.load(FitReference.self, "nonlinear_fits"))
    ?? FitReference(nist: [], classic: [], bounded: [], smooth: [])
}

private let bardData = [
  0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39,
]
private let gaussianData = [0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989]
private let kowalikData = [
  (4, 0.1957), (2, 0.1947), (1, 0.1735), (0.5, 0.16), (0.25, 0.0844), (0.167, 0.0627),
  (0.125, 0.0456), (0.1, 0.0342), (0.0833, 0.0323), (0.0714, 0.0235), (0.0625, 0.0246),
]
private let meyerData: [Double] = [
  34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307,
  2872,
]
private let osborne1Data = [
  0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658,
  0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431,
  0.424, 0.420, 0.414, 0.411, 0.406,
]
private let osborne2Data = [
  1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655,
  0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558,
  0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562,
  0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710,
  0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054,
]
