#pragma once
#include <errno.h>
#include <sys/mman.h>

/// Locks everything that is and will be mapped into memory.
static inline int cl_lock_memory(void) {
  return mlockall(MCL_CURRENT | MCL_FUTURE) < 0 ? -errno : 0;
}
