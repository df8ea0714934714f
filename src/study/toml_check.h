/* Reads a TOML tree: errors that name the place, and the kinds of values that any table contains. */
#ifndef BIASCOPE_STUDY_TOML_CHECK_H
#define BIASCOPE_STUDY_TOML_CHECK_H

#include "study/toml.h"

/* "path:line:column: message". */
__attribute__((format(printf, 4, 5))) biascope_status bs_fail_toml(const char *path, const bs_toml *where,
                                                                   biascope_error *error, const char *format, ...);
/* The key of the member is not among the expected ones. */
biascope_status bs_fail_toml_key(const char *path, const bs_toml *member, biascope_error *error, const char *expected);

/* A text in quotes that is not empty. */
biascope_status bs_toml_read_text(const char *path, const bs_toml *node, const char **out, biascope_error *error);
/* [key] is one table, [[key]] an array of tables; none if node is NULL. */
const bs_toml *bs_toml_tables(const bs_toml *node, size_t *count);

#endif
