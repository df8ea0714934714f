#include "study/store_upgrade.h"

#include "base/error.h"
#include "base/number.h"
#include "study/json.h"
#include "study/store_internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As the trace of a run has them. */
enum { TRACE_DIGITS = 10 };

/* Writes the exponential of each number in the number or list at `at`; returns its end. */
static const char *write_exponentials(FILE *stream, const char *at) {
  const bool list = *at == '[';
  if (list) fputc(*at++, stream);
  for (;;) {
    char *end;
    const double value = exp(strtod(at, &end));
    if (end != at && list)
      bs_json_rounded(stream, value, TRACE_DIGITS);
    else if (end != at)
      bs_json_number(stream, value);
    at = end;
    while (*at && !strchr(",]}", *at)) fputc(*at++, stream); /* null, and white space */
    if (!list || *at != ',') return at;
    fputc(*at++, stream);
  }
}

static void write_upgraded(FILE *stream, const char *at) {
  static const char LOSS[] = "\"loss_log\":", NORM[] = "\"weight_norm_log\":";
  while (*at) {
    if (!strncmp(at, LOSS, sizeof LOSS - 1)) {
      fputs("\"log_loss\":", stream);
      at += sizeof LOSS - 1;
    } else if (!strncmp(at, NORM, sizeof NORM - 1)) {
      fputs("\"weight_norm\":", stream);
      at = write_exponentials(stream, at + sizeof NORM - 1);
    } else {
      fputc(*at++, stream);
    }
  }
}

static void upgrade(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  const char *text = (const char *)sqlite3_value_text(values[0]);
  if (!text) return; /* NULL stays NULL */
  char *upgraded = NULL;
  size_t size;
  FILE *stream = open_memstream(&upgraded, &size);
  if (stream) write_upgraded(stream, text);
  if (!stream || fclose(stream) != 0 || !upgraded) {
    free(upgraded);
    sqlite3_result_error_nomem(context);
    return;
  }
  sqlite3_result_text(context, upgraded, -1, free);
}

biascope_status bs_store_add_upgrade(biascope_store *store, biascope_error *error) {
  const int code = sqlite3_create_function(store->db, BS_STORE_UPGRADED, 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                                           upgrade, NULL, NULL);
  return code == SQLITE_OK ? BIASCOPE_OK : bs_store_fail(store, error);
}
