internal import Crypto
internal import FoundationEssentials

/// A container image of one layer, written as an OCI archive: what a registry would have delivered.
///
/// Layout and media types: the OCI image specification 1.0.
package struct OCIImage: Sendable {
  /// With a dotted domain; the container runtime takes a name without one for Docker Hub's.
  package var name: String
  /// The directory that becomes the root filesystem; owners and modes are kept.
  package var root: String
  package var entrypoint: [String]

  package init(name: String, root: String, entrypoint: [String] = []) {
    self.name = name
    self.root = root
    self.entrypoint = entrypoint
  }

  /// Writes the archive to `file`, by way of `scratch`, a directory that does not exist yet.
  package func write(to file: String, scratch: String) async throws {
    let blobs = "\(scratch)/blobs/sha256"
    try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
    let layerFile = "\(scratch)/layer.tar"
    // In a fixed order with a fixed time, so that the same packages give the same digest.
    try await Command(
      "tar",
      [
        "--create", "--file", layerFile, "--directory", root, "--sort=name", "--mtime=@0",
        "--numeric-owner", ".",
      ]
    ).run()
    let layerBytes = try Data(contentsOf: URL(filePath: layerFile))
    let layer = try add(layerBytes, to: blobs, as: "application/vnd.oci.image.layer.v1.tar")
    try FileManager.default.removeItem(atPath: layerFile)

    let configuration = Configuration(
      config: .init(Entrypoint: entrypoint), rootfs: .init(diff_ids: [layer.digest]))
    let config = try add(
      Self.json(configuration), to: blobs, as: "application/vnd.oci.image.config.v1+json")
    let manifest = try add(
      Self.json(Manifest(config: config, layers: [layer])), to: blobs,
      as: "application/vnd.oci.image.manifest.v1+json")

    var named = manifest
    named.annotations = ["io.containerd.image.name": name]
    try Self.json(Index(manifests: [named])).write(to: URL(filePath: "\(scratch)/index.json"))
    try Data(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)
      .write(to: URL(filePath: "\(scratch)/oci-layout"))
    try await Command("tar", ["--create", "--file", file, "--directory", scratch, "."]).run()
    try FileManager.default.removeItem(atPath: scratch)
  }

  private func add(_ bytes: Data, to blobs: String, as type: String) throws -> Descriptor {
    let digest = SHA256.hash(data: bytes).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
    try bytes.write(to: URL(filePath: "\(blobs)/\(digest)"))
    return Descriptor(mediaType: type, digest: "sha256:\(digest)", size: bytes.count)
  }

  private static func json(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }

  private struct Descriptor: Encodable {
    var mediaType: String
    var digest: String
    var size: Int
    var annotations: [String: String]?
  }

  private struct Index: Encodable {
    var schemaVersion = 2
    var manifests: [Descriptor]
  }

  private struct Manifest: Encodable {
    var schemaVersion = 2
    var mediaType = "application/vnd.oci.image.manifest.v1+json"
    var config: Descriptor
    var layers: [Descriptor]
  }

  private struct Configuration: Encodable {
    var architecture = Self.machine
    var os = "linux"
    var config: Process
    var rootfs: Layers

    struct Process: Encodable {
      var Entrypoint: [String]
    }
    struct Layers: Encodable {
      var type = "layers"
      var diff_ids: [String]
    }

    static var machine: String {
      #if arch(arm64)
        "arm64"
      #else
        "amd64"
      #endif
    }
  }
}
