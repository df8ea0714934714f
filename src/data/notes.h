/* What a reader found out or decided by itself, one sentence each, for the user. */
#ifndef BIASCOPE_DATA_NOTES_H
#define BIASCOPE_DATA_NOTES_H

#include "base/error.h"

enum { BS_NOTES_MOST = 32 };

typedef struct {
  size_t count;
  char *text[BS_NOTES_MOST];
} bs_notes;

__attribute__((format(printf, 3, 4))) biascope_status bs_notes_add(bs_notes *notes, biascope_error *error,
                                                                   const char *format, ...);
void bs_notes_free(bs_notes *notes);

#endif
