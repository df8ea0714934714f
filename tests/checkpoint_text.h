/* A checkpoint's text: read, changed, and put under a checksum that fits it. */
#ifndef BIASCOPE_TEST_CHECKPOINT_TEXT_H
#define BIASCOPE_TEST_CHECKPOINT_TEXT_H

#include "data/fingerprint.h"
#include "train/trainer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The caller frees. */
static inline char *checkpoint_content(const char *path) {
  bs_text text;
  char *copy = NULL;
  if (bs_text_load(&text, path, NULL) == BIASCOPE_OK) copy = strndup(text.bytes, text.size);
  bs_text_free(&text);
  return copy;
}

/* As if a file "run.state" held the bytes, after which a NUL follows. */
static inline biascope_status checkpoint_parse(biascope_trainer *trainer, char *bytes, size_t size,
                                               biascope_error *error) {
  const bs_text text = {.path = "run.state", .bytes = bytes, .size = size};
  return bs_checkpoint_parse(trainer, &text, error);
}

/* The text with the line that starts with `key` replaced (by "": dropped), under a checksum that fits. The caller
 * frees. */
static inline char *checkpoint_forge(const char *text, const char *key, const char *line) {
  const size_t length = strlen(key);
  char *forged = NULL;
  size_t size;
  FILE *stream = open_memstream(&forged, &size);
  for (const char *at = text, *end; *at && strncmp(at, "checksum ", 9) != 0; at = end + 1) {
    end = strchr(at, '\n');
    if (strncmp(at, key, length) != 0 || (at[length] != ' ' && at[length] != '\n'))
      fprintf(stream, "%.*s\n", (int)(end - at), at);
    else if (*line)
      fprintf(stream, "%s\n", line);
  }
  fflush(stream);
  const bs_fingerprint sum = bs_text_fingerprint(forged);
  fprintf(stream, "checksum %s\n", sum.text);
  fclose(stream);
  return forged;
}

#endif
