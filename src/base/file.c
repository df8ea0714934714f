#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static biascope_status fail_write(const char *path, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: cannot be written: %s", path, strerror(errno));
}

biascope_status bs_output_open(bs_output_file *file, const char *path, biascope_error *error) {
  memset(file, 0, sizeof *file);
  const size_t length = strlen(path);
  file->path = malloc(length + 1);
  file->temporary = malloc(length + sizeof ".XXXXXX");
  if (!file->path || !file->temporary) {
    bs_output_abandon(file);
    return bs_fail_memory(error, "a file name");
  }
  memcpy(file->path, path, length + 1);
  memcpy(file->temporary, path, length);
  memcpy(file->temporary + length, ".XXXXXX", sizeof ".XXXXXX");
  const int descriptor = mkstemp(file->temporary);
  if (descriptor >= 0) {
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(descriptor, 0666 & ~mask);
    file->stream = fdopen(descriptor, "wb");
  }
  if (!file->stream) {
    const biascope_status status = fail_write(path, error);
    if (descriptor >= 0) {
      close(descriptor);
      unlink(file->temporary);
    }
    free(file->temporary);
    file->temporary = NULL;
    bs_output_abandon(file);
    return status;
  }
  return BIASCOPE_OK;
}

biascope_status bs_output_commit(bs_output_file *file, biascope_error *error) {
  const bool written = !ferror(file->stream) && fflush(file->stream) == 0 && fsync(fileno(file->stream)) == 0;
  const int flush_errno = errno;
  const bool closed = fclose(file->stream) == 0;
  file->stream = NULL;
  biascope_status status = BIASCOPE_OK;
  if (!written) errno = flush_errno;
  if (!written || !closed || rename(file->temporary, file->path) != 0) {
    status = fail_write(file->path, error);
  } else {
    free(file->temporary);
    file->temporary = NULL;
  }
  bs_output_abandon(file);
  return status;
}

void bs_output_abandon(bs_output_file *file) {
  if (file->stream) fclose(file->stream);
  if (file->temporary) unlink(file->temporary);
  free(file->temporary);
  free(file->path);
  memset(file, 0, sizeof *file);
}
