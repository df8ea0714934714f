#include "data/input.h"

#include "data/archive.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROGRESS_BYTES = 1 << 25 };

static biascope_status fail_read(const char *path, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: cannot be read: %s", path, strerror(errno));
}

biascope_status bs_input_open(bs_input *source, const char *path, biascope_error *error) {
  const bool standard_input = strcmp(path, "-") == 0;
  *source = (bs_input){.path = standard_input ? "standard input" : path, .descriptor = -1};
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
    bs_input_close(source);
    return status;
  }
  source->has_size = S_ISREG(properties.st_mode) && !standard_input;
  source->size = source->has_size ? (size_t)properties.st_size : 0;
  return BIASCOPE_OK;
}

/* ---- Archives ------------------------------------------------------------------------------- */

static biascope_status fail_archive(const bs_input *source, biascope_error *error) {
  const char *reason = source->functions->archive_error_string(source->archive);
  if (source->functions->archive_errno(source->archive) == ENOMEM)
    return bs_fail_memory(error, "a compressed file's content");
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: cannot be read: %s", source->path, reason ? reason : "a damaged file");
}

/* Opens the file through libarchive; `prepare` selects what may be in it. */
static biascope_status open_archive(bs_input *source, const char *path,
                                    void (*prepare)(const bs_archive_functions *, struct archive *),
                                    biascope_error *error) {
  enum { BLOCK = 1 << 16 };
  biascope_status status = bs_input_open(source, path, error);
  if (status != BIASCOPE_OK) return status;
  source->has_size = false;
  source->functions = bs_archive_load(source->path, error);
  if (!source->functions) {
    bs_input_close(source);
    return BIASCOPE_BAD_INPUT;
  }
  source->archive = source->functions->archive_read_new();
  if (!source->archive) {
    status = bs_fail_memory(error, "a compressed file's content");
  } else {
    prepare(source->functions, source->archive);
    if (source->functions->archive_read_open_fd(source->archive, source->descriptor, BLOCK) != ARCHIVE_OK)
      status = fail_archive(source, error);
  }
  if (status != BIASCOPE_OK) bs_input_close(source);
  return status;
}

static void expect_compression(const bs_archive_functions *f, struct archive *archive) {
  f->archive_read_support_filter_gzip(archive);
  f->archive_read_support_filter_bzip2(archive);
  f->archive_read_support_filter_xz(archive);
  f->archive_read_support_filter_zstd(archive);
  f->archive_read_support_format_raw(archive);
  f->archive_read_support_format_empty(archive);
}

static void expect_zip(const bs_archive_functions *f, struct archive *archive) {
  f->archive_read_support_format_zip(archive);
}

biascope_status bs_input_open_compressed(bs_input *source, const char *path, biascope_error *error) {
  biascope_status status = open_archive(source, path, expect_compression, error);
  if (status != BIASCOPE_OK) return status;
  struct archive_entry *entry;
  const int result = source->functions->archive_read_next_header(source->archive, &entry);
  if (result != ARCHIVE_OK && result != ARCHIVE_EOF) status = fail_archive(source, error);
  if (status == BIASCOPE_OK && source->functions->archive_filter_count(source->archive) < 2)
    status = bs_fail(error, BIASCOPE_BAD_INPUT,
                     "%s: is not compressed; expected gzip, bzip2, xz or zstd as its name says", source->path);
  if (status != BIASCOPE_OK) bs_input_close(source);
  return status;
}

biascope_status bs_input_open_zip(bs_input *source, const char *path, biascope_error *error) {
  return open_archive(source, path, expect_zip, error);
}

biascope_status bs_input_next_member(bs_input *source, const char **name, biascope_error *error) {
  struct archive_entry *entry;
  const int result = source->functions->archive_read_next_header(source->archive, &entry);
  *name = NULL;
  if (result == ARCHIVE_EOF) return BIASCOPE_OK;
  if (result != ARCHIVE_OK) return fail_archive(source, error);
  *name = source->functions->archive_entry_pathname(entry);
  source->taken = 0;
  return *name ? BIASCOPE_OK : bs_fail(error, BIASCOPE_BAD_INPUT, "%s: a member without a name", source->path);
}

/* ---- Reading -------------------------------------------------------------------------------- */

static biascope_status read_archive(bs_input *source, char *bytes, size_t size, size_t *count, biascope_error *error) {
  while (*count < size) {
    const la_ssize_t got = source->functions->archive_read_data(source->archive, bytes + *count, size - *count);
    if (got == ARCHIVE_RETRY) continue;
    if (got < 0) return fail_archive(source, error);
    if (got == 0) break;
    *count += (size_t)got;
  }
  source->taken += *count;
  return BIASCOPE_OK;
}

void bs_input_open_memory(bs_input *source, const char *path, const void *bytes, size_t size) {
  *source = (bs_input){.path = path, .descriptor = -1, .has_size = true, .size = size, .bytes = bytes};
}

static size_t take_memory(bs_input *source, void *bytes, size_t size) {
  const size_t left = source->size - source->taken, count = size < left ? size : left;
  if (count > 0) memcpy(bytes, source->bytes + source->taken, count);
  return count;
}

static biascope_status read_bytes(bs_input *source, void *bytes, size_t size, size_t *count, biascope_error *error) {
  *count = 0;
  if (source->archive) return read_archive(source, bytes, size, count, error);
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

/* False if reading has to stop. */
static bool tell(const bs_input *source) {
  const biascope_progress progress = {.what = "bytes",
                                      .done = source->taken,
                                      .total = source->has_size ? source->size : 0,
                                      .fraction = source->has_size ? (double)source->taken / (double)source->size : NAN,
                                      .seconds = NAN};
  return source->monitor->tell(source->monitor->state, &progress);
}

biascope_status bs_input_read(bs_input *source, void *bytes, size_t size, size_t *count, biascope_error *error) {
  const size_t before = source->taken;
  const biascope_status status = read_bytes(source, bytes, size, count, error);
  const bool told =
      source->monitor && source->monitor->tell && before / PROGRESS_BYTES != source->taken / PROGRESS_BYTES;
  if (status == BIASCOPE_OK && told && !tell(source))
    return bs_fail(error, BIASCOPE_CANCELLED, "%s: reading was cancelled", source->path);
  return status;
}

void bs_input_close(bs_input *source) {
  if (source->archive && source->functions) source->functions->archive_read_free(source->archive);
  source->archive = NULL;
  if (source->descriptor >= 0) close(source->descriptor);
  source->descriptor = -1;
}
