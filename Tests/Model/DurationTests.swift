import Model
import Testing

struct DurationTests {
  @Test(arguments: [
    (Duration.zero, "0 µs"), (.nanoseconds(499), "0 µs"), (.microseconds(850), "850 µs"),
    (.nanoseconds(999_499), "999 µs"), (.nanoseconds(999_500), "1.0 ms"),
    (.microseconds(43_149), "43.1 ms"), (.microseconds(999_949), "999.9 ms"),
    (.microseconds(999_950), "1.00 s"), (.milliseconds(2_500), "2.50 s"),
    (.milliseconds(2_005), "2.01 s"), (.milliseconds(59_994), "59.99 s"),
    (.milliseconds(59_995), "1 min 0 s"), (.seconds(185), "3 min 5 s"),
    (.milliseconds(3_599_499), "59 min 59 s"), (.milliseconds(3_599_500), "1 h 0 min"),
    (.seconds(7_800), "2 h 10 min"), (.seconds(86_399), "1 d 0 h"), (.seconds(356_400), "4 d 3 h"),
    (.milliseconds(-500), "-500.0 ms"), (.microseconds(-50), "-50 µs"),
    (.milliseconds(-1_050), "-1.05 s"), (.seconds(-185), "-3 min 5 s"),
    (Duration(secondsComponent: .max, attosecondsComponent: 0), "106752 d 0 h"),
    (.nanoseconds(Int64.min), "-106752 d 0 h"),
  ])
  func `the short text is rounded before its unit is chosen`(duration: Duration, text: String) {
    #expect(duration.shortText == text)
  }

  @Test(arguments: [
    ("0s", Duration.zero), ("500ms", .milliseconds(500)), ("2s", .seconds(2)),
    ("1.5s", .milliseconds(1_500)), ("0.1s", .milliseconds(100)), ("1.000s", .seconds(1)),
    ("15m", .seconds(900)), ("0.25h", .seconds(900)), ("24h", .seconds(86_400)),
    ("7ns", .nanoseconds(7)), ("1.001us", .nanoseconds(1_001)),
    ("9223372036854775807ns", .nanoseconds(Int64.max)),
  ])
  func `a plan's duration is read exactly`(text: String, duration: Duration) {
    #expect(Duration(planText: text) == duration)
  }

  @Test(arguments: [
    "", "s", "5", "5 s", " 5s", "-5s", "+5s", "1e3s", "0x10s", "infs", "nans", ".5s", "5.s",
    "1.2.3s",
    "5d", "5S", "٣s", "1.5ns", "0.0000000001s", "9223372036854775808ns", "2562048h",
    "9223372036.9s",
  ])
  func `anything else is no duration`(text: String) {
    #expect(Duration(planText: text) == nil)
  }

  @Test func `what is written for a plan is read back`() {
    for duration in [
      Duration.zero, .nanoseconds(1), .microseconds(1_500), .milliseconds(2_500), .seconds(60),
      .seconds(5_400), .seconds(86_400), .nanoseconds(Int64.max),
    ] {
      #expect(Duration(planText: duration.planText) == duration)
    }
    #expect(Duration.seconds(5_400).planText == "90m")
  }

  @Test func `nanoseconds are clamped, not overflowed`() {
    #expect(Duration(secondsComponent: .max, attosecondsComponent: 0).wholeNanoseconds == .max)
    #expect(Duration(secondsComponent: .min, attosecondsComponent: 0).wholeNanoseconds == .min)
    #expect(Duration.seconds(9_223_372_037).wholeNanoseconds == .max)
    #expect(
      Duration(secondsComponent: -1, attosecondsComponent: -5).wholeNanoseconds == -1_000_000_000)
  }
}
