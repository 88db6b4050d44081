import CKeelShims

// What the library that was loaded says about itself.
enum Runtime {
  static var configuration: String { unsafe String(cString: keel_blas_config()) }
  static var coreName: String { unsafe String(cString: keel_blas_core_name()) }
  static var integerWidth: Int { Int(keel_blas_integer_width()) }
  static var threadCount: Int { Int(keel_blas_thread_count()) }
  static var threading: Int { Int(keel_blas_threading()) }

  static func setThreadCount(_ count: Int32) { keel_set_blas_thread_count(count) }
}
