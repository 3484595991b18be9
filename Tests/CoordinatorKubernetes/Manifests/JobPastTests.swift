import CoordinatorCore
import CutProtocol
import KubernetesClient
import Model
import Testing

@testable import CoordinatorKubernetes

struct `A Job in a backup` {
  private func trimmed(_ status: String) throws -> String? {
    let json = #"{"metadata":{"name":"load"},"spec":{},"status":\#(status)}"#
    let object = try #require(KubernetesObject(try JSONValue(json: Array(json.utf8))))
    return ManifestTrim.manifest(object, of: .jobs)?.annotations[JobPast.annotation]
  }

  @Test func `says whether it had ended, and not by whoever else says so`() throws {
    #expect(try trimmed("{}") == "no")
    #expect(
      try trimmed(#"{"conditions":[{"type":"Complete","status":"True"}],"succeeded":1}"#)
        == "complete")
    #expect(try trimmed(#"{"conditions":[{"type":"Failed","status":"True"}]}"#) == "failed")
    #expect(
      try trimmed(
        #"{"conditions":[{"type":"Failed","status":"False"},{"type":"Suspended","status":"True"}]}"#
      ) == "no")
  }

  private func item(
    _ ended: String?, _ standing: BackupManifest.Standing = .atWitness, suspended: Bool = false,
    start: Bool = true
  ) throws -> RestoreItem {
    let annotation = ended.map { #""annotations":{"stillpoint.dev/job-ended":"\#($0)"}"# } ?? ""
    let job = try ShopBackup.job(
      ObjectRestoreOrder(start: start),
      manifests: [
        try ShopBackup.manifest(
          .jobs, "load",
          #"{"metadata":{"name":"load",\#(annotation.isEmpty ? #""labels":{}"# : annotation)},"spec":{"suspend":\#(suspended)}}"#,
          standing: standing)
      ])
    return try #require(try RestoreItems(job).all().first)
  }

  @Test func `is left out when it had ended, and begun anew when it is proved that it had not`()
    throws
  {
    for (ended, words) in [("complete", "completed"), ("failed", "failed")] {
      let item = try item(ended)
      #expect(item.isLeftOut && item.note == "left out: it had \(words)")
    }
    let open = try item("no")
    #expect(!open.isLeftOut && open.note == "begins anew: it had not ended")
    #expect(open.object["spec", "suspend"] == false)
    #expect(open.object.annotations[JobPast.annotation] == nil)
    #expect(try item("no", suspended: true).note == "stays suspended, as it was")
  }

  @Test func `stays suspended when nobody can tell, or nothing is started`() throws {
    for item in [
      try item("no", .changed), try item("no", .unconfirmed), try item("no", .deleted),
      try item(nil), try item("no", start: false),
    ] {
      #expect(item.object["spec", "suspend"] == true && !item.isLeftOut)
      #expect(item.note?.hasPrefix("stays suspended: ") == true)
    }
  }
}
