/* A heat map: the mean of a measure over the runs at each pair of values of two columns. */
#include "study/plot_internal.h"

#include "base/error.h"
#include "study/gnuplot.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_X_TICS = 6, MOST_Y_TICS = 10, LABEL = 32 };

/* The values of a column, in order. */
typedef struct {
  char (*text)[LABEL];
  size_t count, room;
} labels;

static char *build_query(const biascope_plot *plot) {
  return sqlite3_mprintf("SELECT dense_rank() OVER (ORDER BY %s) - 1, dense_rank() OVER (ORDER BY %s) - 1, avg(%s), "
                         "%s, %s FROM runs WHERE (%s\n) AND %s IS NOT NULL AND %s IS NOT NULL AND %s IS NOT NULL "
                         "GROUP BY %s, %s ORDER BY 1, 2",
                         plot->x, plot->y, plot->z, plot->x, plot->y, plot->where ? plot->where : "1", plot->x, plot->y,
                         plot->z, plot->x, plot->y);
}

/* Keeps the name of value number `at`. */
static bool name_value(labels *names, size_t at, sqlite3_stmt *rows, int column) {
  if (at >= names->room) {
    const size_t room = 2 * at + 16;
    char(*larger)[LABEL] = realloc(names->text, room * sizeof *larger);
    if (!larger) return false;
    memset(larger + names->room, 0, (room - names->room) * sizeof *larger);
    names->text = larger;
    names->room = room;
  }
  if (at >= names->count) names->count = at + 1;
  if (sqlite3_column_type(rows, column) == SQLITE_TEXT)
    snprintf(names->text[at], LABEL, "%s", bs_store_text(rows, column, "-"));
  else
    snprintf(names->text[at], LABEL, "%.3g", sqlite3_column_double(rows, column));
  return true;
}

static biascope_status write_cells(bs_drawing *d, sqlite3_stmt *rows, labels *x, labels *y, biascope_error *error) {
  fputs("$map << EOD\n", d->script);
  for (bool found = true;;) {
    const biascope_status status = bs_store_next(d->store, rows, &found, error);
    if (status != BIASCOPE_OK || !found) {
      fputs("EOD\n", d->script);
      return status;
    }
    const size_t column = (size_t)sqlite3_column_int64(rows, 0), row = (size_t)sqlite3_column_int64(rows, 1);
    if (!name_value(x, column, rows, 3) || !name_value(y, row, rows, 4)) return bs_fail_memory(error, "a heat map");
    fprintf(d->script, "%zu %zu %.12g\n", column, row, sqlite3_column_double(rows, 2));
    d->points++;
  }
}

/* Tics at some of the values, evenly chosen, and the axis around all of them. */
static void write_axis(FILE *script, char axis, size_t most, const labels *names, const char *label) {
  const size_t stride = (names->count + most - 1) / most;
  fprintf(script, "set %crange [-0.5:%zu.5]\nset %clabel '%s'\nset %ctics noenhanced (", axis, names->count - 1, axis,
          label, axis);
  for (size_t i = 0; i < names->count; i += stride) {
    fputs(i ? ", \"" : "\"", script);
    for (const char *c = names->text[i]; *c; c++) fputc((unsigned char)*c < 0x20 || *c == '"' ? ' ' : *c, script);
    fprintf(script, "\" %zu", i);
  }
  fputs(")\n", script);
}

static void write_frame(const bs_drawing *d, const char *terminal, const labels *x, const labels *y) {
  FILE *script = d->script;
  fprintf(script, "set terminal %s\n", terminal);
  bs_gnuplot_style(script);
  fputs("unset grid\nunset key\nset rmargin at screen 0.78\nset tics font ',11'\nset border 15\n"
        "set palette defined (0 '#440154', 1 '#3b528b', 2 '#21918c', 3 '#5ec962', 4 '#fde725')\n",
        script);
  write_axis(script, 'x', MOST_X_TICS, x, d->x.label);
  write_axis(script, 'y', MOST_Y_TICS, y, d->y.label);
  fprintf(script, "set cblabel '%s'\n", d->z.label);
  bs_plot_write_title(d);
  fputs("plot $map using 1:2:(0.51):(0.51):3 with boxxyerror fc palette fs solid 1.0 noborder\n", script);
}

biascope_status bs_plot_write_map(bs_drawing *d, const char *terminal, biascope_error *error) {
  char *sql = build_query(d->plot);
  sqlite3_stmt *rows = NULL;
  labels x = {0}, y = {0};
  biascope_status status =
      sql ? bs_store_prepare_filtered(d->store, sql, d->plot->where, &rows, error) : bs_fail_memory(error, "a query");
  sqlite3_free(sql);
  if (status == BIASCOPE_OK) status = write_cells(d, rows, &x, &y, error);
  if (status == BIASCOPE_OK && d->points > 0) write_frame(d, terminal, &x, &y);
  sqlite3_finalize(rows);
  free(x.text);
  free(y.text);
  return status;
}
