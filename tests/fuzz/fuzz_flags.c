/* A command line of any words, one a line: parsed, or refused in words; what it asks for is not done. argp ends the
 * program where a flag is wrong, so the calls to it pass here. */
#include "cli/cli.h"

#include <argp.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
error_t __real_argp_parse(const struct argp *argp, int argc, char **argv, unsigned flags, int *index, void *input);
error_t __wrap_argp_parse(const struct argp *argp, int argc, char **argv, unsigned flags, int *index, void *input);
void __wrap_argp_error(const struct argp_state *state, const char *format, ...);

static jmp_buf parsed;

/* What argp holds when a flag is refused is left behind by the jump; blocks that are still there are freed. */
enum { MOST_BLOCKS = 64 };
static struct {
  bool watching;
  const volatile void *blocks[MOST_BLOCKS];
} held;

#ifdef BIASCOPE_FUZZ
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));

static void note_malloc(const volatile void *block, size_t size) {
  (void)size;
  for (int i = 0; held.watching && i < MOST_BLOCKS; i++) {
    if (held.blocks[i]) continue;
    held.blocks[i] = block;
    return;
  }
}

static void note_free(const volatile void *block) {
  for (int i = 0; held.watching && i < MOST_BLOCKS; i++) {
    if (held.blocks[i] == block) held.blocks[i] = NULL;
  }
}

static void watch(void) {
  static bool installed;
  if (!installed) installed = __sanitizer_install_malloc_and_free_hooks(note_malloc, note_free) > 0;
  held.watching = true;
}
#else
static void watch(void) {}
#endif

static void release(void) {
  held.watching = false;
  for (int i = 0; i < MOST_BLOCKS; i++) {
    free((void *)held.blocks[i]);
    held.blocks[i] = NULL;
  }
}

error_t __wrap_argp_parse(const struct argp *argp, int argc, char **argv, unsigned flags, int *index, void *input) {
  watch();
  __real_argp_parse(argp, argc, argv, flags | ARGP_SILENT, index, input);
  longjmp(parsed, 1);
}

void __wrap_argp_error(const struct argp_state *state, const char *format, ...) {
  (void)state;
  if (strlen(format) == 0) abort();
  longjmp(parsed, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  enum { MOST_WORDS = 32 };
  char *volatile text = malloc(size + 1);
  char program[] = "biascope", *words[MOST_WORDS + 2] = {program};
  int count = 1;
  if (!text) abort();
  if (size > 0) memcpy(text, bytes, size);
  text[size] = '\0';
  char *rest = text;
  for (char *word; count <= MOST_WORDS && (word = strsep(&rest, "\n"));) words[count++] = word;
  if (setjmp(parsed) == 0) cli_run(count, words);
  release();
  free(text);
  return 0;
}
