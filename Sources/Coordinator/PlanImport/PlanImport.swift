package import Model
internal import PlanFile

/// What the user says about the plan, since no other tool's files tell it.
package struct ImportOptions: Hashable, Sendable {
  /// Nil takes the name from what is read.
  package var name: PlanName?
  package var environment: Environment
  /// Pods and objects of other namespaces are left alone; nil takes all.
  package var namespace: String?
  /// The first lines of the plan's text; nil says that somebody imports it.
  var heading: [String]?

  package init(
    name: PlanName? = nil, environment: Environment = .production, namespace: String? = nil
  ) {
    self.name = name
    self.environment = environment
    self.namespace = namespace
  }
}

/// A plan made from what other tools' users have written.
package struct ImportedPlan: Hashable, Sendable {
  package var plan: BackupPlan
  /// The plan as a file whose comments say where each part comes from; `PlanFile.parse` reads it as `plan`.
  package var text: String
  /// What became of everything that was read, in the order of reading.
  package var remarks: [ImportRemark]
  /// How many more remarks there were.
  package var unreportedRemarks: Int
  /// Whether nothing was lost.
  package var isComplete: Bool
}

/// Reads what users of other tools have (Velero, Stork, Kanister, Ramen, Longhorn, K8up, VolSync) and makes a plan of it.
///
/// A pure function of the documents: nothing is asked of a cluster or a coordinator. The same documents make the same plan.
package enum PlanImport {
  /// The longest input in bytes, all files together.
  package static let longestText = ManifestReader.longestText

  /// The plan that the documents describe.
  ///
  /// Throws every issue found in documents that cannot be read as what they claim to be, and one issue when there is nothing
  /// in them to make a plan of. What can be read and not be carried over is a remark.
  package static func plan(from inputs: [ImportInput], _ options: ImportOptions = ImportOptions())
    throws(ImportError) -> ImportedPlan
  {
    var reader = ManifestReader()
    try reader.read(inputs)
    let manifests = reader.manifests.filter { manifest in
      guard let wanted = options.namespace else { return true }
      // Backups and schedules live beside their tool and speak of other namespaces.
      return manifest.group == "velero.io" || (manifest.namespace ?? wanted) == wanted
    }
    var state = ImportState(manifests, reader.log)
    VeleroAnnotations.read(&state)
    VeleroSpec.read(&state)
    StorkRules.read(&state)
    KanisterBlueprints.read(&state)
    RamenRecipes.read(&state)
    LonghornPolicies.read(&state)
    K8upAnnotations.read(&state)
    VolSyncTriggers.read(&state)
    BackupScopes.read(&state)
    return try finished(&state, options)
  }

  static func finished(_ state: inout ImportState, _ options: ImportOptions) throws(ImportError)
    -> ImportedPlan
  {
    if let error = state.log.error { throw error }
    let freeze = freezeLimits(state.findings)
    let assembly = ServiceAssembly(&state, longest: freeze.cap.duration)
    guard !assembly.services.isEmpty else { throw nothing(state) }
    let plan = BackupPlan(
      name: try name(state, options), environment: options.environment,
      requires: assembly.isFullyHeld ? .applicationConsistent : .crashConsistent, policy: .strict,
      freeze: freeze, services: assembly.services)
    let text = PlanFile.text(of: plan, comments: commented(options.heading, plan, assembly))
    try check(text, is: plan)
    return ImportedPlan(
      plan: plan, text: text, remarks: state.remarks.remarks,
      unreportedRemarks: state.remarks.unreported, isComplete: !state.remarks.lostSomething)
  }

  private static func nothing(_ state: ImportState) -> ImportError {
    let reasons = state.remarks.remarks.filter { $0.outcome == .notCarried }.prefix(10).map {
      ImportError.Issue(file: $0.file, line: $0.line, message: "\($0.object): \($0.text)")
    }
    return ImportError(
      issues: [
        ImportError.Issue(
          file: "", line: nil,
          message: state.manifests.isEmpty
            ? "there are no Kubernetes objects in what was read"
            : "there is nothing to make a plan of in \(state.manifests.count) objects: no hooks of Velero, Stork, Kanister, Ramen, "
              + "Longhorn, K8up or VolSync that could be carried over")
      ] + reasons)
  }

  /// A command that was given more time than a hold lasts by default has it, up to what anything may be held.
  private static func freezeLimits(_ findings: [HookFinding]) -> FreezeLimits {
    let given = findings.flatMap { $0.pre + $0.post }.compactMap { command -> Duration? in
      guard case .given(let timeout) = command.timeout else { return nil }
      let words = ShellWords(command.arguments)
      // What becomes a hold of ours needs no such time.
      return FreezeIdiom(words) == nil && DatabaseIdiom(words) == nil ? timeout : nil
    }
    let longest = given.max() ?? .zero
    return FreezeLimits(
      cap: min(max(longest, FreezeLimits.defaultCap), FreezeLimits.longestCap))
  }

  private static func name(_ state: ImportState, _ options: ImportOptions) throws(ImportError)
    -> PlanName
  {
    if let name = options.name { return name }
    let distinct = Set(state.names.compactMap(dnsName))
    let namespaces = Set(state.inventory.pods.compactMap(\.namespace).compactMap(dnsName))
    let text =
      distinct.count == 1
      ? distinct.first : namespaces.count == 1 ? namespaces.first : nil
    do {
      return try PlanName(text ?? "imported")
    } catch {
      throw ImportError("no name for the plan: \(error); give one")
    }
  }

  private static func commented(
    _ heading: [String]?, _ plan: BackupPlan, _ assembly: ServiceAssembly
  ) -> PlanComments {
    var comments = assembly.comments
    comments.heading =
      heading ?? [
        "Imported from hooks of other tools. Check it with: stillpoint plan apply -f FILE, then stillpoint plan check \(plan.name)",
        "No other tool says which service depends on which: add 'dependsOn' for the order of a restore.",
      ]
    comments.environment = "not told by what was read"
    comments.requires =
      assembly.isFullyHeld
      ? nil : "a command or a freeze alone proves no more; 'fences: true' vouches for a command"
    return comments
  }

  /// Nothing leaves here that the plan's own reader would not take.
  private static func check(_ text: String, is plan: BackupPlan) throws(ImportError) {
    do {
      let read = try PlanFile.parse(text)
      guard read == plan else {
        throw ImportError("the plan that was made does not read back as itself: this is a defect")
      }
    } catch let error as PlanFileError {
      throw ImportError(
        issues: error.issues.map {
          ImportError.Issue(
            file: "", line: nil,
            message: "the plan that was made is no valid one: \($0.path): \($0.message)")
        }, unreported: error.unreported)
    } catch let error as ImportError {
      throw error
    } catch {
      throw ImportError("the plan that was made cannot be read: \(error)")
    }
  }
}
