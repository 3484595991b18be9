import Model
import PlanFile
import Testing

@testable import PlanImport

/// The plan of `texts`, after its text was read back by the plan's own reader.
func imported(_ texts: String..., options: ImportOptions = ImportOptions()) throws -> ImportedPlan {
  let inputs = texts.enumerated().map {
    ImportInput(name: "f\($0.offset + 1).yaml", text: $0.element)
  }
  let plan = try PlanImport.plan(from: inputs, options)
  #expect(try PlanFile.parse(plan.text) == plan.plan, "\(plan.text)")
  return plan
}

/// The error of texts that must be refused.
func refusal(_ texts: String...) -> String? {
  let inputs = texts.enumerated().map {
    ImportInput(name: "f\($0.offset + 1).yaml", text: $0.element)
  }
  do {
    let plan = try PlanImport.plan(from: inputs)
    Issue.record("was accepted: \(plan.text)")
    return nil
  } catch {
    return error.description
  }
}

extension ImportedPlan {
  /// The outcomes and texts of the remarks at a field.
  func remarks(at field: String) -> [String] {
    remarks.filter { $0.field == field }.map { "\($0.outcome.rawValue): \($0.text)" }
  }

  var holds: [[HoldSpec]] { plan.services.map(\.holds) }
}

/// A running pod with one claim, in the namespace `shop`.
func pod(
  _ name: String, annotations: [String: String] = [:], labels: String? = nil,
  image: String = "example.org/app:1", path: String = "/data", extra: String = ""
) -> String {
  let lines = annotations.sorted { $0.key < $1.key }.map { "      \($0.key): '\($0.value)'\n" }
  return """
    apiVersion: v1
    kind: Pod
    metadata:
      name: \(name)
      namespace: shop
      labels: \(labels ?? "{app: \(name)}")
      annotations:
        example.org/other: x

    """ + lines.map { String($0.dropFirst(2)) }.joined() + """
      spec:
        containers:
          - name: app
            image: \(image)
            volumeMounts: [{name: data, mountPath: \(path)}]
      \(extra)
        volumes:
          - name: data
            persistentVolumeClaim: {claimName: \(name)-data}
      status: {phase: Running}

      """
}

func command(
  _ pre: [String], _ post: [String], container: String? = nil, timeout: Duration = .seconds(5)
) -> HoldSpec {
  .command(CommandHold(container: container, pre: pre, post: post, timeout: timeout))
}
