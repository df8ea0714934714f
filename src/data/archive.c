#include "data/archive.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

static const char LIBRARY[] = "libarchive.so.13";

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bs_archive_functions functions;
static bool complete;

static void load(void) {
  static const struct {
    const char *name;
    size_t offset;
  } FUNCTIONS[] = {
#define BS_ARCHIVE_ENTRY(name) {#name, offsetof(bs_archive_functions, name)},
      BS_ARCHIVE_FUNCTIONS(BS_ARCHIVE_ENTRY)
#undef BS_ARCHIVE_ENTRY
  };
  void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL); /* kept until the program ends */
  if (!library) return;
  for (size_t i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++) {
    void *function = dlsym(library, FUNCTIONS[i].name);
    if (!function) return;
    *(void **)((char *)&functions + FUNCTIONS[i].offset) = function;
  }
  complete = true;
}

const bs_archive_functions *bs_archive_load(const char *path, biascope_error *error) {
  pthread_once(&once, load);
  if (complete) return &functions;
  bs_error_set(error, BIASCOPE_BAD_INPUT, "%s: cannot be read: compressed files need %s, which is not installed", path,
               LIBRARY);
  return NULL;
}
