#include "study/plot.h"

#include "base/error.h"
#include "base/file.h"
#include "study/gnuplot.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum {
  SCALED, /* at their values */
  EVENLY, /* side by side, in order */
  NAMES   /* side by side, and nothing lies between them */
} layout;

/* Columns of runs that can be asked for, and how an axis or a legend calls them. */
static const struct {
  const char *column, *label;
  layout layout; /* on the x axis */
  bool measure;  /* has a predicted counterpart, the column limit_... */
} COLUMNS[] = {
    {"data", "data set", NAMES, false},
    {"samples", "samples", SCALED, false},
    {"features", "features", SCALED, false},
    {"optimizer", "optimizer", NAMES, false},
    {"loss", "loss", NAMES, false},
    {"batch_order", "order", NAMES, false},
    {"batch_size", "batch size", SCALED, false},
    {"beta1", "β_1", EVENLY, false},
    {"beta2", "β_2", EVENLY, false},
    {"eps", "ε", EVENLY, false},
    {"weight_decay", "weight decay", EVENLY, false},
    {"lr", "step size", SCALED, false},
    {"lr_decay", "step decay", EVENLY, false},
    {"steps", "steps", SCALED, false},
    {"seed", "seed", NAMES, false},
    {"step", "step", SCALED, false},
    {"cosine_l2", "cosine with the ℓ_2 max-margin direction", SCALED, true},
    {"cosine_linf", "cosine with the ℓ_∞ max-margin direction", SCALED, true},
    {"cosine_l1", "cosine with the ℓ_1 max-margin direction", SCALED, true},
    {"cosine_predicted", "cosine with the predicted limit", SCALED, false},
    {"ratio_l2", "fraction of the best ℓ_2 margin", SCALED, true},
    {"ratio_linf", "fraction of the best ℓ_∞ margin", SCALED, true},
    {"ratio_l1", "fraction of the best ℓ_1 margin", SCALED, true},
    {"loss_log", "log loss", SCALED, false},
    {"weight_norm_log", "log weight norm", SCALED, false},
    {"predicted_gap", "certified gap of the prediction", SCALED, false},
    {"predicted_rate", "predicted rate", SCALED, false},
    {"seconds", "seconds", SCALED, false},
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

enum { MOST_TICS = 12, AXIS_CHARACTERS = 50 /* about as many fit along the x axis */ };

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
  size_t label_characters;    /* of their names */
  double least_x, greatest_x;
} drawing;

/* One row: curve, x, y, for ends least and greatest, predicted, for traces the run, and the place of x among its
 * values. Ordered by curve, then along it. A mean of predictions stands only where every run has one. */
