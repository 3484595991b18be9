#include "cl_watch.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <sys/fanotify.h>

int cl_watch_tree(int watch, int directory, int most) {
  const uint64_t events =
      FAN_MODIFY | FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO | FAN_ONDIR | FAN_EVENT_ON_CHILD;
  const unsigned int flags = FAN_MARK_ADD | FAN_MARK_ONLYDIR;
  // The first by its descriptor, before its names are read: whatever comes later is seen.
  if (fanotify_mark(watch, flags, events, directory, NULL) < 0) return -errno;
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", directory);
  char *paths[] = {path, NULL};
  FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR | FTS_XDEV, NULL);
  if (walk == NULL) return -errno;
  int found = 1;
  int failure = 0;
  for (FTSENT *entry; failure == 0 && (errno = 0, entry = fts_read(walk)) != NULL;) {
    if (entry->fts_info == FTS_D && entry->fts_level > 0) {
      if (++found > most) failure = E2BIG;
      else if (fanotify_mark(watch, flags | FAN_MARK_DONT_FOLLOW, events, AT_FDCWD, entry->fts_accpath) < 0)
        failure = errno;
    } else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS) {
      failure = entry->fts_errno;
    }
    // What is gone by now was noticed in the directory above it.
    if (failure == ENOENT || failure == ENOTDIR) failure = 0;
  }
  if (failure == 0) failure = errno;
  fts_close(walk);
  return failure ? -failure : found;
}
