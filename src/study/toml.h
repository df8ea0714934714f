/* A TOML document as a tree of C values that remember their place in the file. */
#ifndef BIASCOPE_STUDY_TOML_H
#define BIASCOPE_STUDY_TOML_H

#include "biascope.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  BS_TOML_TABLE,
  BS_TOML_ARRAY,
  BS_TOML_STRING,
  BS_TOML_INTEGER,
  BS_TOML_REAL,
  BS_TOML_BOOLEAN,
  BS_TOML_TIME
} bs_toml_kind;

typedef struct bs_toml bs_toml;
struct bs_toml {
  bs_toml_kind kind;
  unsigned line, column; /* of the value, from 1 */
  const char *key;       /* NULL if it is not a member of a table */
  unsigned key_line, key_column;
  const char *text; /* the value as written, shortened to a line */
  const char *string;
  int64_t integer;
  double real; /* of an integer too */
  bool boolean;
  const bs_toml *items; /* of a table or array, in file order */
  size_t count;
};

/* Owns the tree. */
typedef struct bs_toml_document bs_toml_document;

/* Syntax errors name path, line and column. *root lives as long as the document. */
biascope_status bs_toml_read(const char *path, bs_toml_document **out, const bs_toml **root, biascope_error *error);
/* The file's text, as it was read. */
const char *bs_toml_source(const bs_toml_document *document);
void bs_toml_free(bs_toml_document *document);

/* The member of that key, or NULL. */
const bs_toml *bs_toml_member(const bs_toml *table, const char *key);

#ifdef __cplusplus
}
#endif
#endif
