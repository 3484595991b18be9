import Testing

@testable import KubernetesSnapshots

struct KubeletDirectoryTests {
  @Test func `kubelet's mount of a CSI volume names its persistent volume`() {
    let path = "/var/lib/kubelet/pods/7c9e/volumes/kubernetes.io~csi/pvc-e3142f84/mount"
    #expect(KubeletDirectory.persistentVolume(publishedAt: path) == "pvc-e3142f84")
    // A kubelet with another root directory.
    #expect(
      KubeletDirectory.persistentVolume(
        publishedAt: "/srv/k/pods/7c9e/volumes/kubernetes.io~csi/data/mount") == "data")
  }

  @Test(arguments: [
    "/var/lib/stillpoint/volumes/data/mount",
    "/var/lib/kubelet/pods/7c9e/volumes/kubernetes.io~empty-dir/cache/mount",
    "/var/lib/kubelet/pods/7c9e/volumes/kubernetes.io~csi/pvc/mount/sub",
    "/var/lib/kubelet/plugins/kubernetes.io/csi/driver/hash/globalmount",
    "/var/lib/kubelet/pods//volumes/kubernetes.io~csi/pvc/mount",
    "/var/lib/kubelet/pods/7c9e/volumes/kubernetes.io~csi/../mount/x",
    "/var/lib/kubelet/pods/7c9e/volumes/kubernetes.io~csi/PVC_1/mount",
    "pods/7c9e/volumes/kubernetes.io~csi/pvc/mount", "",
  ])
  func `no other path does`(path: String) {
    #expect(KubeletDirectory.persistentVolume(publishedAt: path) == nil)
  }
}
