// swift-tools-version: 6.2
import PackageDescription

/// Language settings of every target: the strict forms of what later language modes will ask for,
/// and no warning left behind.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ImmutableWeakCaptures"),
  .treatAllWarnings(as: .error),
]

let grpc: [Target.Dependency] = [
  .product(name: "GRPCCore", package: "grpc-swift-2"),
  .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
  .product(name: "SwiftProtobuf", package: "swift-protobuf"),
]
let grpcTransport: Target.Dependency = .product(
  name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let x509: [Target.Dependency] = [
  .product(name: "X509", package: "swift-certificates"),
  .product(name: "SwiftASN1", package: "swift-asn1"),
  crypto,
]
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let lifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")

func library(_ name: String, _ path: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Sources/\(path)",
    swiftSettings: strict)
}

/// A library of generated code, with its `.proto` files beside it.
func wire(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Sources/\(path)", exclude: ["Protos"],
    swiftSettings: strict)
}

func program(_ name: String, _ path: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: "Sources/\(path)", swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [])
  -> Target
{
  .testTarget(
    name: name + "Tests", dependencies: dependencies, path: "Tests/\(name)", resources: resources,
    swiftSettings: strict)
}

let package = Package(
  name: "stillpoint",
  products: [
    .executable(name: "stillpoint", targets: ["stillpoint"]),
    .executable(name: "stillpoint-coordinator", targets: ["stillpoint-coordinator"]),
    .executable(name: "stillpoint-agent", targets: ["stillpoint-agent"]),
    .executable(name: "stillpoint-guardian", targets: ["stillpoint-guardian"]),
    .executable(name: "stillpoint-csi-local", targets: ["stillpoint-csi-local"]),
    .executable(name: "stillpoint-demo", targets: ["stillpoint-demo"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0", traits: []),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/grpc/grpc-swift-2", exact: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", exact: "2.9.2"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", exact: "2.4.1"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
  ],
  targets: [
    // Shared: values and protocol logic first, then what both sides of a wire need.
    library("Release", "Shared/Release"),
    library("Model", "Shared/Model"),
    library("CutProtocol", "Shared/CutProtocol", ["Model", crypto]),
    .target(name: "CLinux", path: "Sources/Shared/CLinux"),
    library("LinuxSystem", "Shared/LinuxSystem", ["CLinux"]),
    library("Lifecycle", "Shared/Lifecycle", [lifecycle]),
    library("YAMLBounds", "Shared/YAMLBounds", [yaml]),
    library("ConfigurationFile", "Shared/ConfigurationFile", ["YAMLBounds", yaml]),
    library("Telemetry", "Shared/Telemetry", [logging]),
    library("Identity", "Shared/Identity", ["Model", "CutProtocol", "LinuxSystem"] + x509),
    .target(
      name: "FleetWire", dependencies: ["Model", "CutProtocol"] + grpc,
      path: "Sources/Shared/FleetWire", exclude: ["Protos"], swiftSettings: strict),
    wire("CSIWire", "Shared/CSIWire", grpc),
    wire("CRIWire", "Shared/CRIWire", grpc),
    library("OperatorWire", "Shared/OperatorWire", ["Model", "CutProtocol"]),
    library(
      "KubernetesClient", "Shared/KubernetesClient",
      [
        "Model", "LinuxSystem", "YAMLBounds", yaml, logging, subprocess,
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ] + x509),

    // Coordinator
    library(
      "CoordinatorCore", "Coordinator/Core", ["Model", "CutProtocol", "Lifecycle", logging, crypto]),
    library("PlanFile", "Coordinator/PlanFile", ["Model", "YAMLBounds", yaml]),
    library(
      "PlanImport", "Coordinator/PlanImport", ["Model", "PlanFile", "YAMLBounds", yaml]),
    library(
      "Catalog", "Coordinator/Catalog",
      [
        "Model", "CutProtocol", "CoordinatorCore", "LinuxSystem",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    library(
      "FleetServer", "Coordinator/FleetServer",
      [
        "Model", "CutProtocol", "CoordinatorCore", "FleetWire", "Identity", grpcTransport, logging,
        lifecycle, .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOCertificateReloading", package: "swift-nio-extras"),
      ] + grpc + x509),
    library(
      "OperatorAPI", "Coordinator/OperatorAPI",
      [
        "Model", "CutProtocol", "CoordinatorCore", "OperatorWire", "Identity", "PlanFile", logging,
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOCore", package: "swift-nio"), lifecycle,
      ] + x509),
    library(
      "CoordinatorKubernetes", "Coordinator/Kubernetes",
      [
        "Model", "CutProtocol", "CoordinatorCore", "PlanFile", "PlanImport", "KubernetesClient",
        logging,
      ]),
    program(
      "stillpoint-coordinator", "Coordinator/Main",
      [
        "Model", "CutProtocol", "CoordinatorCore", "CoordinatorKubernetes", "KubernetesClient",
        "Catalog", "FleetServer", "OperatorAPI", "OperatorWire", "Identity", "LinuxSystem",
        "Telemetry", "Lifecycle", "ConfigurationFile", "Release", arguments, logging,
        lifecycle, signals, .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "NIOCore", package: "swift-nio"),
      ]),

    // Agent
    library(
      "AgentCore", "Agent/Core",
      ["Model", "CutProtocol", "GuardianWatch", "LinuxSystem", "Lifecycle", logging]),
    library(
      "ContainerRuntimes", "Agent/ContainerRuntimes",
      ["Model", "AgentCore", "CRIWire", "LinuxSystem", grpcTransport, logging] + grpc),
    library(
      "Quiescers", "Agent/Quiescers",
      ["Model", "CutProtocol", "AgentCore", "LinuxSystem", logging, subprocess]),
    library(
      "Snapshots", "Agent/Snapshots",
      ["Model", "CutProtocol", "AgentCore", "CSIWire", "LinuxSystem", grpcTransport, logging]
        + grpc),
    library(
      "KubernetesSnapshots", "Agent/KubernetesSnapshots",
      ["Model", "CutProtocol", "AgentCore", "Snapshots", "KubernetesClient", "Lifecycle", logging]),
    library(
      "FleetLink", "Agent/FleetLink",
      [
        "Model", "CutProtocol", "AgentCore", "FleetWire", "Identity", grpcTransport, logging,
        lifecycle, .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOCore", package: "swift-nio"),
      ] + grpc + x509),
    program("stillpoint-guardian", "Agent/Guardian", ["GuardianWatch", "CLinux", "Release"]),
    library("GuardianWatch", "Shared/GuardianWatch"),
    program(
      "stillpoint-agent", "Agent/Main",
      [
        "Model", "CutProtocol", "AgentCore", "ContainerRuntimes", "Quiescers", "Snapshots",
        "KubernetesSnapshots", "KubernetesClient", "FleetLink", "Identity", "LinuxSystem",
        "Telemetry", "Lifecycle", "ConfigurationFile",
        "Release", arguments, logging, lifecycle, signals,
      ]),

    // The small CSI driver
    library(
      "LocalStorage", "LocalStorage/Driver",
      [
        "CSIWire", "Lifecycle", "LinuxSystem", "Model", "Release", grpcTransport, logging,
        subprocess,
      ] + grpc),
    program(
      "stillpoint-csi-local", "LocalStorage/Main",
      [
        "LocalStorage", "Model", "Release", "Telemetry", arguments, logging, lifecycle,
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ]),

    // The operator's command line
    library(
      "CommandLineKit", "CommandLine/Kit",
      [
        "Model", "CutProtocol", "OperatorWire", "Identity", "YAMLBounds", yaml,
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOFoundationCompat", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ] + x509),
    // What a cluster or a node lacks before an installation.
    library(
      "ClusterDoctor", "CommandLine/Doctor", ["KubernetesClient", "LinuxSystem"]),
    program(
      "stillpoint", "CommandLine/Main",
      [
        "Model", "CutProtocol", "OperatorWire", "CommandLineKit", "PlanImport", "ClusterDoctor",
        "KubernetesClient", "LinuxSystem", "Release", arguments, logging,
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ]),

    // The demo: three nodes, a shop, a disaster, a restore
    library(
      "DemoFleet", "Demo/Fleet",
      [
        "Model", "CutProtocol", "CRIWire", "LinuxSystem", "OperatorWire", grpcTransport, crypto,
        subprocess,
      ] + grpc),
    program(
      "stillpoint-demo", "Demo/Main",
      [
        "DemoFleet", "CutProtocol", "Model", "OperatorWire", arguments,
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ]),

    // How long members are held, against other orders and against the limit.
    .executableTarget(
      name: "stillpoint-bench",
      dependencies: [
        "DemoFleet", "AgentCore", "Quiescers", "Snapshots", "ContainerRuntimes", "FleetLink",
        "FleetServer", "FleetWire", "CoordinatorCore", "Catalog", "Identity", "CutProtocol",
        "LinuxSystem", "Model", "OperatorWire", "SeededRandom", arguments, logging, signals,
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ] + x509, path: "Tests/Benchmarks", exclude: ["Workloads"], swiftSettings: strict),
    tests("BenchmarkFigures", ["stillpoint-bench", "CutProtocol", "Model"]),

    .target(
      name: "SeededRandom", path: "Tests/Support/Random", swiftSettings: strict),

    tests("Model", ["Model"]),
    tests("CutProtocol", ["CutProtocol", "Model"]),
    tests("GuardianWatch", ["GuardianWatch", "SeededRandom"]),
    tests("LinuxSystem", ["LinuxSystem"]),
    tests("FleetWire", ["FleetWire", "CutProtocol", "Model", "SeededRandom"] + grpc),
    // An API server in this process, which keeps to the recordings.
    .target(
      name: "ClusterTesting",
      dependencies: [
        "KubernetesClient", logging,
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOCore", package: "swift-nio"),
      ] + x509, path: "Tests/Support/Cluster", swiftSettings: strict),
    tests(
      "KubernetesClient",
      [
        "KubernetesClient", "ClusterTesting", logging,
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOFoundationCompat", package: "swift-nio"),
      ] + x509,
      resources: [.copy("Recordings")]),
    tests(
      "CoordinatorKubernetes",
      [
        "CoordinatorKubernetes", "CoordinatorCore", "CutProtocol", "KubernetesClient",
        "ClusterTesting", "Model", "PlanFile", "PlanImport", "Catalog", "AgentCore", yaml, logging,
      ]),
    tests("Identity", ["Identity", "CutProtocol", "Model"] + x509),
    tests(
      "Catalog",
      [
        "Catalog", "CoordinatorCore", "CutProtocol", "Model", "SeededRandom", logging,
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    tests("ConfigurationFile", ["ConfigurationFile"]),
    tests("PlanFile", ["PlanFile", "YAMLBounds", "Model", "SeededRandom"]),
    tests("PlanImport", ["PlanImport", "PlanFile", "YAMLBounds", "Model"]),
    tests(
      "FleetLink",
      [
        "FleetLink", "FleetServer", "FleetWire", "AgentCore", "CoordinatorCore", "CutProtocol",
        "Identity", "Model", grpcTransport, logging,
      ] + grpc + x509),
    .target(
      name: "OperatorFakes",
      dependencies: [
        "OperatorAPI", "CoordinatorCore", "CutProtocol", "Identity", "Model", lifecycle, logging,
      ] + x509,
      path: "Tests/OperatorFakes", swiftSettings: strict),
    tests(
      "OperatorAPI",
      [
        "OperatorAPI", "OperatorFakes", "OperatorWire", "CoordinatorCore", "CutProtocol",
        "Identity",
        "Model", yaml, .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOFoundationCompat", package: "swift-nio"),
      ]),
    tests(
      "CommandLine",
      [
        "CommandLineKit", "ClusterDoctor", "ClusterTesting", "stillpoint", "OperatorFakes",
        "OperatorWire", "CoordinatorCore",
        "CutProtocol", "Identity", "Model", "Release",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    tests(
      "ClusterDoctor",
      ["ClusterDoctor", "ClusterTesting", "KubernetesClient", "LinuxSystem", logging]),
    // Stands in for an agent that is killed or stopped in the middle of a hold.
    .executableTarget(
      name: "hold-probe",
      dependencies: [
        "AgentCore", "Quiescers", "CutProtocol", "GuardianWatch", "LinuxSystem", "Model", logging,
      ],
      path: "Tests/HoldProbe", swiftSettings: strict),
    tests(
      "Quiescers",
      [
        "Quiescers", "AgentCore", "CutProtocol", "GuardianWatch", "LinuxSystem", "Model", logging,
        "hold-probe", "stillpoint-guardian",
      ]),
    tests(
      "ContainerRuntimes",
      ["ContainerRuntimes", "AgentCore", "CRIWire", "DemoFleet", "Model", logging, grpcTransport]
        + grpc,
      resources: [.copy("Recordings")]),
    tests(
      "AgentCore", ["AgentCore", "CutProtocol", "LinuxSystem", "Model", "SeededRandom", logging]),
    // The real driver on a pool of its own, for both suites below.
    .target(
      name: "StorageTesting",
      dependencies: [
        "LocalStorage", "CSIWire", "LinuxSystem", "Model", grpcTransport, logging, subprocess,
      ] + grpc, path: "Tests/Support/Storage", swiftSettings: strict),
    tests(
      "Snapshots",
      [
        "Snapshots", "StorageTesting", "LocalStorage", "AgentCore", "CSIWire", "CutProtocol",
        "LinuxSystem", "Model", logging,
      ] + grpc),
    tests(
      "KubernetesSnapshots",
      [
        "KubernetesSnapshots", "Snapshots", "KubernetesClient", "ClusterTesting", "StorageTesting",
        "LocalStorage", "AgentCore", "CutProtocol", "Model", logging,
      ]),
    tests(
      "LocalStorage",
      ["LocalStorage", "StorageTesting", "CSIWire", "LinuxSystem", "Model", grpcTransport] + grpc),
    tests(
      "CoordinatorCore",
      ["CoordinatorCore", "Catalog", "CutProtocol", "Lifecycle", "Model", logging]),
    tests(
      "CoordinatorProgram",
      [
        "stillpoint-coordinator", "Catalog", "ClusterTesting", "ConfigurationFile",
        "CoordinatorCore", "CutProtocol", "DemoFleet", "Identity", "KubernetesClient", "Model",
        "OperatorWire", .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ]),
    // The fault matrix: a real fleet, struck by every fault in every phase of a cut.
    .target(
      name: "FaultBench", dependencies: ["CutProtocol", "DemoFleet", "Model", "OperatorWire"],
      path: "Tests/Faults/Bench", swiftSettings: strict),
    .executableTarget(
      name: "stillpoint-faults",
      dependencies: [
        "DemoFleet", "FaultBench", arguments,
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ], path: "Tests/Faults/Main", swiftSettings: strict),
    // Agents and coordinators around the machines of the cut, as values, for both suites below.
    .target(
      name: "CutModel", dependencies: ["CutProtocol", "Model"], path: "Tests/Support/CutModel",
      swiftSettings: strict),
    tests("ModelCheck", ["CutModel", "CutProtocol", "Model"]),
    tests("Scenarios", ["CutModel", "CutProtocol", "Model"], resources: [.copy("Texts")]),
    tests(
      "Simulator",
      [
        "AgentCore", "CoordinatorCore", "CutProtocol", "GuardianWatch", "Lifecycle", "LinuxSystem",
        "Model", "SeededRandom", logging,
      ]),
    tests(
      "EndToEnd",
      [
        "ClusterTesting", "CutProtocol", "DemoFleet", "FaultBench", "KubernetesClient", "Model",
        "OperatorWire",
      ]),
  ]
)

/// Everything that reads what others wrote.
let hostile: [Target.Dependency] =
  [
    "AgentCore", "CRIWire", "CSIWire", "CommandLineKit", "ConfigurationFile", "ContainerRuntimes",
    "CoordinatorCore", "CoordinatorKubernetes", "CutProtocol", "FleetWire", "GuardianWatch",
    "Identity", "KubernetesClient", "KubernetesSnapshots", "LinuxSystem", "LocalStorage", "Model",
    "OperatorAPI", "OperatorFakes", "OperatorWire", "PlanFile", "PlanImport", "Quiescers",
    "Snapshots",
    logging, .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
  ] + grpc + x509

// The inputs of the fuzzer: replayed by a test suite, or, with STILLPOINT_FUZZ in the environment, run by libFuzzer, which
// brings a `main` of its own and wants everything compiled with its counters (`make fuzz`).
if Context.environment["STILLPOINT_FUZZ"] == nil {
  package.targets.append(
    .testTarget(
      name: "FuzzTests", dependencies: hostile + ["SeededRandom"], path: "Tests/Fuzz",
      exclude: ["Run", "Corpus"],
      sources: ["Targets", "Replay"], swiftSettings: strict))
} else {
  package.targets.append(
    .executableTarget(
      name: "stillpoint-fuzz", dependencies: hostile, path: "Tests/Fuzz",
      exclude: ["Replay", "Corpus"], sources: ["Targets", "Run"], swiftSettings: strict,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]))
}
