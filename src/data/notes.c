#include "data/notes.h"

#include "base/memory.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

biascope_status bs_notes_add(bs_notes *notes, biascope_error *error, const char *format, ...) {
  if (notes->count == BS_NOTES_MOST) return BIASCOPE_OK;
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  char *copy = bs_copy_text(text);
  if (!copy) return bs_fail_memory(error, "a note on the data");
  notes->text[notes->count++] = copy;
  return BIASCOPE_OK;
}

void bs_notes_free(bs_notes *notes) {
  for (size_t i = 0; i < notes->count; i++) free(notes->text[i]);
  notes->count = 0;
}
