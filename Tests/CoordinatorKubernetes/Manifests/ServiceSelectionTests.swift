import ClusterTesting
import CoordinatorCore
import CutProtocol
import KubernetesClient
import Model
import Testing

@testable import CoordinatorKubernetes

struct `A restore of single services` {
  private func rbac(_ kind: String, _ plural: String) -> ResourceType {
    ResourceType(
      group: "rbac.authorization.k8s.io", version: "v1", kind: kind, plural: plural,
      namespaced: true)
  }

  /// `orders` is the StatefulSet db, `checkout` the Deployment web; both read `shared`.
  private func manifests() throws -> [BackupManifest] {
    let db = """
      {"spec":{"replicas":1,"serviceName":"db-peers",
       "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"storageClassName":"fast"}}],
       "template":{"metadata":{"labels":{"app":"db","tier":"back"}},"spec":{
        "serviceAccountName":"db","imagePullSecrets":[{"name":"registry"}],
        "initContainers":[{"name":"i","envFrom":[{"secretRef":{"name":"init"}}]}],
        "containers":[{"name":"c","env":[
          {"name":"A","valueFrom":{"configMapKeyRef":{"name":"shared","key":"a"}}},
          {"name":"P","valueFrom":{"secretKeyRef":{"name":"password","key":"p"}}}]}],
        "volumes":[{"name":"v","projected":{"sources":[{"configMap":{"name":"projected"}},{"secret":{"name":"tls"}}]}},
                   {"name":"w","persistentVolumeClaim":{"claimName":"extra"}}]}}}}
      """
    let web = """
      {"spec":{"replicas":2,"template":{"metadata":{"labels":{"app":"web"}},"spec":{
        "containers":[{"name":"c","envFrom":[{"configMapRef":{"name":"shared"}}]}],
        "volumes":[{"name":"v","secret":{"secretName":"cookie"}}]}}}}
      """
    let bound =
      #"{"subjects":[{"kind":"ServiceAccount","name":"db"}],"roleRef":{"kind":"Role","name":"db"}}"#
    let other =
      #"{"subjects":[{"kind":"ServiceAccount","name":"web"}],"roleRef":{"kind":"Role","name":"web"}}"#
    func claim(_ name: String, _ storage: String) throws -> BackupManifest {
      try ShopBackup.manifest(
        .persistentVolumeClaims, name, #"{"spec":{"storageClassName":"\#(storage)"}}"#)
    }
    func names(_ type: ResourceType, _ names: String...) throws -> [BackupManifest] {
      try names.map { try ShopBackup.manifest(type, $0, "{}") }
    }
    return try [
      ShopBackup.manifest(.statefulSets, "db", db), ShopBackup.manifest(.deployments, "web", web),
      ShopBackup.manifest(.deployments, "db-0", "{}"), claim("data-db-0", "fast"),
      claim("data-db-x", "fast"), claim("extra", "slow"), claim("scratch", "slow"),
      ShopBackup.manifest(.serviceAccounts, "db", #"{"imagePullSecrets":[{"name":"pull"}]}"#),
      ShopBackup.manifest(rbac("RoleBinding", "rolebindings"), "db", bound),
      ShopBackup.manifest(rbac("RoleBinding", "rolebindings"), "web", other),
      ShopBackup.manifest(.services, "db", #"{"spec":{"selector":{"app":"db"}}}"#),
      ShopBackup.manifest(.services, "db-v2", #"{"spec":{"selector":{"app":"db","v":"2"}}}"#),
      ShopBackup.manifest(.services, "db-peers", #"{"spec":{"clusterIP":"None"}}"#),
      ShopBackup.manifest(.services, "web", #"{"spec":{"selector":{"app":"web"}}}"#),
      ShopBackup.manifest(.namespaces, "shop", "{}", global: true),
      ShopBackup.manifest(.storageClasses, "fast", "{}", global: true),
      ShopBackup.manifest(.storageClasses, "slow", "{}", global: true),
      ShopBackup.manifest(.storageClasses, "unused", "{}", global: true),
    ] + names(.configMaps, "shared", "projected", "db-0", "unused")
      + names(
        .secrets, "registry", "init", "password", "tls", "pull", "cookie", "unused")
      + names(rbac("Role", "roles"), "db", "web") + names(.serviceAccounts, "default", "web")
  }

  private func job(_ services: [String]) throws -> ObjectRestoreJob {
    var job = try ShopBackup.job(
      ObjectRestoreOrder(
        namespaces: ["shop": "copy"], services: try services.map { try ServiceName($0) }),
      manifests: try manifests())
    job.services.removeAll { !services.contains($0.name.text) }
    return job
  }

  private func lines(_ services: [String]) throws -> Set<String> {
    Set(
      try RestoreItems(try job(services)).all().map { "\($0.type) \($0.object.name)" })
  }

  @Test func `has the services' workloads, what they name, and the Services that select them`()
    throws
  {
    #expect(
      try lines(["orders"]) == [
        "namespaces copy", "storageclasses.storage.k8s.io fast",
        "storageclasses.storage.k8s.io slow", "serviceaccounts db", "secrets registry",
        "secrets init", "secrets password", "secrets tls", "secrets pull", "configmaps shared",
        "configmaps projected", "roles.rbac.authorization.k8s.io db",
        "rolebindings.rbac.authorization.k8s.io db", "persistentvolumeclaims data-db-0",
        "persistentvolumeclaims extra", "services db", "services db-peers", "statefulsets.apps db",
      ])
    #expect(
      try lines(["checkout"]) == [
        "namespaces copy", "serviceaccounts default", "secrets cookie", "configmaps shared",
        "services web", "deployments.apps web",
      ])
  }

  @Test func `says for which services each object is`() throws {
    let items = try RestoreItems(try job(["orders", "checkout"])).all()
    func note(_ name: String) -> String? { items.first { $0.object.name == name }?.note }
    #expect(note("shared") == "for checkout, orders")
    #expect(note("cookie") == "for checkout")
    #expect(
      note("extra") == "comes back empty: the backup has no snapshot of its volume; for orders")
  }

  @Test func `starts them alone, and is refused where nothing made their pods`() async throws {
    let job = try job(["checkout"])
    try await RestoreBench.with { bench in
      try await bench.perform(job)
      #expect(await bench.api.object(.deployments, "web", in: "copy")?["spec", "replicas"] == 2)
      #expect(await bench.api.objects(.statefulSets).isEmpty)
    }
    var lost = try self.job(["orders"])
    lost.manifests.removeAll { $0.kind == "StatefulSet" }
    #expect(
      throws: OperationError(
        .conflict,
        "the backup has no object that made pod db-0 of orders, so nothing can be restored for it")
    ) { try RestoreItems(lost) }
  }
}
