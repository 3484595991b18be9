import KubernetesClient
import Testing

@Suite struct KubernetesObjectTests {
  @Test func `labels and annotations that are taken away leave no field`() {
    var object = KubernetesObject(.configMaps, name: "a", namespace: "default")
    let bare = object.value.description
    object.labels = ["app": "x"]
    object.annotations = ["note": "y"]
    #expect(object["metadata", "labels"] == ["app": "x"])
    #expect(object["metadata", "annotations"] == ["note": "y"])
    object.labels = [:]
    object.annotations = [:]
    #expect(object.value.description == bare)
  }
}
