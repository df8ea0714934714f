/* The data of a plot: columns of a store's runs, in the form that gnuplot reads. */
#include "study/plot_internal.h"

#include "base/error.h"
#include "study/gnuplot.h"
#include <stdlib.h>
#include <string.h>

/* The axis along the traces, in place of a column. */
static const bs_column STEP = {.name = "step", .label = "step"};

/* Column `index` of those that can be drawn; false after the last. */
static bool drawn_column(size_t index, bs_column *out) {
  *out = STEP;
  if (index == 0) return true;
  for (size_t i = 0; bs_column_at(i, out); i++)
    if (out->label && --index == 0) return true;
  return false;
}

biascope_status bs_plot_find_column(const char *flag, const char *name, bs_column *out, biascope_error *error) {
  char list[800] = "";
  for (size_t i = 0; drawn_column(i, out); i++) {
    if (!strcmp(out->name, name)) return BIASCOPE_OK;
    snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", out->name);
  }
  return bs_fail(error, BIASCOPE_USAGE, "%s: '%s' is not one of %s", flag, name, list);
}

/* Whether a run is predicted itself. */
#define IS_PREDICTED "json_extract(spec, '$.predict') IS 'only'"

/* One row: curve, x, y, for ends least and greatest, predicted, for traces the run, the place of x among its values,
 * and whether the run itself is predicted. Ordered by curve, then along it. A mean of predictions stands only where
 * every run has one. */
static char *build_query(const bs_drawing *d) {
  const biascope_plot *plot = d->plot;
  const char *by = d->by.label ? plot->by : "''", *where = plot->where ? plot->where : "1";
  char *limit = d->y.of_limit ? sqlite3_mprintf("limit_%s", plot->y) : sqlite3_mprintf("NULL");
  char *query = NULL;
  if (limit && d->traces)
    query = sqlite3_mprintf(
        "SELECT %s, x.value, json_extract(trace, '$.%s[' || x.key || ']'), NULL, NULL, %s, hash, 0, " IS_PREDICTED
        " FROM runs, json_each(trace, '$.step') AS x WHERE (%s\n) "
        "ORDER BY %s, 9, hash, x.key",
        by, plot->y, limit, where, by);
  else if (limit)
    query = sqlite3_mprintf(
        "SELECT %s, %s, avg(%s), min(%s), max(%s), CASE WHEN count(%s) = count(*) THEN avg(%s) END, '', "
        "dense_rank() OVER (ORDER BY %s) - 1, " IS_PREDICTED
        " FROM runs WHERE (%s\n) AND %s IS NOT NULL AND %s IS NOT NULL GROUP BY 1, 9, 2 ORDER BY 1, 9, 2",
        by, plot->x, plot->y, plot->y, plot->y, limit, limit, plot->x, where, plot->x, plot->y);
  sqlite3_free(limit);
  return query;
}

/* Keeps x among the first BS_PLOT_MOST_TICS values, ascending; true if it is new. */
static bool note_x(bs_drawing *d, double x) {
  if (d->points == 0 || x < d->least_x) d->least_x = x;
  if (d->points == 0 || x > d->greatest_x) d->greatest_x = x;
  d->points++;
  if (d->x_count > BS_PLOT_MOST_TICS) return false;
  size_t place = 0;
  while (place < d->x_count && d->x_values[place] < x) place++;
  if (place < d->x_count && d->x_values[place] == x) return false;
  if (d->x_count < BS_PLOT_MOST_TICS) {
    memmove(d->x_values + place + 1, d->x_values + place, (d->x_count - place) * sizeof *d->x_values);
    d->x_values[place] = x;
  }
  d->x_count++;
  return true;
}

static void write_point(bs_drawing *d, sqlite3_stmt *rows) {
  if (d->x.layout == BS_COLUMN_SCALED) {
    const double x = sqlite3_column_double(rows, 1);
    note_x(d, x);
    fprintf(d->script, "%.12g -", x);
  } else {
    const int place = sqlite3_column_int(rows, 7);
    const char *name = bs_store_text(rows, 1, "-");
    if (note_x(d, place)) d->label_characters += strlen(name) + 1;
    fprintf(d->script, "%d \"", place);
    for (; *name; name++) fputc((unsigned char)*name < 0x20 || *name == '"' ? ' ' : *name, d->script);
    fputc('"', d->script);
  }
  for (int column = 2; column <= 5; column++) {
    if (sqlite3_column_type(rows, column) == SQLITE_NULL)
      fputs(" NaN", d->script);
    else
      fprintf(d->script, " %.12g", sqlite3_column_double(rows, column));
  }
  d->has_spread |= sqlite3_column_double(rows, 3) < sqlite3_column_double(rows, 4);
  d->has_limit |= sqlite3_column_type(rows, 5) != SQLITE_NULL;
  fputc('\n', d->script);
}

/* Opens the block of the next curve, in the colour of the one before where it has its name. */
static bool open_curve(bs_drawing *d, const char *name, bool same_name, bool predicted) {
  bs_plotted_curve *larger = realloc(d->curve, (d->curves + 1) * sizeof *larger);
  if (!larger) return false;
  d->curve = larger;
  const size_t before = d->curves ? larger[d->curves - 1].colour : 0;
  larger[d->curves] = (bs_plotted_curve){.colour = before + !same_name, .predicted = predicted};
  if (d->curves++) fputs("EOD\n", d->script);
  fprintf(d->script, "n%zu = ", d->curves);
  bs_gnuplot_quoted(d->script, name);
  if (predicted) fprintf(d->script, " . '%spredicted run'", *name ? ", " : "");
  fprintf(d->script, "\n$c%zu << EOD\n", d->curves);
  return true;
}

biascope_status bs_plot_write_data(bs_drawing *d, biascope_error *error) {
  char *sql = build_query(d);
  sqlite3_stmt *rows = NULL;
  biascope_status status =
      sql ? bs_store_prepare_filtered(d->store, sql, d->plot->where, &rows, error) : bs_fail_memory(error, "a query");
  sqlite3_free(sql);
  char *curve = NULL, *run = NULL;
  for (bool found = true; status == BIASCOPE_OK;) {
    status = bs_store_next(d->store, rows, &found, error);
    if (status != BIASCOPE_OK || !found) break;
    const bool same_name = curve && strcmp(curve, bs_store_text(rows, 0, "-")) == 0;
    const bool predicted = sqlite3_column_int(rows, 8) != 0;
    if (!same_name || d->curve[d->curves - 1].predicted != predicted) {
      if (!open_curve(d, bs_store_text(rows, 0, "-"), same_name, predicted)) status = bs_fail_memory(error, "a curve");
      free(curve);
      curve = strdup(bs_store_text(rows, 0, "-"));
    } else if (run && strcmp(run, bs_store_text(rows, 6, "-")) != 0) {
      fputs("\n", d->script); /* breaks the line between two runs */
    }
    free(run);
    run = strdup(bs_store_text(rows, 6, "-"));
    if (status == BIASCOPE_OK && (!curve || !run)) status = bs_fail_memory(error, "a curve's name");
    if (status == BIASCOPE_OK) write_point(d, rows);
  }
  if (d->curves) fputs("EOD\n", d->script);
  sqlite3_finalize(rows);
  free(curve);
  free(run);
  return status;
}
