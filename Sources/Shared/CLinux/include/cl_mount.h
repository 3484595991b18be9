#pragma once

#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

// Cloning and mounting; 0 on success, -errno on failure.

#ifndef FICLONE
#define FICLONE _IOW(0x94, 9, int)
#endif

/// Makes `destination` share all blocks of `source`; both must be on one filesystem that can.
static inline int cl_clone(int destination, int source) {
  return ioctl(destination, FICLONE, source) < 0 ? -errno : 0;
}

static inline int cl_mount(const char *source, const char *target, const char *type,
                           unsigned long flags, const char *options) {
  return mount(source, target, type, flags, options) < 0 ? -errno : 0;
}

static inline int cl_unmount(const char *target) {
  return umount2(target, UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}
