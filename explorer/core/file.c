/* The library's source of bytes in a page, which has neither files nor libarchive: what the page has read itself. */
#include "file.h"

#include "data/input.h"
#include <string.h>

static const char *offered;
static size_t offered_size;

void file_offer(const char *bytes, size_t size) {
  offered = bytes;
  offered_size = size;
}

void bs_input_open_memory(bs_input *source, const char *path, const void *bytes, size_t size) {
  *source = (bs_input){.path = path, .descriptor = -1, .has_size = true, .size = size, .bytes = bytes};
}

biascope_status bs_input_open(bs_input *source, const char *path, biascope_error *error) {
  bs_input_open_memory(source, path, offered, offered_size);
  return offered ? BIASCOPE_OK : bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the page has not been given this file", path);
}

static biascope_status refuse(const char *path, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the page reads no compressed files; expected the file itself", path);
}

biascope_status bs_input_open_compressed(bs_input *source, const char *path, biascope_error *error) {
  (void)source;
  return refuse(path, error);
}

biascope_status bs_input_open_zip(bs_input *source, const char *path, biascope_error *error) {
  (void)source;
  return refuse(path, error);
}

biascope_status bs_input_next_member(bs_input *source, const char **name, biascope_error *error) {
  *name = NULL;
  return refuse(source->path, error);
}

biascope_status bs_input_read(bs_input *source, void *bytes, size_t size, size_t *count, biascope_error *error) {
  (void)error;
  const size_t left = source->size - source->taken;
  *count = size < left ? size : left;
  if (*count > 0) memcpy(bytes, source->bytes + source->taken, *count);
  source->taken += *count;
  return BIASCOPE_OK;
}

void bs_input_close(bs_input *source) {
  (void)source;
}
