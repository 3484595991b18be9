/// What a watch has to do next.
enum Beat: Sendable {
  case changed
  case bookmark
  case end
}
