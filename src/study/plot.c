#include "study/plot.h"

#include "base/error.h"
#include "base/file.h"
#include "study/gnuplot.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Columns of runs that can be asked for, and how an axis or a legend calls them. */
static const struct {
  const char *column, *label;
  bool categories; /* laid out evenly, whatever its values */
  bool measure;    /* has a predicted counterpart, the column limit_... */
} COLUMNS[] = {
    {"data", "data set", true, false},
    {"samples", "samples", false, false},
    {"features", "features", false, false},
    {"optimizer", "optimizer", true, false},
    {"loss", "loss", true, false},
    {"batch_order", "order", true, false},
    {"batch_size", "batch size", false, false},
    {"beta1", "β_1", true, false},
    {"beta2", "β_2", true, false},
    {"eps", "ε", true, false},
    {"weight_decay", "weight decay", true, false},
    {"lr", "step size", false, false},
    {"lr_decay", "step decay", true, false},
    {"steps", "steps", false, false},
    {"seed", "seed", true, false},
    {"step", "step", false, false},
    {"cosine_l2", "cosine with the ℓ_2 max-margin direction", false, true},
    {"cosine_linf", "cosine with the ℓ_∞ max-margin direction", false, true},
    {"cosine_l1", "cosine with the ℓ_1 max-margin direction", false, true},
    {"cosine_predicted", "cosine with the predicted limit", false, false},
    {"ratio_l2", "fraction of the best ℓ_2 margin", false, true},
    {"ratio_linf", "fraction of the best ℓ_∞ margin", false, true},
    {"ratio_l1", "fraction of the best ℓ_1 margin", false, true},
    {"loss_log", "log loss", false, false},
    {"weight_norm_log", "log weight norm", false, false},
    {"predicted_gap", "certified gap of the prediction", false, false},
    {"predicted_rate", "predicted rate", false, false},
    {"seconds", "seconds", false, false},
};
enum { COLUMN_COUNT = sizeof COLUMNS / sizeof COLUMNS[0] };

static biascope_status find_column(const char *flag, const char *name, int *out, biascope_error *error) {
  char list[600] = "";
  for (*out = 0; *out < COLUMN_COUNT; ++*out) {
    if (!strcmp(COLUMNS[*out].column, name)) return BIASCOPE_OK;
    snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *out ? ", " : "", COLUMNS[*out].column);
  }
  return bs_fail(error, BIASCOPE_USAGE, "%s: '%s' is not one of %s", flag, name, list);
}

/* ---- Data: a block of gnuplot's for each curve ---------------------------------------------------- */

enum { MOST_TICS = 12 };

typedef struct {
  bs_store *store;
  const bs_plot *plot;
  int x, y, by; /* in COLUMNS; by -1: none */
  bool traces;
  FILE *script;
  size_t curves, points;
  bool has_limit, has_spread;
  double x_values[MOST_TICS]; /* the distinct ones, while they are few */
  size_t x_count;             /* MOST_TICS + 1: many */
  double least_x, greatest_x;
} drawing;

/* One row: curve, x, y, for ends least, greatest and predicted, for traces the run, and the place of x among its
 * values. Ordered by curve, then along it. */
static char *build_query(const drawing *d) {
  const bs_plot *plot = d->plot;
  const char *by = d->by >= 0 ? plot->by : "''", *where = plot->where ? plot->where : "1";
  const bool limit = COLUMNS[d->y].measure;
  if (d->traces)
    return sqlite3_mprintf(
        "SELECT %s, x.value, json_extract(trace, '$.%s[' || x.key || ']'), NULL, NULL, NULL, hash, 0 "
        "FROM runs, json_each(trace, '$.step') AS x WHERE (%s\n) ORDER BY %s, hash, x.key",
        by, plot->y, where, by);
  return sqlite3_mprintf("SELECT %s, %s, avg(%s), min(%s), max(%s), %s%s%s, '', dense_rank() OVER (ORDER BY %s) - 1 "
                         "FROM runs WHERE (%s\n) AND %s IS NOT NULL AND %s IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2",
                         by, plot->x, plot->y, plot->y, plot->y, limit ? "avg(limit_" : "NULL", limit ? plot->y : "",
                         limit ? ")" : "", plot->x, where, plot->x, plot->y);
}

/* A gnuplot string: single quotes, in which nothing is special but the quote; no line breaks. */
static void write_quoted(FILE *script, const char *text) {
  fputc('\'', script);
  for (; *text; text++) {
    if (*text == '\'') fputc('\'', script);
    fputc((unsigned char)*text < 0x20 ? ' ' : *text, script);
  }
  fputc('\'', script);
}

