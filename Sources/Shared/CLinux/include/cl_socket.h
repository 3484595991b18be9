#pragma once
#include <errno.h>
#include <string.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

/// The most descriptors that one message carries.
#define CL_MAX_DESCRIPTORS 64

/// A connected pair of sockets that keep message boundaries.
static inline int cl_message_pair(int ends[2]) {
  return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
}

/// Sends one message with descriptors, whole or not at all; never blocks (-EAGAIN when the peer does not read).
static inline ssize_t cl_send_message(
    int socket, const void *bytes, size_t length, const int *descriptors, size_t count) {
  if (count > CL_MAX_DESCRIPTORS) return -EINVAL;
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * CL_MAX_DESCRIPTORS)];
  } control;
  struct iovec vector = {.iov_base = (void *)bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (count > 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = control.space;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(header), descriptors, sizeof(int) * count);
  }
  ssize_t result;
  do result = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : result;
}

/// Receives one message and its descriptors (close-on-exec). 0 at the peer's end; -EMSGSIZE for a message that was cut short,
/// whose descriptors are closed.
static inline ssize_t cl_receive_message(
    int socket, void *bytes, size_t capacity, int *descriptors, size_t *count) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * CL_MAX_DESCRIPTORS)];
  } control;
  struct iovec vector = {.iov_base = bytes, .iov_len = capacity};
  struct msghdr message = {
      .msg_iov = &vector,
      .msg_iovlen = 1,
      .msg_control = control.space,
      .msg_controllen = sizeof control.space};
  *count = 0;
  ssize_t result;
  do result = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (result < 0 && errno == EINTR);
  if (result < 0) return -errno;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t carried = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < carried; index++) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(header) + index * sizeof(int), sizeof(int));
      if (*count < CL_MAX_DESCRIPTORS) descriptors[(*count)++] = descriptor;
      else close(descriptor);
    }
  }
  if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
    for (size_t index = 0; index < *count; index++) close(descriptors[index]);
    *count = 0;
    return -EMSGSIZE;
  }
  return result;
}
