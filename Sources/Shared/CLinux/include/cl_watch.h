#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

/// Opens a queue of notices about written files (Linux 5.1); reading it never blocks.
static inline int cl_watch_open(void) {
  int result = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_UNLIMITED_MARKS | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY);
  return result < 0 ? -errno : result;
}

/// Adds every file of a directory's filesystem: content that changes, names that come and go.
static inline int cl_watch_filesystem(int watch, int directory) {
  uint64_t events = FAN_MODIFY | FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO | FAN_ONDIR;
  return fanotify_mark(watch, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, events, directory, NULL) < 0 ? -errno : 0;
}

/// Adds a directory with all that is below it on its filesystem, each directory by itself: no file elsewhere on the
/// filesystem is watched. Returns how many there are; -E2BIG when these are more than `most`. A directory that comes later is noticed
/// as a name that comes.
int cl_watch_tree(int watch, int directory, int most);

/// Takes what is in the queue, up to its usual bound: the number of notices. Notices of the same kind about one file are merged
/// while they wait.
static inline int cl_watch_take(int watch) {
  char buffer[8192] __attribute__((aligned(8)));
  int taken = 0;
  while (taken < 16384) {
    ssize_t length = read(watch, buffer, sizeof buffer);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) break;
    if (length < 0) return -errno;
    if (length == 0) break;
    struct fanotify_event_metadata notice;
    for (ssize_t at = 0; at + (ssize_t)sizeof notice <= length; at += notice.event_len) {
      memcpy(&notice, buffer + at, sizeof notice);
      if (notice.event_len < sizeof notice) return -EBADMSG;
      taken++;
    }
  }
  return taken;
}