static char *build_query(const drawing *d) {
  const bs_plot *plot = d->plot;
  const char *by = d->by >= 0 ? plot->by : "''", *where = plot->where ? plot->where : "1";
  char *limit = COLUMNS[d->y].measure ? sqlite3_mprintf("limit_%s", plot->y) : sqlite3_mprintf("NULL");
  char *query = NULL;
  if (limit && d->traces)
    query = sqlite3_mprintf("SELECT %s, x.value, json_extract(trace, '$.%s[' || x.key || ']'), NULL, NULL, %s, hash, 0 "
                            "FROM runs, json_each(trace, '$.step') AS x WHERE (%s\n) ORDER BY %s, hash, x.key",
                            by, plot->y, limit, where, by);
  else if (limit)
    query = sqlite3_mprintf(
        "SELECT %s, %s, avg(%s), min(%s), max(%s), CASE WHEN count(%s) = count(*) THEN avg(%s) END, '', "
        "dense_rank() OVER (ORDER BY %s) - 1 FROM runs WHERE (%s\n) AND %s IS NOT NULL AND %s IS NOT NULL "
        "GROUP BY 1, 2 ORDER BY 1, 2",
        by, plot->x, plot->y, plot->y, plot->y, limit, limit, plot->x, where, plot->x, plot->y);
  sqlite3_free(limit);
  return query;
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

/* Keeps x among the first MOST_TICS values, ascending; true where it is new. */
static bool note_x(drawing *d, double x) {
  if (d->points == 0 || x < d->least_x) d->least_x = x;
  if (d->points == 0 || x > d->greatest_x) d->greatest_x = x;
  d->points++;
  if (d->x_count > MOST_TICS) return false;
  size_t place = 0;
  while (place < d->x_count && d->x_values[place] < x) place++;
  if (place < d->x_count && d->x_values[place] == x) return false;
  if (d->x_count < MOST_TICS) {
    memmove(d->x_values + place + 1, d->x_values + place, (d->x_count - place) * sizeof *d->x_values);
    d->x_values[place] = x;
  }
  d->x_count++;
  return true;
}

static void write_point(drawing *d, sqlite3_stmt *rows) {
  if (COLUMNS[d->x].layout == SCALED) {
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

/* Where the step sizes, batch sizes, ... span a decade or so, their ratios matter. */
static bool logarithmic(const drawing *d) {
  return COLUMNS[d->x].layout == SCALED && d->least_x > 0 && d->greatest_x >= 8 * d->least_x;
}

static void write_frame(const drawing *d, const char *terminal) {
  FILE *script = d->script;
  fprintf(script, "set terminal %s\n", terminal);
  bs_gnuplot_style(script);
  fprintf(script,
          "set linetype cycle %d\nset key outside right top reverse Left samplen 2.5 spacing 1.2\n"
          "set tics font ',11'\nset autoscale yfix\nset offsets 0, 0, graph 0.03, graph 0.03\n"
          "set xlabel '%s'\nset ylabel '%s'\n",
          BS_GNUPLOT_COLOURS, COLUMNS[d->x].label, COLUMNS[d->y].label);
  if (d->plot->title) {
    fputs("set title ", script);
    write_quoted(script, d->plot->title);
    fputs(" noenhanced\n", script);
  }
  if (COLUMNS[d->x].layout != SCALED)
    fprintf(script, "set xtics noenhanced%s\nset xrange [%g:%g]\n",
            d->label_characters > AXIS_CHARACTERS ? " rotate by -30" : "", d->least_x - 0.4, d->greatest_x + 0.4);
  else if (logarithmic(d))
    fprintf(script, "set logscale x\nset xrange [%.12g:%.12g]\n", d->least_x * 0.92, d->greatest_x * 1.08);
  if (d->by >= 0) fprintf(script, "set key title '%s' left\n", COLUMNS[d->by].label);
  if (d->traces) fputs("set format x '10^{%T}'\n", script);
}

/* Tics where the values are, if they are few; without its number where the next would touch it. */
static void write_tics(const drawing *d) {
  if (COLUMNS[d->x].layout != SCALED || d->traces || d->x_count > MOST_TICS) return;
  const double character = 1.0 / AXIS_CHARACTERS;
  double free_until = INFINITY;
  fputs("set xtics (", d->script);
  for (size_t i = d->x_count; i-- > 0;) {
    const double x = d->x_values[i], whole = d->greatest_x - d->least_x;
    const double at = logarithmic(d) ? log(x / d->least_x) / log(d->greatest_x / d->least_x)
                      : whole > 0    ? (x - d->least_x) / whole
                                     : 0.5;
    char text[32];
    const double half = 0.5 * character * snprintf(text, sizeof text, "%.12g", x);
    const bool fits = at + half + 0.5 * character < free_until;
    fprintf(d->script, "\"%s\" %s%s", fits ? text : "", text, i ? ", " : "");
    if (fits) free_until = at - half;
  }
  fputs(")\n", d->script);
}

/* Columns of a block: x, its name, y, least, greatest, predicted. Between the least and the greatest run a band, or a
 * bar where nothing lies between two x; curves then stand beside each other. Rings on the dots: predicted. */
static void write_curve(const drawing *d, size_t c) {
  const bool apart = COLUMNS[d->x].layout == NAMES, bars = apart || d->x_count == 1;
  const double width = 0.6 / (double)d->curves;
  char x[48];
  snprintf(x, sizeof x, "($1%+.4g)",
           apart ? ((double)c - 0.5 * (double)(d->curves + 1)) * (width < 0.1 ? width : 0.1) : 0.0);
  FILE *script = d->script;
  const char *limit_style = d->traces ? "lines" : apart ? "points pt 6 ps 1.5" : "linespoints pt 6 ps 1.3";
  if (d->has_spread && bars) fprintf(script, "$c%zu using %s:3:4:5 with yerrorbars lt %zu lw 1 notitle, ", c, x, c);
  if (d->has_limit)
    fprintf(script, "$c%zu using %s:6 with %s lt %zu lw 1.2%s notitle, ", c, x, limit_style, c,
            apart ? "" : " dt (9,5)");
  if (COLUMNS[d->x].layout != SCALED)
    fprintf(script, "$c%zu using 1:3:xtic(2) with points pt 0 lc rgb '#ff000000' notitle, ", c);
  fprintf(script, "$c%zu using %s:3 with %s lt %zu title n%zu noenhanced", c, x,
          d->traces ? "lines lw 1.2"
          : apart   ? "points ps 0.9"
                    : "linespoints",
          c, c);
}

static void write_curves(const drawing *d) {
  const bool bands = d->has_spread && d->x_count > 1 && COLUMNS[d->x].layout != NAMES;
  fputs("plot ", d->script);
  for (size_t c = 1; bands && c <= d->curves; c++)
    fprintf(d->script, "$c%zu using 1:4:5 with filledcurves lt %zu fs transparent solid 0.13 noborder notitle, ", c, c);
  for (size_t c = 1; c <= d->curves; c++) {
    if (c > 1) fputs(", \\\n  ", d->script);
    write_curve(d, c);
  }
  if (d->has_limit)
    fprintf(d->script, ", \\\n  NaN with %s lc rgb '#777777' lw 1.2 dt (9,5) title 'predicted'",
            d->traces ? "lines" : "linespoints pt 6 ps 1.3");
  fputs("\n", d->script);
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
