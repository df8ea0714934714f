#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static biascope_status fail_write(const char *path, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: cannot be written: %s", path, strerror(errno));
}

/* Creates a file with a new name: `path` and a random suffix. mkstemp would ignore the umask. -1 with errno. */
static int create_beside(const char *path, char *name, size_t size) {
  for (int attempt = 0; attempt < 100; attempt++) {
    uint32_t suffix;
    if (getrandom(&suffix, sizeof suffix, 0) != sizeof suffix) return -1;
    snprintf(name, size, "%s.%08x", path, suffix);
    const int descriptor = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST) return descriptor;
  }
  return -1;
}

biascope_status biascope_output_open(biascope_output *file, const char *path, biascope_error *error) {
  const size_t size = strlen(path) + sizeof ".01234567";
  *file = (biascope_output){.path = strdup(path)};
  char *name = malloc(size);
  if (!file->path || !name) {
    free(name);
    biascope_output_abandon(file);
    return bs_fail_memory(error, "a file name");
  }
  const int descriptor = create_beside(path, name, size);
  if (descriptor < 0) {
    const biascope_status status = fail_write(path, error);
    free(name);
    biascope_output_abandon(file);
    return status;
  }
  file->temporary = name;
  file->stream = fdopen(descriptor, "wb");
  if (file->stream) return BIASCOPE_OK;
  const biascope_status status = fail_write(path, error);
  close(descriptor);
  biascope_output_abandon(file);
  return status;
}

biascope_status biascope_output_commit(biascope_output *file, biascope_error *error) {
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
  biascope_output_abandon(file);
  return status;
}

void biascope_output_abandon(biascope_output *file) {
  if (file->stream) fclose(file->stream);
  if (file->temporary) unlink(file->temporary);
  free(file->temporary);
  free(file->path);
  memset(file, 0, sizeof *file);
}

/* What tells a file from all others: its device and inode; before it is created, those of its folder, and its name. */
typedef struct {
  dev_t device;
  ino_t inode;
  const char *name;
} identity;

/* False for a terminal or a pipe as well, in which nothing is overwritten. */
static bool identify(const char *path, identity *out) {
  struct stat information;
  const char *name = "";
  if (stat(path, &information) == 0) {
    if (!S_ISREG(information.st_mode)) return false;
  } else {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    name = slash ? slash + 1 : path;
    const int size = slash ? snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path)
                           : snprintf(folder, sizeof folder, ".");
    if (size >= (int)sizeof folder || stat(folder, &information) != 0) return false;
  }
  *out = (identity){information.st_dev, information.st_ino, name};
  return true;
}

bool biascope_same_file(const char *path, const char *other) {
  identity first, second;
  return identify(path, &first) && identify(other, &second) && first.device == second.device &&
         first.inode == second.inode && strcmp(first.name, second.name) == 0;
}

biascope_status bs_make_directory(const char *path, biascope_error *error) {
  char *prefix = strdup(path);
  if (!prefix) return bs_fail_memory(error, "a directory name");
  bool made = true;
  for (char *end = prefix; *end && made; end++) {
    if (end == prefix || *end != '/') continue;
    *end = '\0';
    made = mkdir(prefix, 0777) == 0 || errno == EEXIST;
    *end = '/';
  }
  struct stat information;
  made = made && (mkdir(path, 0777) == 0 || errno == EEXIST);
  if (made && stat(path, &information) == 0 && !S_ISDIR(information.st_mode)) {
    errno = ENOTDIR;
    made = false;
  }
  free(prefix);
  return made ? BIASCOPE_OK : bs_fail(error, BIASCOPE_BAD_INPUT, "%s: cannot be made: %s", path, strerror(errno));
}
