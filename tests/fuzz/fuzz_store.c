/* A store of any bytes, as a file: listed, reported and merged. The file is SQLite's own in memory, which knows no
 * write-ahead log: a header that asks for one is refused, as in a folder that cannot be written. SQLite's blocks are
 * not the address sanitizer's, whose bookkeeping of them would take most of the time; those of fuzz_row are. */
#include "store_commands.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
void *__libc_malloc(size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

/* A block's size stands before it. */
enum { HEAD = 16 };

static void *note_size(char *block, int size) {
  if (!block) return NULL;
  memcpy(block, &size, sizeof size);
  return block + HEAD;
}

static void *plain_malloc(int size) {
  return note_size(__libc_malloc((size_t)size + HEAD), size);
}

static void *plain_realloc(void *block, int size) {
  return note_size(__libc_realloc((char *)block - HEAD, (size_t)size + HEAD), size);
}

static void plain_free(void *block) {
  if (block) __libc_free((char *)block - HEAD);
}

static int plain_size(void *block) {
  int size = 0;
  if (block) memcpy(&size, (char *)block - HEAD, sizeof size);
  return size;
}

static int plain_roundup(int size) {
  return (size + 7) & ~7;
}

static int plain_begin(void *unused) {
  (void)unused;
  return SQLITE_OK;
}

static void plain_end(void *unused) {
  (void)unused;
}

static struct {
  char path[64];
  sqlite3_file *file; /* behind the path; the connection that is left open keeps it */
  biascope_store *merged;
} input;

static void make_files(void) {
  static const sqlite3_mem_methods PLAIN = {plain_malloc,  plain_free,  plain_realloc, plain_size,
                                            plain_roundup, plain_begin, plain_end,     NULL};
  char path[64];
  sqlite3 *db;
  check(sqlite3_config(SQLITE_CONFIG_MALLOC, &PLAIN) == SQLITE_OK &&
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK &&
        sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK);
  check(sqlite3_open(memory_database(input.path), &db) == SQLITE_OK);
  check(sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &input.file) == SQLITE_OK);
  check(biascope_store_open(memory_database(path), BIASCOPE_STORE_WRITE, &input.merged, NULL) == BIASCOPE_OK);
}

static void merge(void) {
  biascope_error error = {.message = ""};
  biascope_merge_count count;
  if (biascope_store_merge(input.merged, input.path, &count, &error) != BIASCOPE_OK) check(strlen(error.message) > 0);
  check(bs_store_execute(input.merged, "DELETE FROM main.runs; DELETE FROM studies", &error) == BIASCOPE_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  biascope_error error = {.message = ""};
  biascope_store *store;
  if (!input.file) make_files();
  check(input.file->pMethods->xTruncate(input.file, 0) == SQLITE_OK);
  if (size > 0) check(input.file->pMethods->xWrite(input.file, bytes, (int)size, 0) == SQLITE_OK);
  const biascope_status status = biascope_store_open(input.path, BIASCOPE_STORE_READ, &store, &error);
  if (status != BIASCOPE_OK) {
    check(error.status == status && strlen(error.message) > 0);
    return 0;
  }
  opened_store = store;
  ask_store();
  merge();
  opened_store = NULL;
  biascope_store_close(store);
  return 0;
}
