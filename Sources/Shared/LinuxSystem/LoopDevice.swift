internal import CLinux
internal import Glibc

/// A block device that shows a file (loop(4)).
///
/// A device detaches itself as soon as nothing has it open or mounted, so that a crash leaves none behind.
package struct LoopDevice: Hashable, Sendable {
  package var number: Int32

  package var path: String { "/dev/loop\(number)" }
  package var device: DeviceNumber { DeviceNumber(major: 7, minor: UInt32(number)) }

  /// The size of every device's sectors, in bytes.
  ///
  /// Left to the kernel it would be 512 for some files and 4096 for those that share blocks with another, past the page
  /// cache; a filesystem made for the smaller refuses the larger. Files and filesystems must be made for this one.
  package static let sectorSize = 4096

  /// Attaches a file to a free device, past the page cache where the file's filesystem allows it.
  ///
  /// The device stays for as long as the returned descriptor is open or something has it mounted.
  package static func attach(_ file: String, readOnly: Bool = false)
    throws(SystemError) -> (LoopDevice, DescriptorHandle)
  {
    let backing = try DurableFile.open(file, readOnly ? O_RDONLY : O_RDWR)
    let control = try DurableFile.open("/dev/loop-control", O_RDWR)
    // Another process may take the same free device first; each round has a new one.
    for _ in 0..<100 {
      let number = control.use { cl_loop_free_number($0) }
      guard number >= 0 else {
        throw SystemError("LOOP_CTL_GET_FREE", file, code: -number)
      }
      let device = LoopDevice(number: number)
      let open = try device.open(readOnly: readOnly)
      let answer = open.use { device in
        backing.use { cl_loop_attach(device, $0, readOnly ? 1 : 0, UInt32(Self.sectorSize)) }
      }
      if answer == 0 { return (device, open) }
      guard answer == -EBUSY else {
        throw SystemError("LOOP_CONFIGURE of \(device.path)", file, code: -answer)
      }
    }
    throw SystemError("LOOP_CONFIGURE", file, code: EBUSY)
  }

  /// The device that shows this file now, whoever attached it; nil when there is none.
  ///
  /// Compares file identities, not names, so that renames and mount namespaces do not mislead.
  package static func find(backing file: String) throws(SystemError) -> LoopDevice? {
    var status = stat()
    guard stat(file, &status) == 0 else { throw SystemError("stat", file, code: errno) }
    for device in attached() {
      // A device that went away meanwhile shows nothing.
      guard let open = try? device.open(readOnly: true) else { continue }
      var filesystem: UInt64 = 0
      var inode: UInt64 = 0
      if open.use({ cl_loop_backing($0, &filesystem, &inode) }) == 0,
        inode == UInt64(status.st_ino), sameDevice(filesystem, UInt64(status.st_dev))
      {
        return device
      }
    }
    return nil
  }

  /// Takes over the size of a file that has grown.
  package func takeSize() throws(SystemError) {
    let answer = try open(readOnly: true).use { cl_loop_take_size($0) }
    guard answer == 0 else { throw SystemError("LOOP_SET_CAPACITY", path, code: -answer) }
  }

  /// Every device that shows a file.
  private static func attached() -> [LoopDevice] {
    guard let directory = opendir("/sys/block") else { return [] }
    defer { closedir(directory) }
    var found: [LoopDevice] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard name.hasPrefix("loop"), let number = Int32(name.dropFirst(4)), number >= 0,
        access("/sys/block/\(name)/loop/backing_file", F_OK) == 0
      else { continue }
      found.append(LoopDevice(number: number))
    }
    return found.sorted { $0.number < $1.number }
  }

  /// Opens the device, which keeps it attached meanwhile.
  package func open(readOnly: Bool = false) throws(SystemError) -> DescriptorHandle {
    // Without a device filesystem nobody makes the node of a device beyond the first eight.
    if access(path, F_OK) != 0 {
      guard mknod(path, S_IFBLK | 0o660, dev_t(7) << 8 | dev_t(number)) == 0 || errno == EEXIST
      else { throw SystemError("mknod", path, code: errno) }
    }
    return try DurableFile.open(path, readOnly ? O_RDONLY : O_RDWR)
  }

  /// The loop driver reports the kernel's own form of a device number (20 minor bits), stat(2) the C library's.
  private static func sameDevice(_ reported: UInt64, _ status: UInt64) -> Bool {
    if reported == status { return true }
    let major = (status >> 8) & 0xfff | (status >> 32) & ~0xfff
    let minor = status & 0xff | (status >> 12) & ~0xff
    return reported == major << 20 | minor
      || reported == (major << 8 | minor & 0xff | (minor & ~0xff) << 12)
  }
}

extension LoopDevice {
  /// Waits until no device shows this file; the one that still does at the end of the time, if any.
  ///
  /// The kernel detaches a device a moment after its last user has gone. Blocks.
  package static func waitUntilDetached(_ file: String, atMost limit: Duration)
    throws(SystemError) -> LoopDevice?
  {
    let end = ContinuousClock.now + limit
    while true {
      guard let device = try find(backing: file) else { return nil }
      guard ContinuousClock.now < end else { return device }
      usleep(2_000)
    }
  }
}
