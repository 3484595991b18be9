#pragma once
#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

/// FIFREEZE on the filesystem of a directory. -EBUSY when it is frozen already.
static inline int cl_freeze(int directory) {
  return ioctl(directory, FIFREEZE, 0) < 0 ? -errno : 0;
}

/// FITHAW on the filesystem of a directory. -EINVAL when it is not frozen, or not completely yet.
static inline int cl_thaw(int directory) {
  return ioctl(directory, FITHAW, 0) < 0 ? -errno : 0;
}
