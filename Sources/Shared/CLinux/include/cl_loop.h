#pragma once

#include <errno.h>
#include <linux/loop.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

// Loop devices. Every function answers 0 or a positive value on success and -errno on failure: the ioctl calls are
// variadic, which Swift cannot call.

#ifndef LOOP_CONFIGURE
#error "needs the kernel headers of Linux 5.8 or newer (LOOP_CONFIGURE)"
#endif

/// The number of a loop device that nothing uses at the moment; the kernel makes a new one when all are taken.
static inline int cl_loop_free_number(int control) {
  int number = ioctl(control, LOOP_CTL_GET_FREE);
  return number < 0 ? -errno : number;
}

/// Makes a free device show a file, in sectors of `sector` bytes. The device detaches itself once nothing has it open
/// or mounted.
static inline int cl_loop_attach(int device, int file, int read_only, unsigned sector) {
  struct loop_config config;
  memset(&config, 0, sizeof config);
  config.fd = (uint32_t)file;
  config.block_size = sector;
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO;
  if (read_only) config.info.lo_flags |= LO_FLAGS_READ_ONLY;
  return ioctl(device, LOOP_CONFIGURE, &config) < 0 ? -errno : 0;
}

/// Which file a device shows: its filesystem's device number and its inode. -ENXIO for a device without a file.
static inline int cl_loop_backing(int device, uint64_t *filesystem, uint64_t *inode) {
  struct loop_info64 info;
  memset(&info, 0, sizeof info);
  if (ioctl(device, LOOP_GET_STATUS64, &info) < 0) return -errno;
  *filesystem = info.lo_device;
  *inode = info.lo_inode;
  return 0;
}

/// Takes over a size of the file that changed.
static inline int cl_loop_take_size(int device) {
  return ioctl(device, LOOP_SET_CAPACITY, 0) < 0 ? -errno : 0;
}
