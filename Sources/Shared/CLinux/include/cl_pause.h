#pragma once
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/// What an open `cgroup.freeze` asks for: 1 frozen, 0 not. -ENODEV when the group is gone.
static inline int cl_pause_asked(int file) {
  char value = 0;
  ssize_t count = pread(file, &value, 1, 0);
  if (count < 0) return -errno;
  return count == 1 && value == '1';
}

/// Asks an open `cgroup.freeze` to freeze or to let go.
static inline int cl_pause_ask(int file, int frozen) {
  return pwrite(file, frozen ? "1" : "0", 1, 0) < 0 ? -errno : 0;
}

/// Lets go of a frozen group. -EINVAL when nobody asked for it to be frozen; 0 also when it is gone, with all that was in it.
static inline int cl_unpause(int file) {
  int asked = cl_pause_asked(file);
  if (asked == 0) return -EINVAL;
  int result = asked < 0 ? asked : cl_pause_ask(file, 0);
  return result == -ENODEV ? 0 : result;
}

/// Waits until an open `cgroup.events` has changed since it was last read, at most `milliseconds`: 1 when it has, 0 when not.
int cl_events_changed(int file, int milliseconds);

/// Sees control groups, on this thread alone and for good, as the process does whose namespace is opened.
static inline int cl_enter_control_groups(int space) { return syscall(SYS_setns, space, 0x02000000) < 0 ? -errno : 0; }
