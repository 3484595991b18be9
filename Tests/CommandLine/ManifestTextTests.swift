import CommandLineKit
import CoordinatorCore
import Foundation
import Model
import OperatorFakes
import Testing

struct `A manifest as text` {
  @Test func `is YAML that says the same as its JSON, digit by digit`() throws {
    let json = #"""
      {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"web","labels":{"on":"yes","n/a":"1.0"},"list":[]},
      "data":{"a":"two\nlines","b":"a: b","c":"","d":"007","e":"~"},"numbers":[1.0,100000000000000000001,1e3],"x":{},
      "t":true,"z":null}
      """#
    #expect(
      try ManifestText.yaml(json) == #"""
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web
          labels:
            "on": "yes"
            n/a: "1.0"
          list: []
        data:
          a: "two\nlines"
          b: "a: b"
          c: ""
          d: "007"
          e: "~"
        numbers:
        - 1.0
        - 100000000000000000001
        - 1e3
        x: {}
        t: true
        z: null

        """#)
  }
}

struct `Manifests of a backup` {
  private static func manifest(_ resource: String, _ json: String, sealed: Bool = false)
    -> BackupManifest
  {
    BackupManifest(
      apiVersion: "v1", kind: "K", resource: resource, namespace: "shop", name: "one", uid: "u",
      resourceVersion: "7", standing: sealed ? .changed : .atWitness, content: Data(json.utf8),
      isSealed: sealed)
  }

  /// A shop whose backup has a config map, a Secret and a volume that tells where a claim was.
  private static func stock(_ shop: FakeShop) throws {
    var record = try Example.record(nil)
    record.manifests = ManifestSummary(
      state: .partial, namespaces: ["shop"],
      kinds: [.init(resource: "configmaps", count: 1, proved: 1)],
      skipped: [.init(resource: "roles", namespace: "shop", reason: "forbidden")])
    var volume = manifest("persistentvolumes", #"{"kind":"PersistentVolume"}"#)
    volume.isFact = true
    let manifests = [
      manifest("configmaps", #"{"kind":"ConfigMap","n":1.0}"#),
      manifest("secrets", #"{"kind":"Secret"}"#, sealed: true), volume,
    ]
    shop.change { [record] in
      $0.backups = [record]
      $0.manifests = manifests
    }
  }

  @Test func `are printed for kubectl, without Secrets unless they are asked for`() async throws {
    try await Shell.serving { shell, coordinator in
      try Self.stock(coordinator.shop)
      let id = Example.backup.text
      let plain = try await shell.run("backup", "manifests", id)
      #expect(
        plain.output
          == "---\n# configmaps shop/one: at-witness, version 7\nkind: ConfigMap\n\"n\": 1.0\n")
      #expect(plain.error.contains("1 Secrets were left out; print them with --secrets"))
      let all = try await shell.run(
        "backup", "manifests", id, "--secrets", "--facts", "-o", "json")
      #expect(
        all.output == """
          {"apiVersion":"v1","kind":"List","items":[
          {"kind":"ConfigMap","n":1.0},
          {"kind":"Secret"},
          {"kind":"PersistentVolume"}
          ]}

          """)
      let secret = try await shell.run(
        "backup", "manifests", id, "--secrets", "--kind", "secrets")
      #expect(secret.output.hasSuffix("# secrets shop/one: changed, version 7\nkind: Secret\n"))
      let shown = try await shell.run("backup", "show", id)
      #expect(!shown.output.contains("not met"))
      #expect(
        shown.output.contains("partial: 1 object, 1 proved to be as at the witness"))
      #expect(shown.output.contains("roles in shop: forbidden"))
    }
  }

  @Test func `that a backup does not have are told of as a failure`() async throws {
    try await Shell.serving { shell, coordinator in
      let record = try Example.record(nil)
      coordinator.shop.change { $0.backups = [record] }
      let run = try await shell.run("backup", "manifests", Example.backup.text)
      #expect(run.status == 1)
      #expect(run.error.contains("was taken without looking at a cluster's objects"))
    }
  }
}
