import Testing

@testable import KubernetesClient

@Suite struct KubernetesExpectedNameTests {
  @Test(arguments: [
    ("api.example.com", "api.example.com"), ("API.example.com", "api.Example.com."),
    ("*.example.com", "api.example.com"), ("kubernetes", "kubernetes"),
  ])
  func `a certificate's name is the server's`(_ pattern: String, _ name: String) {
    #expect(ExpectedName.matches(pattern, name))
  }

  @Test(arguments: [
    ("api.example.com", "example.com"), ("*.example.com", "example.com"),
    ("*.example.com", "a.b.example.com"), ("a*.example.com", "ab.example.com"),
    ("*", "kubernetes"), ("*.com", "example.com"), ("api.*.com", "api.example.com"),
    ("", "kubernetes"), ("api.example.com\0.evil.example", "api.example.com"),
  ])
  func `a certificate's name is another`(_ pattern: String, _ name: String) {
    #expect(!ExpectedName.matches(pattern, name))
  }
}
