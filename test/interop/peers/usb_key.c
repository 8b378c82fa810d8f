/*
 * Plugs a software key into Debian's libfido2 tools as if it were on USB: preloaded into fido2-token, fido2-cred and
 * fido2-assert, it lets their library exchange 64-byte CTAPHID reports (CTAP 2.1, section 11.2) with the key's Unix
 * socket. Everything above the reports is the real library and the real tool.
 *
 * A device's path is the socket's path. KENNEL_TEST_KEYS lists, divided by colons, what is plugged in.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { REPORT = 64, MESSAGE = 7609, INIT_DATA = REPORT - 7, MORE_DATA = REPORT - 5 };
enum { CMD_INIT = 0x06, CMD_CBOR = 0x10, CMD_CANCEL = 0x11 };
static const uint8_t CHANNEL[4] = {0x4b, 0x45, 0x4e, 0x31};

/* The few declarations of <fido.h> that are needed, so that its package need not be installed. */
typedef struct {
  void *(*open)(const char *);
  void (*close)(void *);
  int (*read)(void *, unsigned char *, size_t, int);
  int (*write)(void *, const unsigned char *, size_t);
} io_functions;
extern int fido_dev_set_io_functions(void *dev, const io_functions *io);
extern int fido_dev_info_set(void *list, size_t i, const char *path, const char *manufacturer, const char *product,
                             const io_functions *io, const void *transport);

struct key {
  int fd;
  uint8_t request[MESSAGE + INIT_DATA + MORE_DATA];
  size_t request_length, request_have;
  uint8_t request_command;
  uint8_t answer[MESSAGE];
  size_t answer_length, answer_sent;
  uint8_t answer_command, sequence;
  int answering;
};

static int all(int fd, uint8_t *bytes, size_t length, ssize_t (*move)(int, void *, size_t)) {
  for (size_t done = 0; done < length;) {
    ssize_t n = move(fd, bytes + done, length - done);
    if (n <= 0) return -1;
    done += (size_t)n;
  }
  return 0;
}
static ssize_t put(int fd, void *bytes, size_t length) { return send(fd, bytes, length, MSG_NOSIGNAL); }

static void *key_open(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof(address.sun_path)) return NULL;
  strcpy(address.sun_path, path);
  struct key *key = calloc(1, sizeof(*key));
  if (key == NULL) return NULL;
  key->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (key->fd < 0 || connect(key->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
    free(key);
    return NULL;
  }
  return key;
}

static void key_close(void *handle) {
  struct key *key = handle;
  close(key->fd);
  free(key);
}

static void answer(struct key *key, uint8_t command, const uint8_t *bytes, size_t length) {
  memcpy(key->answer, bytes, length);
  key->answer_command = command;
  key->answer_length = length;
  key->answer_sent = 0;
  key->sequence = 0;
  key->answering = 1;
}

/* A whole message has come from the library. */
static int deliver(struct key *key) {
  if (key->request_command == CMD_INIT) {
    /* nonce, channel, protocol 2, version 5.7.1, capabilities: WINK, CBOR, no U2F messages */
    uint8_t init[17];
    memcpy(init, key->request, 8);
    memcpy(init + 8, CHANNEL, 4);
    memcpy(init + 12, (const uint8_t[]){2, 5, 7, 1, 0x0d}, 5);
    answer(key, CMD_INIT, init, sizeof(init));
    return 0;
  }
  if (key->request_command != CMD_CBOR && key->request_command != CMD_CANCEL) return -1;
  size_t n = key->request_length;
  uint8_t header[5] = {key->request_command, 0, 0, (uint8_t)(n >> 8), (uint8_t)n};
  if (all(key->fd, header, sizeof(header), put) != 0) return -1;
  return all(key->fd, key->request, n, put);
}

/* One report from the library; its first byte is the report number. */
static int key_write(void *handle, const unsigned char *bytes, size_t length) {
  struct key *key = handle;
  if (length != REPORT + 1) return -1;
  const unsigned char *report = bytes + 1;
  if (report[4] & 0x80) {
    key->request_command = report[4] & 0x7f;
    key->request_length = (size_t)(report[5] << 8 | report[6]);
    key->request_have = INIT_DATA;
    if (key->request_length > MESSAGE) return -1;
    memcpy(key->request, report + 7, INIT_DATA);
  } else {
    if (key->request_have >= key->request_length) return -1;
    memcpy(key->request + key->request_have, report + 5, MORE_DATA);
    key->request_have += MORE_DATA;
  }
  if (key->request_have >= key->request_length && deliver(key) != 0) return -1;
  return (int)length;
}

/* One report to the library, or -1 where none came in time (milliseconds; -1 waits). */
static int key_read(void *handle, unsigned char *report, size_t length, int ms) {
  struct key *key = handle;
  if (length != REPORT) return -1;
  if (!key->answering) {
    struct pollfd waiting = {.fd = key->fd, .events = POLLIN};
    uint8_t header[5], payload[MESSAGE];
    if (poll(&waiting, 1, ms) != 1) return -1;
    if (all(key->fd, header, sizeof(header), (ssize_t(*)(int, void *, size_t))read) != 0) return -1;
    size_t n = (size_t)header[3] << 8 | header[4];
    if (n > MESSAGE || all(key->fd, payload, n, (ssize_t(*)(int, void *, size_t))read) != 0) return -1;
    answer(key, header[0], payload, n);
  }
  memset(report, 0, REPORT);
  int first = key->answer_sent == 0;
  size_t room = first ? INIT_DATA : MORE_DATA, left = key->answer_length - key->answer_sent;
  memcpy(report, key->request_command == CMD_INIT ? (const uint8_t[]){0xff, 0xff, 0xff, 0xff} : CHANNEL, 4);
  if (first) {
    report[4] = key->answer_command | 0x80;
    report[5] = (uint8_t)(key->answer_length >> 8);
    report[6] = (uint8_t)key->answer_length;
  } else {
    report[4] = key->sequence++;
  }
  size_t n = left < room ? left : room;
  memcpy(report + (first ? 7 : 5), key->answer + key->answer_sent, n);
  key->answer_sent += n;
  if (key->answer_sent == key->answer_length) key->answering = 0;
  return REPORT;
}

static const io_functions IO = {key_open, key_close, key_read, key_write};

/* In place of the library's own. */
int fido_dev_open(void *dev, const char *path) {
  int (*real)(void *, const char *) = (int (*)(void *, const char *))dlsym(RTLD_NEXT, "fido_dev_open");
  int r = fido_dev_set_io_functions(dev, &IO);
  return r != 0 ? r : real(dev, path);
}

int fido_dev_info_manifest(void *list, size_t room, size_t *count) {
  const char *plugged = getenv("KENNEL_TEST_KEYS");
  char *paths = strdup(plugged == NULL ? "" : plugged), *rest = paths, *path;
  *count = 0;
  while (paths != NULL && *count < room && (path = strsep(&rest, ":")) != NULL) {
    if (*path == '\0') continue;
    if (fido_dev_info_set(list, *count, path, "Kennel", "Software key", &IO, NULL) != 0) return -9;
    ++*count;
  }
  free(paths);
  return 0;
}
