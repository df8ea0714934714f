/* A JSON object in a buffer that grows, written member by member. */
#ifndef EXPLORER_JSON_H
#define EXPLORER_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialised: empty. The text belongs to the object and is valid until the next json_open. */
typedef struct {
  char *text;
  size_t length, capacity;
  bool failed; /* out of memory */
} json;

/* Begins an object, or one inside the current one; `name` is NULL for the first. */
void json_open(json *object, const char *name);
void json_close(json *object);
/* The finished text; an object that says so if memory was lacking. */
const char *json_finish(json *object);

/* Members. A number has 17 digits, which give the same double again; one that is not finite is null. */
void json_number(json *object, const char *name, double value);
void json_flag(json *object, const char *name, bool value);
void json_text(json *object, const char *name, const char *value); /* NULL: null */
void json_numbers(json *object, const char *name, size_t count, const double *values);
/* Lists of texts: json_begin_list, json_item for each, json_end_list. */
void json_begin_list(json *object, const char *name);
void json_item(json *object, const char *value);
void json_end_list(json *object);

#endif