static void note_x(drawing *d, double x) {
  if (d->points == 0 || x < d->least_x) d->least_x = x;
  if (d->points == 0 || x > d->greatest_x) d->greatest_x = x;
  for (size_t i = 0; i < d->x_count && i < MOST_TICS; i++) {
    if (d->x_values[i] == x) return;
  }
  if (d->x_count < MOST_TICS) d->x_values[d->x_count] = x;
  if (d->x_count <= MOST_TICS) d->x_count++;
}

static void write_point(drawing *d, sqlite3_stmt *rows) {
  const double x = sqlite3_column_double(rows, 1);
  const bool spread = sqlite3_column_double(rows, 3) < sqlite3_column_double(rows, 4);
  note_x(d, x);
  d->points++;
  if (COLUMNS[d->x].categories) {
    fprintf(d->script, "%d \"", sqlite3_column_int(rows, 7));
    for (const char *c = bs_store_text(rows, 1, "-"); *c; c++)
      fputc((unsigned char)*c < 0x20 || *c == '"' ? ' ' : *c, d->script);
    fputc('"', d->script);
  } else {
    fprintf(d->script, "%.12g -", x);
  }
  for (int column = 2; column <= 5; column++) {
    if (sqlite3_column_type(rows, column) == SQLITE_NULL || ((column == 3 || column == 4) && !spread))
      fputs(" NaN", d->script);
    else
      fprintf(d->script, " %.12g", sqlite3_column_double(rows, column));
  }
  d->has_spread |= spread;
  d->has_limit |= sqlite3_column_type(rows, 5) != SQLITE_NULL;
  fputc('\n', d->script);
}

/* Writes the blocks $c1, $c2, ... and the variables n1, n2, ... with the curves' names. */
static biascope_status write_blocks(drawing *d, biascope_error *error) {
  char *sql = build_query(d);
  sqlite3_stmt *rows = NULL;
  biascope_status status =
      sql ? bs_store_prepare_filtered(d->store, sql, d->plot->where, &rows, error) : bs_fail_memory(error, "a query");
  sqlite3_free(sql);
  char *curve = NULL, *run = NULL;
  for (bool found = true; status == BIASCOPE_OK;) {
    status = bs_store_next(d->store, rows, &found, error);
    if (status != BIASCOPE_OK || !found) break;
    const bool next_curve = !curve || strcmp(curve, bs_store_text(rows, 0, "-")) != 0;
    if (next_curve) {
      if (d->curves++) fputs("EOD\n", d->script);
      fprintf(d->script, "n%zu = ", d->curves);
      write_quoted(d->script, bs_store_text(rows, 0, "-"));
      fprintf(d->script, "\n$c%zu << EOD\n", d->curves);
      free(curve);
      curve = strdup(bs_store_text(rows, 0, "-"));
    } else if (run && strcmp(run, bs_store_text(rows, 6, "-")) != 0) {
      fputs("\n", d->script); /* breaks the line between two runs */
    }
    free(run);
    run = strdup(bs_store_text(rows, 6, "-"));
    if (!curve || !run) status = bs_fail_memory(error, "a curve's name");
    if (status == BIASCOPE_OK) write_point(d, rows);
  }
  if (d->curves) fputs("EOD\n", d->script);
  sqlite3_finalize(rows);
  free(curve);
  free(run);
  return status;
}

/* ---- The script ----------------------------------------------------------------------------------- */

static biascope_status find_terminal(const char *path, const char **out, biascope_error *error) {
  static const char *const TERMINALS[][2] = {
      {".svg", "svg size 760,480 font 'DejaVu Sans,13'"},
      {".pdf", "pdfcairo size 6.3in,4in font 'DejaVu Sans,11'"},
      {".png", "pngcairo size 1520,960 font 'DejaVu Sans,13' fontscale 2 linewidth 2 pointscale 2"}};
  const size_t length = strlen(path);
  for (size_t i = 0; i < 3; i++) {
    *out = TERMINALS[i][1];
    if (length > 4 && !strcmp(path + length - 4, TERMINALS[i][0])) return BIASCOPE_OK;
  }
  return bs_fail(error, BIASCOPE_USAGE, "%s: expected a name that ends in .svg, .pdf or .png", path);
}

