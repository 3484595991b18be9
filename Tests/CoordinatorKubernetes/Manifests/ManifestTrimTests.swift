import Foundation
import KubernetesClient
import Testing

@testable import CoordinatorKubernetes

struct `A manifest of a backup` {
  private func trimmed(_ json: String, _ type: ResourceType) throws -> JSONValue? {
    let object = try #require(KubernetesObject(try JSONValue(json: Array(json.utf8))))
    return ManifestTrim.manifest(object, of: type)?.value
  }

  private func json(_ text: String) throws -> JSONValue { try JSONValue(json: Array(text.utf8)) }

  @Test func `has nothing that the server filled in, and every digit of the rest`() throws {
    let found = try trimmed(
      """
      {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop","uid":"u",
      "resourceVersion":"7","generation":3,"creationTimestamp":"2026-01-01T00:00:00Z","managedFields":[{}],
      "annotations":{"deployment.kubernetes.io/revision":"4","team":"a"},"finalizers":["foregroundDeletion","x.io/y"],
      "ownerReferences":[{"apiVersion":"x.io/v1","kind":"Shop","name":"s","uid":"o"}]},
      "spec":{"replicas":3,"ratio":1.0},"status":{"replicas":3}}
      """, .deployments)
    #expect(
      try found
        == json(
          """
          {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop",
          "annotations":{"team":"a"},"finalizers":["x.io/y"]},"spec":{"replicas":3,"ratio":1.0}}
          """))
    #expect(found?[path: ["spec", "ratio"]]?.description == "1.0")
  }

  @Test func `of a Service keeps the ports of nodes that somebody chose`() throws {
    let found = try trimmed(
      """
      {"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop","managedFields":[
      {"fieldsV1":{"f:spec":{"f:ports":{".":{},"k:{\\"port\\":80,\\"protocol\\":\\"TCP\\"}":{"f:nodePort":{}}}}}}]},
      "spec":{"type":"NodePort","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"healthCheckNodePort":30003,
      "ports":[{"port":80,"protocol":"TCP","nodePort":30001},{"port":81,"protocol":"TCP","nodePort":30002}]}}
      """, .services)
    #expect(
      try found?["spec"]
        == json(
          """
          {"type":"NodePort","ports":[{"port":80,"protocol":"TCP","nodePort":30001},{"port":81,"protocol":"TCP"}]}
          """))
    let headless = try trimmed(
      """
      {"apiVersion":"v1","kind":"Service","metadata":{"name":"db"},"spec":{"clusterIP":"None","clusterIPs":["None"]}}
      """, .services)
    #expect(headless?[path: ["spec", "clusterIP"]] == "None")
  }

  @Test func `of a claim and of a pod do not say where it happened to be`() throws {
    let claim = try trimmed(
      """
      {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data","labels":{"stillpoint.dev/group":"sp1"},"annotations":
      {"pv.kubernetes.io/bind-completed":"yes"},"finalizers":["kubernetes.io/pvc-protection","snapshot.storage.kubernetes.io/pvc-as-source-protection"]},
      "spec":{"storageClassName":"fast","volumeName":"pvc-1"},"status":{"phase":"Bound"}}
      """, .persistentVolumeClaims)
    #expect(
      try claim
        == json(
          """
          {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data"},"spec":{"storageClassName":"fast"}}
          """))
    let pod = try trimmed(
      """
      {"apiVersion":"v1","kind":"Pod","metadata":{"name":"one"},"spec":{"nodeName":"n","serviceAccount":"default",
      "volumes":[{"name":"kube-api-access-x"},{"name":"data"}],
      "containers":[{"name":"c","volumeMounts":[{"name":"kube-api-access-x"},{"name":"data"}]}]}}
      """, .pods)
    #expect(
      try pod?["spec"]
        == json(
          """
          {"volumes":[{"name":"data"}],"containers":[{"name":"c","volumeMounts":[{"name":"data"}]}]}
          """))
  }

  @Test func `is the same from a list and from a watch`() throws {
    let listed = try trimmed(
      #"{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"type":"x"}}"#,
      .services)
    let watched = try trimmed(
      #"{"kind":"Service","apiVersion":"v1","metadata":{"name":"a"},"spec":{"type":"x"}}"#,
      .services)
    #expect(listed?.bytes == watched?.bytes)
  }

  @Test func `is not taken of what others make anew`() throws {
    let owned = """
      "ownerReferences":[{"apiVersion":"apps/v1","kind":"X","name":"x","uid":"x","controller":true}]
      """
    for type in [ResourceType.pods, .replicaSets, .jobs] {
      #expect(try trimmed("{\"metadata\":{\"name\":\"a\",\(owned)}}", type) == nil)
    }
    #expect(try trimmed("{\"metadata\":{\"name\":\"a\",\(owned)}}", .secrets) != nil)
    #expect(try trimmed(#"{"metadata":{"name":"kube-root-ca.crt"}}"#, .configMaps) == nil)
    #expect(
      try trimmed(
        #"{"metadata":{"name":"t"},"type":"kubernetes.io/service-account-token"}"#, .secrets) == nil
    )
  }
}
