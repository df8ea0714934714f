#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(json *object, const char *text, size_t length) {
  if (object->failed) return;
  if (object->length + length + 1 > object->capacity) {
    const size_t capacity = 2 * (object->length + length + 512);
    char *larger = realloc(object->text, capacity);
    object->failed = !larger;
    if (!larger) return;
    object->text = larger;
    object->capacity = capacity;
  }
  memcpy(object->text + object->length, text, length);
  object->length += length;
  object->text[object->length] = '\0';
}

static void put(json *object, const char *text) {
  append(object, text, strlen(text));
}

/* A comma, unless this is the first of an object or a list. */
static void separate(json *object) {
  const char last = object->length > 0 ? object->text[object->length - 1] : '{';
  if (last != '{' && last != '[') put(object, ",");
}

static void put_text(json *object, const char *value) {
  put(object, "\"");
  for (const char *at = value; *at; at++) {
    const unsigned char byte = (unsigned char)*at;
    char escape[8];
    if (byte == '"' || byte == '\\' || byte < ' ') {
      snprintf(escape, sizeof escape, "\\u%04x", byte);
      put(object, escape);
    } else {
      append(object, at, 1);
    }
  }
  put(object, "\"");
}

static void put_name(json *object, const char *name) {
  separate(object);
  put_text(object, name);
  put(object, ":");
}

static void put_number(json *object, double value) {
  char text[40];
  snprintf(text, sizeof text, "%.17g", value);
  put(object, isfinite(value) ? text : "null");
}

void json_open(json *object, const char *name) {
  if (name)
    put_name(object, name);
  else
    object->length = 0, object->failed = false;
  put(object, "{");
}

void json_close(json *object) {
  put(object, "}");
}

const char *json_finish(json *object) {
  json_close(object);
  return object->failed ? "{\"status\":5,\"message\":\"out of memory\"}" : object->text;
}

void json_number(json *object, const char *name, double value) {
  put_name(object, name);
  put_number(object, value);
}

void json_flag(json *object, const char *name, bool value) {
  put_name(object, name);
  put(object, value ? "true" : "false");
}

void json_text(json *object, const char *name, const char *value) {
  put_name(object, name);
  if (value)
    put_text(object, value);
  else
    put(object, "null");
}

void json_begin_list(json *object, const char *name) {
  put_name(object, name);
  put(object, "[");
}

void json_end_list(json *object) {
  put(object, "]");
}

void json_item(json *object, const char *value) {
  separate(object);
  put_text(object, value);
}

void json_numbers(json *object, const char *name, size_t count, const double *values) {
  json_begin_list(object, name);
  for (size_t i = 0; i < count; i++) {
    separate(object);
    put_number(object, values[i]);
  }
  json_end_list(object);
}
