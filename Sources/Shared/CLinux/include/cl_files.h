#pragma once
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <unistd.h>

/// Writes a filesystem's dirty pages, and waits for them.
static inline int cl_syncfs(int descriptor) { return (int)syscall(SYS_syncfs, descriptor) < 0 ? -errno : 0; }

/// Hands a file's dirty pages to the device, and waits until it has them. Not its metadata, nor the device's cache.
static inline int cl_hand_over(int descriptor) {
  // SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE and _WAIT_AFTER of linux/fs.h.
  unsigned int flags = 1 | 2 | 4;
  return (int)syscall(SYS_sync_file_range, descriptor, 0L, 0L, flags) < 0 ? -errno : 0;
}

/// Opens a path as a process whose root is `root` would see it: no symbolic link leads out (openat2, Linux 5.6).
static inline int cl_open_in_root(int root, const char *path, int flags) {
  struct open_how how = {0};
  how.flags = (uint64_t)flags;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  int result = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
  return result < 0 ? -errno : result;
}

static inline unsigned int cl_major(dev_t device) { return major(device); }
static inline unsigned int cl_minor(dev_t device) { return minor(device); }

/// A pipe whose ends are closed in started programs.
static inline int cl_pipe(int ends[2]) { return (int)syscall(SYS_pipe2, ends, O_CLOEXEC) < 0 ? -errno : 0; }
