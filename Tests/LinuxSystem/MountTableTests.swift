import Testing

@testable import LinuxSystem

@Suite struct `The mount table` {
  private let text = """
    22 27 0:20 / /proc rw,nosuid shared:5 - proc proc rw
    27 0 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
    40 27 7:1 /data /var/lib/my\\040volume ro,noatime shared:7 master:3 - xfs /dev/loop1 rw,attr2
    41 27 7:2 / /var/lib/my\\040volume/sub\\134x rw - btrfs /dev/loop2 rw
    nonsense
    42 27 0:9 / /short

    """

  @Test func `a mount with an empty source is there like any other`() {
    let table = MountTable(parsing: "40 27 7:1 / /data rw shared:7 - tmpfs  rw,size=1\n")
    #expect(table.mount(at: "/data")?.source == "")
    #expect(table.mount(at: "/data")?.superOptions == ["rw", "size=1"])
  }

  @Test func `a line is read with its escapes, its optional fields and its options`() throws {
    let table = MountTable(parsing: text)
    #expect(table.entries.map(\.id) == [22, 27, 40, 41])
    let entry = try #require(table.mount(at: "/var/lib/my volume"))
    #expect(entry.device == DeviceNumber(major: 7, minor: 1))
    #expect(entry.root == "/data")
    #expect(entry.fileSystem == "xfs")
    #expect(entry.source == "/dev/loop1")
    #expect(entry.isReadOnly)
    #expect(table.entries.last?.mountPoint == "/var/lib/my volume/sub\\x")
  }

  @Test func `a path belongs to the mount above it`() {
    let table = MountTable(parsing: text)
    #expect(table.mount(covering: "/var/lib/my volume/a")?.id == 40)
    #expect(table.mount(covering: "/var/lib/my volumes")?.id == 27)
    #expect(table.mount(covering: "/var/lib/my volume/sub\\x/deep")?.id == 41)
    #expect(table.mounts(of: DeviceNumber(major: 7, minor: 2)).count == 1)
  }

  @Test func `a directory of a filesystem that cannot be cut in parts is a part`() {
    let table = MountTable(parsing: text)
    #expect(table.mount(at: "/var/lib/my volume")?.isPart == true)
    #expect(table.mount(at: "/")?.isPart == false)
    // A subvolume has snapshots of its own.
    let other = MountTable(parsing: "41 27 0:31 /sub /data rw - btrfs /dev/loop2 rw")
    #expect(other.mount(at: "/data")?.isPart == false)
  }

  @Test func `this process's own table has a root`() throws {
    #expect(try MountTable.read().mount(at: "/") != nil)
  }
}
