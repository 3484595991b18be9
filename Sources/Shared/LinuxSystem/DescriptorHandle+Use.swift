extension DescriptorHandle {
  /// Calls `body` with the number, and keeps the descriptor open until it returns.
  ///
  /// Reading `number` alone is not enough: the last reference may go, and close the descriptor, before the call
  /// that the number is for.
  package func use<Value, Failure: Error>(_ body: (Int32) throws(Failure) -> Value)
    throws(Failure) -> Value
  {
    defer { withExtendedLifetime(self) {} }
    return try body(number)
  }
}
