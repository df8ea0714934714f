#include "data/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static biascope_status fail_read(const char *path, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: cannot be read: %s", path, strerror(errno));
}

/* Fills text->bytes with the content of the file, at most `size` bytes. */
static biascope_status read_all(bs_text *text, int descriptor, size_t size, biascope_error *error) {
  text->bytes = malloc(size + 1);
  if (!text->bytes) return bs_fail_memory(error, "a file's content");
  while (text->size < size) {
    const ssize_t count = read(descriptor, text->bytes + text->size, size - text->size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_read(text->path, error);
    if (count == 0) break;
    text->size += (size_t)count;
  }
  text->bytes[text->size] = '\0';
  return BIASCOPE_OK;
}

biascope_status bs_text_load(bs_text *text, const char *path, biascope_error *error) {
  memset(text, 0, sizeof *text);
  text->path = path;
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block */
  if (descriptor < 0) return fail_read(path, error);
  struct stat properties;
  biascope_status status = BIASCOPE_OK;
  if (fstat(descriptor, &properties) != 0) {
    status = fail_read(path, error);
  } else if (!S_ISREG(properties.st_mode)) {
    status = bs_fail(error, BIASCOPE_BAD_INPUT, "%s: is %s; expected a regular file", path,
                     S_ISDIR(properties.st_mode) ? "a directory" : "a device or a pipe");
  } else {
    status = read_all(text, descriptor, (size_t)properties.st_size, error);
  }
  close(descriptor);
  if (status != BIASCOPE_OK) bs_text_free(text);
  return status;
}

void bs_text_free(bs_text *text) {
  free(text->bytes);
  memset(text, 0, sizeof *text);
}

bs_span bs_line(const bs_text *text, const char *cursor) {
  const char *end = text->bytes + text->size;
  const char *feed = memchr(cursor, '\n', (size_t)(end - cursor));
  if (feed) end = feed;
  return (bs_span){cursor, end > cursor && end[-1] == '\r' ? end - 1 : end};
}

const char *bs_next_line(const bs_text *text, bs_span line) {
  const char *end = text->bytes + text->size, *at = line.end;
  if (at < end && *at == '\r') at++;
  return at < end ? at + 1 : end;
}

biascope_status bs_fail_at(biascope_error *error, const bs_text *text, const char *where, const char *format, ...) {
  if (!error) return BIASCOPE_BAD_INPUT;
  size_t line = 1;
  const char *start = text->bytes;
  for (const char *feed; (feed = memchr(start, '\n', (size_t)(where - start))); start = feed + 1) line++;
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%zu:%zu: %s", text->path, line, (size_t)(where - start) + 1, message);
}
