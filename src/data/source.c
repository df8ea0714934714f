#include "data/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static biascope_status fail_read(const char *path, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: cannot be read: %s", path, strerror(errno));
}

biascope_status bs_source_open(bs_source *source, const char *path, biascope_error *error) {
  const bool standard_input = strcmp(path, "-") == 0;
  *source = (bs_source){.path = standard_input ? "standard input" : path, .descriptor = -1};
  const int descriptor = standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail_read(source->path, error);
  source->descriptor = descriptor;
  struct stat properties;
  biascope_status status = BIASCOPE_OK;
  if (fstat(descriptor, &properties) != 0)
    status = fail_read(source->path, error);
  else if (S_ISDIR(properties.st_mode))
    status = bs_fail(error, BIASCOPE_BAD_INPUT, "%s: is a directory; expected a file", source->path);
  if (status != BIASCOPE_OK) {
    bs_source_close(source);
    return status;
  }
  source->has_size = S_ISREG(properties.st_mode) && !standard_input;
  source->size = source->has_size ? (size_t)properties.st_size : 0;
  return BIASCOPE_OK;
}

void bs_source_open_memory(bs_source *source, const char *path, const void *bytes, size_t size) {
  *source = (bs_source){.path = path, .descriptor = -1, .has_size = true, .size = size, .bytes = bytes};
}

static size_t take_memory(bs_source *source, void *bytes, size_t size) {
  const size_t left = source->size - source->taken, count = size < left ? size : left;
  if (count > 0) memcpy(bytes, source->bytes + source->taken, count);
  return count;
}

biascope_status bs_source_read(bs_source *source, void *bytes, size_t size, size_t *count, biascope_error *error) {
  *count = source->descriptor < 0 ? take_memory(source, bytes, size) : 0;
  while (source->descriptor >= 0 && *count < size) {
    const ssize_t got = read(source->descriptor, (char *)bytes + *count, size - *count);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_read(source->path, error);
    if (got == 0) break;
    *count += (size_t)got;
  }
  source->taken += *count;
  return BIASCOPE_OK;
}

void bs_source_close(bs_source *source) {
  if (source->descriptor >= 0) close(source->descriptor);
  source->descriptor = -1;
}