static void write_frame(const drawing *d, const char *terminal) {
  FILE *script = d->script;
  fprintf(script, "set terminal %s\n", terminal);
  bs_gnuplot_style(script);
  fprintf(script,
          "set linetype cycle %d\nset key outside right top reverse Left samplen 2 "
          "spacing 1.2\n"
          "set xlabel '%s'\nset ylabel '%s'\n",
          BS_GNUPLOT_COLOURS, COLUMNS[d->x].label, COLUMNS[d->y].label);
  if (d->plot->title) {
    fputs("set title ", script);
    write_quoted(script, d->plot->title);
    fputs(" noenhanced\n", script);
  }
  if (COLUMNS[d->x].categories)
    fputs("set xtics noenhanced\nset offsets 0.3, 0.3, 0, 0\n", script);
  else if (d->least_x > 0 && d->greatest_x >= 8 * d->least_x)
    fprintf(script, "set logscale x\nset xrange [%.12g:%.12g]\n", d->least_x * 0.92, d->greatest_x * 1.08);
  if (d->by >= 0) fprintf(script, "set key title '%s' left\n", COLUMNS[d->by].label);
  if (d->traces) fputs("set format x '10^{%T}'\n", script);
}

/* Tics where the values are, if they are few. */
static void write_tics(const drawing *d) {
  if (COLUMNS[d->x].categories || d->traces || d->x_count > MOST_TICS) return;
  fputs("set xtics (", d->script);
  for (size_t i = 0; i < d->x_count; i++) fprintf(d->script, "%s%.12g", i ? ", " : "", d->x_values[i]);
  fputs(")\n", d->script);
}

/* Columns of a block: x, its name, y, least, greatest, predicted. */
static void write_curves(const drawing *d) {
  const char *names = COLUMNS[d->x].categories ? ":xtic(2)" : "";
  FILE *script = d->script;
  fputs("plot ", script);
  for (size_t c = 1; c <= d->curves; c++) {
    if (c > 1) fputs(", \\\n  ", script);
    if (d->traces)
      fprintf(script, "$c%zu using 1:3 with lines lt %zu lw 1.2 title n%zu noenhanced", c, c, c);
    else
      fprintf(script, "$c%zu using 1:3%s with linespoints lt %zu title n%zu noenhanced", c, names, c, c);
    if (d->has_spread) fprintf(script, ", $c%zu using 1:3:4:5 with yerrorbars lt %zu lw 1 notitle", c, c);
    if (d->has_limit) fprintf(script, ", $c%zu using 1:6 with lines lt %zu lw 1.3 dt (6,4) notitle", c, c);
  }
  if (d->has_limit) fputs(", \\\n  NaN with lines lc rgb '#777777' lw 1.3 dt (6,4) title 'predicted'", script);
  fputs("\n", script);
}

static biascope_status write_script(drawing *d, const char *terminal, biascope_error *error) {
  biascope_status status = write_blocks(d, error);
  if (status == BIASCOPE_OK && d->points == 0)
    status = bs_fail(error, BIASCOPE_BAD_INPUT, "no run of the store has both %s and %s%s", d->plot->x, d->plot->y,
                     d->plot->where ? " under the filter" : "");
  if (status != BIASCOPE_OK) return status;
  write_frame(d, terminal);
  write_tics(d);
  write_curves(d);
  return fflush(d->script) == 0 ? BIASCOPE_OK
                                : bs_fail(error, BIASCOPE_BAD_INPUT, "the plot's script cannot be written");
}

static biascope_status draw(drawing *d, const char *terminal, biascope_error *error) {
  bs_output_file out;
  biascope_status status = write_script(d, terminal, error);
  if (status == BIASCOPE_OK) status = bs_output_open(&out, d->plot->path, error);
  if (status != BIASCOPE_OK) return status;
  rewind(d->script);
  status = bs_gnuplot_run(".", "-", fileno(d->script), fileno(out.stream), error);
  if (status == BIASCOPE_OK) return bs_output_commit(&out, error);
  bs_output_abandon(&out);
  return status;
}

biascope_status bs_plot_draw(bs_store *store, const bs_plot *plot, biascope_error *error) {
  drawing d = {.store = store, .plot = plot, .by = -1, .traces = !strcmp(plot->x, "step")};
  const char *terminal;
  biascope_status status = find_column("--x", plot->x, &d.x, error);
  if (status == BIASCOPE_OK) status = find_column("--y", plot->y, &d.y, error);
  if (status == BIASCOPE_OK && plot->by) status = find_column("--by", plot->by, &d.by, error);
  if (status == BIASCOPE_OK) status = find_terminal(plot->path, &terminal, error);
  if (status != BIASCOPE_OK) return status;
  d.script = tmpfile();
  if (!d.script) return bs_fail(error, BIASCOPE_BAD_INPUT, "no temporary file can be made for the plot's script");
  status = draw(&d, terminal, error);
  fclose(d.script);
  return status;
}
