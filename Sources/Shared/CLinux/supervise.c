#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "CLinux.h"

/// Whether an open environment holds the entry. A shell hands its environment on in any order.
static int holds_entry(int file, const char *mark, size_t length) {
  char buffer[16384];
  // An entry stands between two zero bytes; one is put before the first.
  size_t filled = 1;
  buffer[0] = 0;
  for (;;) {
    ssize_t size = read(file, buffer + filled, sizeof buffer - filled);
    if (size <= 0) return 0;
    filled += (size_t)size;
    for (char *at = buffer; (at = memchr(at, 0, filled - (size_t)(at - buffer))); at++) {
      size_t left = filled - (size_t)(at - buffer) - 1;
      if (left >= length && memcmp(at + 1, mark, length) == 0) return 1;
    }
    size_t kept = filled < length + 1 ? filled : length + 1;
    memmove(buffer, buffer + filled - kept, kept);
    filled = kept;
  }
}

int cl_kill_marked(const char *mark) {
  size_t length = strlen(mark) + 1;
  if (length > 256) return 0;
  DIR *processes = opendir("/proc");
  if (!processes) return 0;
  int killed = 0;
  pid_t own = getpid();
  struct dirent *entry;
  while ((entry = readdir(processes))) {
    char *end;
    long number = strtol(entry->d_name, &end, 10);
    if (*end || number <= 1 || number == own) continue;
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/environ", number);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    int marked = holds_entry(file, mark, length);
    close(file);
    if (marked && kill((pid_t)number, SIGKILL) == 0) killed++;
  }
  closedir(processes);
  return killed;
}

/// Kills the group and whatever carries the mark, again until nothing is left or two seconds have passed.
static void end_everything(pid_t program, const char *mark) {
  kill(-program, SIGKILL);
  kill(program, SIGKILL);
  int64_t until = cl_boot_time() + 2000000000;
  while (cl_kill_marked(mark) > 0 && cl_boot_time() < until) {
    while (waitpid(-1, NULL, WNOHANG) > 0) {}
    usleep(2000);
  }
}

static void supervise(
    const char *path, char *const arguments[], char *const environment[], int count, int milliseconds, int control,
    int status, const char *mark) {
  int own[CL_MAX_DESCRIPTORS];
  for (int index = 0; index < count; index++) own[index] = index;
  struct cl_ending ending = {0, 0};
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  pid_t program = cl_spawn(path, arguments, environment, own, count);
  if (program < 0) {
    ending = (struct cl_ending){4, -program};
  } else {
    // The supervisor keeps no end of the program's pipes: their reader must see when the program closed them.
    for (int index = 0; index < count; index++) close(index);
    int watched = cl_pidfd_open(program);
    int64_t deadline = cl_boot_time() + (int64_t)milliseconds * 1000000;
    for (;;) {
      int result = 0;
      pid_t ended;
      // Descendants whose parents are gone are this process's children now, and are freed as well.
      while ((ended = waitpid(-1, &result, WNOHANG)) > 0 && ended != program) {}
      if (ended == program) {
        ending = WIFEXITED(result) ? (struct cl_ending){0, WEXITSTATUS(result)}
                                   : (struct cl_ending){1, WTERMSIG(result)};
        break;
      }
      int64_t left = (deadline - cl_boot_time()) / 1000000;
      if (left <= 0) {
        ending.kind = 2;
        break;
      }
      // Without a pidfd (a kernel before 5.3) the program's end is found by asking every 20 ms.
      struct pollfd events[2] = {{.fd = watched, .events = POLLIN}, {.fd = control, .events = POLLIN}};
      int64_t most = watched < 0 ? 20 : 250;
      int ready = poll(events, 2, (int)(left > most ? most : left));
      if (ready > 0 && events[1].revents) {
        ending.kind = 3;
        break;
      }
    }
    if (ending.kind >= 2) {
      end_everything(program, mark);
      waitpid(program, NULL, WNOHANG);
    }
  }
  if (status >= 0) {
    ssize_t ignored = write(status, &ending, sizeof ending);
    (void)ignored;
  }
  _exit(ending.kind == 0 ? ending.value : 125);
}

pid_t cl_spawn_supervised(
    const char *path, char *const arguments[], char *const environment[], const int *descriptors, int count,
    int milliseconds, int control, int status, const char *mark) {
  if (count > CL_MAX_DESCRIPTORS - 2) return -EINVAL;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t supervisor = fork();
  if (supervisor == 0) {
    setsid();
    prctl(PR_SET_NAME, "stillpoint-run");
    signal(SIGPIPE, SIG_IGN);
    int moved[CL_MAX_DESCRIPTORS];
    for (int index = 0; index < count; index++) {
      int source = descriptors[index] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : descriptors[index];
      moved[index] = fcntl(source, F_DUPFD_CLOEXEC, count + 8);
      if (moved[index] < 0) _exit(125);
    }
    if (control >= 0) control = fcntl(control, F_DUPFD_CLOEXEC, count + 8);
    if (status >= 0) status = fcntl(status, F_DUPFD_CLOEXEC, count + 8);
    for (int index = 0; index < count; index++) dup2(moved[index], index);
    if (control >= 0) control = dup2(control, count) < 0 ? -1 : count;
    if (status >= 0) status = dup2(status, count + 1) < 0 ? -1 : count + 1;
    if (syscall(SYS_close_range, (unsigned)count + 2, ~0u, 0) < 0)
      for (int descriptor = count + 2; descriptor < 65536; descriptor++) close(descriptor);
    if (control < 0) close(count);
    if (status < 0) close(count + 1);
    supervise(path, arguments, environment, count, milliseconds, control, status, mark);
  }
  int failed = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return supervisor < 0 ? -failed : supervisor;
}
