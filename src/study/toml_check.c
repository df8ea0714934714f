#include "study/toml_check.h"

#include "base/error.h"
#include <stdarg.h>
#include <stdio.h>

biascope_status bs_fail_toml(const char *path, const bs_toml *where, biascope_error *error, const char *format, ...) {
  char message[768];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%u:%u: %s", path, where->line, where->column, message);
}

biascope_status bs_fail_toml_key(const char *path, const bs_toml *member, biascope_error *error, const char *expected) {
  const bs_toml key = {.line = member->key_line, .column = member->key_column};
  return bs_fail_toml(path, &key, error, "'%s' is not known here; expected one of %s", member->key, expected);
}

biascope_status bs_toml_read_text(const char *path, const bs_toml *node, const char **out, biascope_error *error) {
  if (node->kind != BS_TOML_STRING || !node->string[0])
    return bs_fail_toml(path, node, error, "%s: %s; expected a text in quotes", node->key, node->text);
  *out = node->string;
  return BIASCOPE_OK;
}

const bs_toml *bs_toml_tables(const bs_toml *node, size_t *count) {
  *count = !node ? 0 : node->kind == BS_TOML_ARRAY ? node->count : 1;
  return node && node->kind == BS_TOML_ARRAY ? node->items : node;
}
