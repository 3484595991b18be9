/// The bounds of everything that crosses the wire. What is received above them is refused; texts for people are
/// cut to them before they are sent.
package enum WireLimits {
  /// Bytes of one encoded message; larger ones are refused before they are decoded.
  package static let message = 4 << 20
  /// Bytes of a sealed plan.
  package static let plan = 2 << 20
  /// Bytes of a hold certificate's JSON.
  package static let certificate = 2 << 20
  /// Bytes of one placement record's JSON.
  package static let record = 1 << 20
  /// Placement records of one message, and their bytes together.
  package static let records = 256
  package static let recordBytes = 2 << 20
  /// Bytes of a text for people, a path, or a name that somebody else made.
  package static let text = 4096
  /// Bytes of short names: boot IDs, journals, versions.
  package static let label = 128
  /// Words of a command, and the bytes of each: what a plan takes.
  package static let words = 256
  package static let word = 65_536
  /// Entries of lists that grow with what runs on a node or takes part in a cut.
  package static let entries = 1024
  /// Entries of lists of remarks.
  package static let remarks = 64
  /// Bytes of certificates, signing requests, challenges and proofs in the enrolment.
  package static let certificateDER = 16 << 10
  package static let authorities = 4
  /// Bytes of a pod's token: a JSON Web Token with everything that a cluster may write into it.
  package static let podToken = 16 << 10
}
