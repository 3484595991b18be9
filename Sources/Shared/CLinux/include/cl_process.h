#pragma once
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/// A descriptor of a process that stays true when its number is reused; readable once the process has ended.
static inline int cl_pidfd_open(pid_t process) {
  int result = (int)syscall(SYS_pidfd_open, process, 0);
  return result < 0 ? -errno : result;
}

static inline int cl_pidfd_signal(int descriptor, int number) {
  return syscall(SYS_pidfd_send_signal, descriptor, number, NULL, 0) < 0 ? -errno : 0;
}

/// Nanoseconds since boot, time asleep included.
static inline int64_t cl_boot_time(void) {
  struct timespec time;
  clock_gettime(CLOCK_BOOTTIME, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/// Starts a program as leader of its own session and process group.
///
/// Its descriptors 0 to `count - 1` are `descriptors` (-1 means /dev/null); every other one is closed. Signals are at
/// their defaults. Returns its process number once the program runs, or the negated errno of what failed.
pid_t cl_spawn(
    const char *path, char *const arguments[], char *const environment[], const int *descriptors, int count);

/// How a supervised program ended, as 8 bytes on the status descriptor.
struct cl_ending {
  /// 0: exited with `value`; 1: ended by signal `value`; 2: killed at its time limit; 3: killed because the control
  /// descriptor closed; 4: could not be started, errno `value`.
  int32_t kind;
  int32_t value;
};

/// Runs a program under a supervisor process that ends it with every descendant, wherever they went, once
/// `milliseconds` pass or `control` closes.
///
/// Descendants are known by their process group and by the environment entry `mark` (`NAME=value`), which must be in
/// `environment`. `status` gets one `cl_ending`. `control` or `status` may be -1. Returns the supervisor's
/// process number; the caller reaps it.
pid_t cl_spawn_supervised(
    const char *path, char *const arguments[], char *const environment[], const int *descriptors, int count,
    int milliseconds, int control, int status, const char *mark);

/// Sends SIGKILL to every process whose environment has the entry `mark`; how many there were.
int cl_kill_marked(const char *mark);

/// Forks a process that thaws and exits with the errno (0: thawed). Returns its number, or the negated errno.
pid_t cl_fork_thaw(int directory);

/// Forks a process that lets go of a frozen control group (`cl_unpause`) and exits with the errno. Returns its number, or the
/// negated errno.
pid_t cl_fork_unpause(int file);

/// Forks a process that writes all bytes and exits with the errno. Returns its number, or the negated errno.
pid_t cl_fork_write(int descriptor, const void *bytes, size_t length);

static inline int cl_exited(int status) { return WIFEXITED(status); }
static inline int cl_exit_code(int status) { return WEXITSTATUS(status); }
static inline int cl_ending_signal(int status) { return WTERMSIG(status); }
