#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "CLinux.h"

static void close_from(int first, int exec_only) {
  unsigned flags = exec_only ? CLOSE_RANGE_CLOEXEC : 0;
  if (syscall(SYS_close_range, (unsigned)first, ~0u, flags) == 0) return;
  for (int descriptor = first; descriptor < 65536; descriptor++) {
    if (exec_only) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    else close(descriptor);
  }
}

static void reset_signals(void) {
  struct sigaction plain;
  memset(&plain, 0, sizeof plain);
  plain.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; number++) sigaction(number, &plain, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

/// Moves `descriptors` to 0 … count-1. They go by way of numbers above the target range, so none overwrites another.
static int arrange(const int *descriptors, int count) {
  int moved[CL_MAX_DESCRIPTORS];
  if (count > CL_MAX_DESCRIPTORS) return EINVAL;
  for (int index = 0; index < count; index++) {
    int source = descriptors[index];
    int opened = -1;
    if (source < 0) {
      source = opened = open("/dev/null", O_RDWR | O_CLOEXEC);
      if (source < 0) return errno;
    }
    moved[index] = fcntl(source, F_DUPFD_CLOEXEC, count + 8);
    if (moved[index] < 0) return errno;
    if (opened >= 0) close(opened);
  }
  for (int index = 0; index < count; index++)
    if (dup2(moved[index], index) < 0) return errno;
  return 0;
}

pid_t cl_spawn(
    const char *path, char *const arguments[], char *const environment[], const int *descriptors, int count) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) < 0) return -errno;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t child = fork();
  if (child == 0) {
    setsid();
    reset_signals();
    int high = fcntl(report[1], F_DUPFD_CLOEXEC, count + 8);
    int failure = high < 0 ? errno : arrange(descriptors, count);
    if (!failure) {
      close_from(count, 1);
      execve(path, arguments, environment);
      failure = errno;
    }
    ssize_t ignored = write(high < 0 ? report[1] : high, &failure, sizeof failure);
    (void)ignored;
    _exit(127);
  }
  int failed = child < 0 ? errno : 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(report[1]);
  if (!failed) {
    int failure = 0;
    ssize_t size;
    do size = read(report[0], &failure, sizeof failure);
    while (size < 0 && errno == EINTR);
    if (size == (ssize_t)sizeof failure) {
      failed = failure;
      while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    }
  }
  close(report[0]);
  return failed ? -failed : child;
}

pid_t cl_fork_thaw(int directory) {
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_NAME, "stillpoint-thaw");
    _exit(-cl_thaw(directory));
  }
  return child < 0 ? -errno : child;
}

pid_t cl_fork_unpause(int file) {
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_NAME, "stillpoint-thaw");
    _exit(-cl_unpause(file));
  }
  return child < 0 ? -errno : child;
}

pid_t cl_fork_write(int descriptor, const void *bytes, size_t length) {
  pid_t child = fork();
  if (child == 0) {
    const char *next = bytes;
    while (length > 0) {
      ssize_t written = write(descriptor, next, length);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) _exit(errno);
      next += written;
      length -= (size_t)written;
    }
    _exit(0);
  }
  return child < 0 ? -errno : child;
}
