#include <poll.h>

#include "CLinux.h"

int cl_events_changed(int file, int milliseconds) {
  struct pollfd events = {.fd = file, .events = POLLPRI};
  int result = poll(&events, 1, milliseconds);
  if (result < 0) return errno == EINTR ? 0 : -errno;
  return result > 0;
}
