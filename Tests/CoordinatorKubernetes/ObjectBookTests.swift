import KubernetesClient
import Testing

@testable import CoordinatorKubernetes

struct `A book of objects` {
  private func version(_ version: String) -> KubernetesObject {
    var object = Sample.backup()
    object["metadata", "resourceVersion"] = .string(version)
    return object
  }

  @Test func `begins the next write with what the last one returned`() {
    let book = ObjectBook()
    book.note(.added(version("4")))
    book.keep(version("5"), over: version("4"))
    #expect(book[version("4").key]?.resourceVersion == "5")
  }

  @Test func `prefers what was seen while a write was under way`() {
    let book = ObjectBook()
    book.note(.added(version("4")))
    book.note(.modified(version("6")))
    book.keep(version("5"), over: version("4"))
    #expect(book[version("4").key]?.resourceVersion == "6")
  }

  @Test func `does not bring back what was deleted while a write was under way`() {
    let book = ObjectBook()
    book.note(.added(version("4")))
    book.note(.deleted(version("5")))
    book.keep(version("5"), over: version("4"))
    #expect(book.objects.isEmpty)
  }

  @Test func `gives each object to one at a time, and none before all are known`() {
    let book = ObjectBook()
    let key = version("4").key
    book.note(.added(version("4")))
    #expect(book.take(limit: 8).isEmpty)
    book.note(.synced)
    #expect(book.take(limit: 8) == [key])
    book.note(.modified(version("5")))
    #expect(book.take(limit: 8).isEmpty)
    book.done(key)
    #expect(book.take(limit: 8) == [key])
  }
}
